/** `kill -9` again and again under load: what the server acknowledged is there, every run ends, nothing is told or done twice. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dice } from '../dice.ts';
import { FULL } from '../full.ts';
import { readStream, type ServerProcess, startProcess, type Told } from '../server/process.ts';
import { until } from '../until.ts';

const KILLS = FULL ? 100 : 40;
const CLIENTS = 6;
const STEPS = 4;
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);

let home: string;
let server: ServerProcess;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-chaos-server-'));
  server = await startProcess({ home });
});
afterAll(async () => {
  await server.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

interface Acknowledged {
  readonly threads: Map<string, number>;
  readonly runs: { readonly threadId: string; readonly runId: string; readonly ledger: string; readonly told: Told[] }[];
  readonly items: Map<string, number>;
}

/** One client: whatever was answered with success is written down, whatever was cut is not. */
async function client(name: string, done: () => boolean, all: Acknowledged): Promise<void> {
  for (let turn = 0; !done(); turn += 1) {
    const api = server.client;
    try {
      const { thread_id } = await api.threads.create({ metadata: { turn } });
      all.threads.set(thread_id, turn);
      await api.store.putItem(['chaos', name], String(turn), { turn });
      all.items.set(`${name}/${turn}`, turn);
      const ledger = join(home, `ledger-${name}-${turn}`);
      const run = await api.runs.create(thread_id, 'slow', { input: { n: 0 }, config: { configurable: { steps: STEPS, ms: 15, ledger } } });
      const noted = { threadId: thread_id, runId: run.run_id, ledger, told: [] as Told[] };
      all.runs.push(noted);
      // Every other client reads along, and goes on after a cut where it was.
      if (turn % 2 === 0) {
        let end = 'cut';
        while (end === 'cut' && !done()) {
          const path = `/threads/${thread_id}/runs/${run.run_id}/stream`;
          end = await readStream(`${server.url}${path}`, noted.told.at(-1)?.id ?? -1, (event) => void noted.told.push(event));
          if (end === 'cut') await new Promise((wake) => setTimeout(wake, 50));
        }
      }
    } catch {
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}

test(`${KILLS} kills at random moments (CHAOS_SEED=${SEED})`, async () => {
  const random = dice(SEED);
  const all: Acknowledged = { threads: new Map(), runs: [], items: new Map() };
  let over = false;
  const clients = Array.from({ length: CLIENTS }, (_none, index) => client(`c${index}`, () => over, all));
  for (let kill = 0; kill < KILLS; kill += 1) {
    await new Promise((wake) => setTimeout(wake, 50 + random() * 700));
    await server.end('SIGKILL');
    server = await startProcess({ home, port: server.port });
  }
  over = true;
  await Promise.all(clients);
  expect(all.runs.length).toBeGreaterThan(KILLS);

  for (const [threadId, turn] of all.threads) expect((await server.client.threads.get(threadId)).metadata).toMatchObject({ turn });
  for (const [item, turn] of all.items) {
    const [name = '', key = ''] = item.split('/');
    expect((await server.client.store.getItem(['chaos', name], key))?.value).toEqual({ turn });
  }
  let begun = 0;
  let ended = 0;
  for (const { threadId, runId, ledger, told } of all.runs) {
    const run = await until(async () => {
      const now = await server.client.runs.get(threadId, runId);
      return now.status === 'pending' || now.status === 'running' ? undefined : now;
    }, `run ${runId} to end`);
    // Three kills in one run's life are a dead letter, by the rule; its state is still whole.
    if (run.status === 'error') continue;
    expect([runId, run.status]).toEqual([runId, 'success']);
    const whole: Told[] = [];
    expect(await readStream(`${server.url}/threads/${threadId}/runs/${runId}/stream`, -1, (event) => void whole.push(event))).toBe('ended');
    expect(whole.map((event) => event.id)).toEqual(whole.map((_event, index) => index));
    // What a reader was told before, between and after the kills is what is kept, once.
    expect(told).toEqual(whole.slice(0, told.length));
    const metadata = whole.filter((event) => event.event === 'metadata').length;
    begun += metadata;
    ended += 1;
    const state = await server.client.threads.getState<{ log: string[] }>(threadId);
    expect(state.values.log).toEqual(Array.from({ length: STEPS }, (_none, index) => `step ${index + 1}`));
    const done = readFileSync(ledger, 'utf8').trim().split('\n');
    expect(new Set(done).size).toBe(STEPS);
    // One step at most is repeated by each new beginning.
    expect(done.length).toBeLessThanOrEqual(STEPS + metadata - 1);
  }
  // Kills hit runs at work.
  expect(begun).toBeGreaterThan(ended);
}, 900_000);
