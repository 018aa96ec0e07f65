/** Commands of agents that eat the machine of a server, and a server that is killed under one: others are answered, and later runs still work. */
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY, planReply, type Reply, tool } from '../../story/world.ts';
import { until } from '../../until.ts';
import { type ServerProcess, startProcess } from '../process.ts';

let shop: Shop;
let server: ServerProcess;
beforeAll(async () => {
  shop = await openShop();
  const limits = '{ memoryMiB: 256, processes: 32, treeMiB: 200, treeFiles: 20000 }';
  appendFileSync(join(shop.world.home, 'operator.yaml'), `sandbox:\n  limits: ${limits}\n`);
  server = await serve();
});
afterAll(async () => {
  await server.end('SIGKILL');
  await shop.close();
});

const serve = (port = 0): Promise<ServerProcess> => startProcess({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY, port });

const command = (call: number, shell: string): Reply => tool('lead', 1, call, 'run_command', { shell });
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
  test('forks without end, allocates in forty children, or fills what is its own, is refused more and holds up nobody', async () => {
    const bomb = 'bomb() { bomb | bomb & }; bomb; sleep 1; echo still';
    const children = 'for i in $(seq 40); do (head -c 1000000000 /dev/zero | tail > /dev/null && echo had it) & done; wait; echo waited';
    const fill = (folder: string): string =>
      `for i in $(seq 40); do head -c 50000000 /dev/zero > ${folder}/f$i || break; done; echo took $(du -sm ${folder} | cut -f1) MiB`;
    const full = ['/tmp', '/dev/shm', '"$HOME"'].map(fill).join('; ');
    const work = run(bomb, children, full, 'head -c 50000000 /dev/zero > /tmp/room && echo room');
    const load = await whileAsking(work);
    const [ofBomb = '', ofChildren = '', ofFull = '', next = ''] = told();
    expect(ofBomb).toMatch(/Cannot fork/);
    expect(ofChildren).toMatch(/Cannot fork|memory exhausted/);
    expect(ofChildren).not.toContain('had it');
    expect(ofFull).toContain('No space left on device');
    const taken = [...ofFull.matchAll(/took (\d+) MiB/g)].map(([, mib]) => Number(mib));
    expect(taken.map((mib) => mib > 40 && mib <= 513)).toEqual([true, true, true]);
    expect(next).toContain('room');
    expect(await work).toMatchObject({ status: 'waiting', reason: null });
    expect(load.asked).toBeGreaterThan(50);
    expect(load.p99Ms).toBeLessThan(1000);
  });

  test('fills its work tree, by size or by number, is killed with DISK_LIMIT, and later runs still work', async () => {
    const large = 'i=0; while :; do head -c 50000000 /dev/zero > f$i; i=$((i+1)); done';
    const many = "mkdir m; cd m; seq 1000000 | sed 's/^/f/' | xargs touch; sleep 30";
    for (const shell of [large, many]) expect(await run(shell)).toMatchObject({ status: 'stopped', reason: { code: 'DISK_LIMIT' } });
    expect(await run()).toMatchObject({ status: 'waiting', reason: null });
  });
});

/** Numbers of the processes of this machine whose command line is of this form. */
const running = (pattern: string): string[] =>
  spawnSync('pgrep', ['-f', pattern], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line !== '');

test('kill -9 of the server in the middle of a command leaves no process, and the restarted one does it once more on the tree it began with', async () => {
  const word = `31${process.pid}`;
  const later = Math.ceil(Date.now() / 1000) + 6;
  const wait = `while [ $(date +%s) -lt ${later} ]; do sleep 0.1; done`;
  shop.endpoint.replies = after(`echo '// begun' >> src/begun.js; (setsid sleep ${word} &); ${wait}`);
  const asked = shop.endpoint.count('planner');
  const { thread_id: thread } = await server.client.threads.create();
  await server.client.runs.create(thread, 'governor', { input: { goal: GOAL, repo: 'shop' } });
  await until(() => running(`^sleep ${word}`).length > 0, 'the command');
  await server.end('SIGKILL');
  await until(() => running(`^sleep ${word}`).length === 0, 'the end of what the killed server started', { ms: 2000 });
  server = await serve(server.port);
  await until(async () => (await resultOf(thread)).status === 'waiting', 'the gate');
  expect(shop.endpoint.count('planner')).toBe(asked + 1);
  const diff = await (await fetch(`${server.url}/governor/threads/${thread}/diff`)).text();
  expect(diff.match(/^\+\/\/ begun$/gm)).toHaveLength(1);
});
