/** Commands of agents that eat the machine of a server, and a server that is killed under one: others are answered, and later runs still work. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY, planReply, type Reply, tool } from '../../story/world.ts';
import { until } from '../../until.ts';
import { type ServerProcess, startProcess } from '../process.ts';

const PROCESSES = 32;
const MEMORY_MIB = 256;

let shop: Shop;
let server: ServerProcess;
beforeEach(async () => {
  shop = await openShop();
  const limits = `{ memoryMiB: ${MEMORY_MIB}, processes: ${PROCESSES}, treeMiB: 200, treeFiles: 20000 }`;
  appendFileSync(join(shop.world.home, 'operator.yaml'), `sandbox:\n  limits: ${limits}\n`);
  server = await serve();
});
afterEach(async () => {
  await server.end('SIGKILL');
  await shop.close();
});

const serve = (port = 0): Promise<ServerProcess> => startProcess({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY, port });

const command = (call: number, shell: string, timeout_ms = 20_000): Reply =>
  tool('lead', 1, call, 'run_command', { shell, timeout_ms });
/** The happy path, with these commands of the lead before its own calls. */
const after = (...shells: readonly string[]): Reply[] => [
  planReply(),
  ...shells.map((shell, index) => command(index + 1, shell)),
  ...HAPPY.slice(1).map((reply) => (reply.role === 'lead' ? { ...reply, call: reply.call + shells.length } : reply)),
];

/** How a run of these replies ends. */
async function run(...shells: readonly string[]): Promise<{ status: string; reason: { code: string } | null }> {
  shop.endpoint.replies = after(...shells);
  const { thread_id: thread } = await server.client.threads.create();
  await server.client.runs.wait(thread, 'governor', { input: { goal: GOAL, repo: 'shop' }, raiseError: false });
  return resultOf(thread);
}

const resultOf = async (thread: string): Promise<{ status: string; reason: { code: string } | null }> =>
  (await fetch(`${server.url}/governor/threads/${thread}`)).json() as never; // the result object of the contract

/** What the lead was told of its commands, as the endpoint was sent it. */
const told = (): string[] =>
  (shop.endpoint.seen.findLast(({ role }) => role === 'lead')?.body.messages ?? [])
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => String(content));

/** Asks all the time while `work` is under way. */
async function whileAsking(work: Promise<unknown>): Promise<{ p99Ms: number; asked: number }> {
  const times: number[] = [];
  let ended = false;
  const asking = (async () => {
    while (!ended) {
      const since = performance.now();
      const answer = await fetch(`${server.url}/threads/search`, { method: 'POST', body: '{}' });
      expect(answer.status).toBe(200);
      await answer.text();
      times.push(performance.now() - since);
      await new Promise((wake) => setTimeout(wake, 10));
    }
  })();
  await work.finally(() => {
    ended = true;
  });
  await asking;
  times.sort((a, b) => a - b);
  return { p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, asked: times.length };
}

describe('a command that', () => {
  test('forks without end, or allocates in forty children, is refused more and holds up nobody', async () => {
    const bomb = 'bomb() { bomb | bomb & }; bomb; sleep 2; echo still';
    const children = `for i in $(seq 40); do (head -c 1000000000 /dev/zero | tail > /dev/null && echo had it) & done; wait; echo waited`;
    let rests: unknown;
    const load = await whileAsking(
      run(bomb, children).then((found) => {
        rests = found;
      }),
    );
    const [ofBomb = '', ofChildren = ''] = told();
    expect(ofBomb).toMatch(/Cannot fork/);
    expect(ofChildren).toMatch(/Cannot fork|memory exhausted/);
    expect(ofChildren).not.toContain('had it');
    expect(rests).toMatchObject({ status: 'waiting' });
    expect(load.asked).toBeGreaterThan(50);
    expect(load.p99Ms).toBeLessThan(1000);
  });
});
