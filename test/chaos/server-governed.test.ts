/** Governed runs over HTTP, their server killed or told to stop at random moments: they go on unasked, to one merge, paid once. */
import { expect, test } from 'vitest';
import { dice } from '../dice.ts';
import { readStream, type ServerProcess, startProcess, type Told } from '../server/process.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop } from '../story/shop.ts';
import { until } from '../until.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 1);

/** One thread from its goal to its merge, under stops that `random` places. */
async function life(signal: 'SIGKILL' | 'SIGTERM', random: () => number): Promise<void> {
  const shop = await openShop();
  const { endpoint, world } = shop;
  endpoint.fault = async () => {
    await new Promise((wake) => setTimeout(wake, 150));
    return undefined;
  };
  const start = (port = 0): Promise<ServerProcess> => startProcess({ home: world.home, port, config: LANGGRAPH_JSON, env: KEY });
  let server = await start();
  let stops = 0;
  let over = false;
  const stop = async (): Promise<void> => {
    while (!over) {
      await new Promise((wake) => setTimeout(wake, 100 + random() * 1500));
      // Three deaths of one run are a dead letter by the rule: no more than two for each of the thread's runs.
      if (over || (signal === 'SIGKILL' && stops >= 2)) continue;
      const ended = server.end(signal);
      // A second signal: what has no checkpoint in sight is broken off.
      if (signal === 'SIGTERM') expect(await ended).toBe(0);
      else await ended;
      stops += 1;
      server = await start(server.port);
    }
  };
  const stopping = stop();
  try {
    const follow = async (threadId: string, runId: string): Promise<void> => {
      const told: Told[] = [];
      const path = `/threads/${threadId}/runs/${runId}/stream`;
      await until(
        async () => (await readStream(`${server.url}${path}`, told.at(-1)?.id ?? -1, (event) => void told.push(event))) === 'ended',
        `run ${runId} to end`,
        { ms: 60_000 },
      );
      expect(told.map((event) => event.id)).toEqual(told.map((_event, index) => index));
    };
    const again = <Answer>(ask: () => Promise<Answer>): Promise<Answer> =>
      until(() => ask().catch(() => undefined), 'an answer', { ms: 60_000 });
    const { thread_id } = await again(() => server.client.threads.create({ graphId: 'governor' }));
    const input = { goal: GOAL, repo: 'shop' };
    const run = await again(() =>
      server.client.runs.create(thread_id, 'governor', { input, multitaskStrategy: 'reject' }).catch(async (error: unknown) => {
        const [known] = await server.client.runs.list(thread_id);
        if (known !== undefined) return known;
        throw error;
      }),
    );
    await follow(thread_id, run.run_id);
    expect((await again(() => server.client.runs.get(thread_id, run.run_id))).status).toBe('interrupted');
    expect((await again(() => server.client.threads.get(thread_id))).status).toBe('interrupted');
    stops = 0;
    const answer = { command: { resume: { decisions: [{ type: 'approve' }] } } };
    const decided = await again(async () => {
      const runs = await server.client.runs.list(thread_id);
      // An answer that was taken, and whose run was not put before a kill, is gone on with by the server.
      if (runs.length > 1) return runs[0];
      return server.client.runs.create(thread_id, 'governor', answer);
    });
    await follow(thread_id, decided?.run_id ?? '');
    const look = async () =>
      (await again(async () => (await fetch(`${server.url}/governor/threads/${thread_id}`)).json())) as { status: string }; // the overview
    expect((await look()).status).toBe('released');
    over = true;
    await stopping;
    expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
    const paid = endpoint.seen.map(({ headers }) =>
      ['role', 'agent', 'attempt', 'call'].map((name) => headers[`x-governor-${name}`]).join(' '),
    );
    const repeated = paid.length - new Set(paid).size;
    expect(repeated).toBeLessThanOrEqual(signal === 'SIGTERM' ? 0 : 4);
  } finally {
    over = true;
    await stopping.catch(() => undefined);
    await server.end('SIGKILL');
    await shop.close();
  }
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const)
  test(`${signal} at random moments (CHAOS_SEED=${SEED})`, async () => {
    const random = dice(SEED);
    for (let round = 0; round < ROUNDS; round += 1) await life(signal, random);
  });
