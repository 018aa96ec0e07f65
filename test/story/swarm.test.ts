/** The swarm inside its walls: fan-out, own work trees, merge, conflicts, failures as values, caps, refusals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { until } from '../until.ts';
import { approve, critic, makeWorld, planReply, type Reply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

interface Task {
  readonly title: string;
  readonly goal: string;
  readonly paths?: readonly string[];
  readonly cost_share?: number;
}

const task = (name: string, more: Partial<Task> = {}): Task => ({ title: name, goal: `make ${name}`, paths: [`src/${name}.js`], ...more });
const delegate = (call: number, tasks: readonly unknown[]): Reply => tool('lead', 1, call, 'delegate', { tasks });
const worker = (agent: string, call: number, name: string, input: unknown): Reply => ({ ...tool('worker', 1, call, name, input), agent });
const writes = (agent: string, path: string, content = `export const made = '${agent}';\n`): Reply[] => [
  worker(agent, 1, 'write_file', { path, content }),
  worker(agent, 2, 'submit_work', { status: 'done', summary: `wrote ${path}` }),
];

async function play(replies: readonly Reply[], config: object = {}) {
  world = makeWorld({ replies: [planReply(), ...replies, critic(1)], config });
  const operations = await world.open();
  const result = await start(world, operations);
  return { of: world, operations, result, thread: result.thread_id };
}

interface Report {
  readonly id: string;
  readonly status: string;
  readonly code?: string;
  readonly merged: boolean;
  readonly conflict?: readonly { path: string; now: string | null; theirs: string | null }[];
}

/** What the lead was answered to its `delegate` call, as the next request would carry it. */
async function reports(of: World, operations: Operations, thread: string): Promise<Report[]> {
  const parts = (await operations.files(thread)).filter(({ path }) => path.startsWith('parts/1/')).map(({ path }) => path);
  return parts.map((path) => (of.dossier(thread, path) as { body: Report }).body); // our own files
}

const actions = async (operations: Operations, thread: string, action: string) =>
  (await operations.audit(thread)).filter((record) => record.action === action);

test('three independent tasks are worked on in parallel, merged, checked and released; files and costs name each agent', async () => {
  const { of, operations, result, thread } = await play([
    delegate(
      1,
      ['a', 'b', 'c'].map((name) => task(name)),
    ),
    ...['a', 'b', 'c'].flatMap((name, index) => writes(`w1.${index + 1}`, `src/${name}.js`)),
    submit(1, 2),
  ]);
  expect(result).toMatchObject({ status: 'waiting', reason: null });
  expect(result.spend.agents).toBe(3);
  const build = of.dossier(thread, '20-build.1.json') as {
    body: { agents: { id: string; part: string; steps: number }[]; changes: { path: string }[] };
  };
  expect(build.body.agents.map((one) => one.id)).toEqual(['lead', 'w1.1', 'w1.2', 'w1.3']);
  expect(build.body.agents[1]).toMatchObject({ part: 'parts/1/w1.1.json', steps: 2 });
  expect(build.body.changes.map((change) => change.path)).toEqual(['src/a.js', 'src/b.js', 'src/c.js']);
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  expect(of.read('src/b.js')).toContain("'w1.2'");
  expect(await operations.explain(thread)).toMatch(/worker/);
  // By age the pins go too: what they keep is reachable from main.
  expect(of.git('for-each-ref', '--format=%(refname)', `refs/governor/${thread}`).split('\n').length).toBeGreaterThan(3);
  await new Promise((wake) => setTimeout(wake, 5));
  expect((await operations.gc(0)).refs).toBeGreaterThan(3);
  expect(of.git('for-each-ref', `refs/governor/${thread}`)).toBe('');
  await operations.close();
});

test('above `concurrency` tasks wait in line; they are not refused', async () => {
  const slow = ['a', 'b', 'c', 'd'].flatMap((name, index) =>
    writes(`w1.${index + 1}`, `src/${name}.js`).map((reply) => ({ ...reply, delayMs: 80 })),
  );
  const { operations, result, thread } = await play(
    [
      delegate(
        1,
        ['a', 'b', 'c', 'd'].map((name) => task(name)),
      ),
      ...slow,
      submit(1, 2),
    ],
    { limits: { concurrency: 2, maxOutputTokens: 1024 } },
  );
  expect(result.status).toBe('waiting');
  let open = 0;
  let most = 0;
  for (const record of (await operations.audit(thread)).filter((one) => one.facts?.['role'] === 'worker')) {
    if (record.action === 'model-call') open += 1;
    if (record.action === 'model-answer') open -= 1;
    most = Math.max(most, open);
  }
  expect(most).toBe(2);
  await operations.close();
});

test('two workers that add the same file: one is merged, the other is a conflict with both versions, and the lead resolves it', async () => {
  const { of, operations, result, thread } = await play([
    delegate(1, [
      { title: 'a', goal: 'make one' },
      { title: 'b', goal: 'make two' },
    ]),
    ...writes('w1.1', 'src/shared.js', 'export const one = 1;\n'),
    ...writes('w1.2', 'src/shared.js', 'export const two = 2;\n'),
    write(1, 2, 'src/shared.js', 'export const one = 1;\nexport const two = 2;\n'),
    submit(1, 3),
  ]);
  expect(result).toMatchObject({ status: 'waiting', reason: null });
  const merged = await actions(operations, thread, 'parts-merged');
  expect(merged[0]?.facts).toMatchObject({ parts: 2, merged: 1 });
  // What could not be merged is kept.
  expect(of.git('show', `refs/governor/${thread}/parts/1/w1.2:src/shared.js`)).toBe('export const two = 2;');
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  expect(of.read('src/shared.js')).toBe('export const one = 1;\nexport const two = 2;\n');
  await operations.close();
});

test('a worker that fails, says blocked, hits its cap, writes nothing or writes elsewhere is a value; its siblings go on', async () => {
  const { of, operations, result, thread } = await play(
    [
      delegate(1, [task('good'), task('blocked'), task('capped'), task('idle'), task('stray')]),
      ...writes('w1.1', 'src/good.js'),
      worker('w1.2', 1, 'submit_work', { status: 'blocked', summary: 'the interface is not there' }),
      ...[1, 2, 3, 4].map((call) => worker('w1.3', call, 'write_file', { path: 'src/capped.js', content: `${call}\n` })),
      worker('w1.4', 1, 'submit_work', { status: 'done', summary: 'all done, trust me' }),
      worker('w1.5', 1, 'write_file', { path: 'src/good.js', content: 'stolen\n' }),
      worker('w1.5', 2, 'run_command', { argv: ['sh', '-c', 'echo stolen > src/good.js'] }),
      worker('w1.5', 3, 'submit_work', { status: 'done', summary: 'mine' }),
      submit(1, 2),
    ],
    { limits: { stepsPerAgent: 4, concurrency: 3, maxOutputTokens: 1024 } },
  );
  expect(result).toMatchObject({ status: 'waiting', reason: null });
  const found = Object.fromEntries(
    (await reports(of, operations, thread)).map((one) => [one.id, `${one.status} ${one.code ?? ''}`.trim()]),
  );
  expect(found).toEqual({
    'w1.1': 'done',
    'w1.2': 'blocked',
    'w1.3': 'limit STEP_LIMIT',
    'w1.4': 'failed BUILDER_NO_ARTIFACT',
    'w1.5': 'failed OUT_OF_SCOPE',
  });
  const refused = await actions(operations, thread, 'tool-refused');
  expect(refused.map((record) => record.code)).toContain('OUT_OF_SCOPE');
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  expect(of.read('src/good.js')).toContain("'w1.1'");
  await operations.close();
});

describe('a delegation is refused, on the record, and the run goes on', () => {
  const alone = [write(1, 2, 'src/alone.js', 'export const alone = 1;\n'), submit(1, 3)];

  test.each<[string, string | undefined, readonly unknown[], object]>([
    ['without tasks', undefined, [], {}],
    ['of 1,000 tasks', undefined, Array.from({ length: 1000 }, (_none, index) => task(`t${index}`)), {}],
    ['with an unknown field', undefined, [{ ...task('a'), model: 'bigger' }], {}],
    ['of more agents than the run has left', 'AGENT_LIMIT', ['a', 'b', 'c'].map((name) => task(name)), { agents: 2 }],
    ['where depth is 0', 'DEPTH_EXCEEDED', [task('a')], { depth: 0 }],
    ['with overlapping paths', 'CONTRACT_VIOLATION', [task('a', { paths: ['src/**'] }), task('b', { paths: ['src/sum.js'] })], {}],
    ['with paths outside the plan', 'OUT_OF_SCOPE', [task('a', { paths: ['docs/a.md'] })], {}],
    ['with paths that leave the repository', 'OUT_OF_SCOPE', [task('a', { paths: ['src/../../x'] })], {}],
    ['with shares above the remainder', 'BUDGET_REFUSED', [task('a', { cost_share: 0.7 }), task('b', { cost_share: 0.7 })], {}],
  ])('%s', async (_title, code, tasks, limits) => {
    const { operations, result, thread } = await play([delegate(1, tasks), ...alone], { limits: { maxOutputTokens: 1024, ...limits } });
    expect(result).toMatchObject({ status: 'waiting', reason: null });
    expect(result.spend.agents).toBe(0);
    const refused = await actions(operations, thread, 'tool-refused');
    expect(refused.map((record) => record.code)).toContain(code ?? 'CONTRACT_VIOLATION');
    await operations.close();
  });

  test('by a sub-agent', async () => {
    const { operations, result, thread } = await play([
      delegate(1, [task('a')]),
      worker('w1.1', 1, 'delegate', { tasks: [task('deeper')] }),
      worker('w1.1', 2, 'write_file', { path: 'src/a.js', content: 'export {};\n' }),
      worker('w1.1', 3, 'submit_work', { status: 'done', summary: 'by myself' }),
      submit(1, 2),
    ]);
    expect(result).toMatchObject({ status: 'waiting', spend: { agents: 1 } });
    expect((await actions(operations, thread, 'tool-refused')).map((record) => record.code)).toContain('DEPTH_EXCEEDED');
    await operations.close();
  });
});

test('a sub-agent has no tool that its lead has not', async () => {
  const { operations, result, thread } = await play(
    [
      delegate(1, [task('a')]),
      worker('w1.1', 1, 'run_command', { argv: ['true'] }),
      worker('w1.1', 2, 'write_file', { path: 'src/a.js', content: 'export {};\n' }),
      worker('w1.1', 3, 'submit_work', { status: 'done', summary: 'without commands' }),
      submit(1, 2),
    ],
    { tools: { lead: ['read_file', 'write_file', 'delegate'] } },
  );
  expect(result).toMatchObject({ status: 'waiting', reason: null });
  const refused = await actions(operations, thread, 'tool-refused');
  expect(refused.map((record) => `${record.actor} ${String(record.facts?.['tool'])}`)).toEqual(['agent:w1.1 run_command']);
  const report = await operations.file(thread, 'report.md');
  for (const agent of ['lead', 'w1.1', 'planner', 'critic']) expect(report, agent).toContain(agent);
  await operations.close();
});

test('delegate beside other calls runs last, and a second one in the same answer is refused', async () => {
  const both: Reply = {
    role: 'lead',
    attempt: 1,
    call: 1,
    tools: [
      { name: 'delegate', arguments: { tasks: [task('a')] } },
      { name: 'write_file', arguments: { path: 'src/base.js', content: 'export const base = 1;\n' } },
      { name: 'delegate', arguments: { tasks: [task('b')] } },
    ],
  };
  const { of, operations, result, thread } = await play([
    both,
    worker('w1.1', 1, 'read_file', { path: 'src/base.js' }),
    worker('w1.1', 2, 'write_file', { path: 'src/a.js', content: "export { base } from './base.js';\n" }),
    worker('w1.1', 3, 'submit_work', { status: 'done', summary: 'on top of base' }),
    submit(1, 2),
  ]);
  expect(result).toMatchObject({ status: 'waiting', spend: { agents: 1 } });
  const build = of.dossier(thread, '20-build.1.json') as { body: { changes: { path: string }[] } }; // our own file
  expect(build.body.changes.map((change) => change.path)).toEqual(['src/a.js', 'src/base.js']);
  await operations.close();
});

test('eight workers under a cap of one dollar, each call worth ten cents at worst: the cap holds, and what was done is kept', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const usage = { input: 20_000, output: 10_000 };
  const { operations, result, thread } = await play(
    [
      delegate(
        1,
        names.map((name) => task(name)),
      ),
      ...names.flatMap((name, index) => [
        { ...worker(`w1.${index + 1}`, 1, 'write_file', { path: `src/${name}.js`, content: `${name}\n` }), usage },
        { ...worker(`w1.${index + 1}`, 2, 'write_file', { path: `src/${name}.js`, content: `${name} again\n` }), usage },
        { ...worker(`w1.${index + 1}`, 3, 'submit_work', { status: 'done', summary: name }), usage },
      ]),
      submit(1, 2),
    ],
    {
      limits: { costUsd: 1, costPerAgentUsd: 1, concurrency: 4, maxOutputTokens: 10_000, leanAt: 1 },
      prices: { scripted: { input: 2, output: 8 } },
    },
  );
  expect(result.spend.cost_micro_usd).toBeLessThanOrEqual(1_000_000);
  // A refusal never leaves the process: no request after it is on the record for that call.
  const refusals = await actions(operations, thread, 'budget-refused');
  expect(refusals.length).toBeGreaterThan(0);
  expect((await operations.verifyAudit()).kind).toBe('whole');
  await operations.close();
});

/** Processes that name this world in their command line, but this one. */
function processesOf(of: World): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(of.folder);
    } catch {
      return false;
    }
  });
}

test('a sub-agent that takes too long is ended with its commands as a timeout; what its sibling did is kept, and the lead goes on', async () => {
  const { of, operations, result, thread } = await play(
    [
      delegate(1, [task('slow'), task('quick')]),
      worker('w1.1', 1, 'write_file', { path: 'src/slow.js', content: 'export {};\n' }),
      worker('w1.1', 2, 'run_command', { argv: ['sleep', '300'] }),
      ...writes('w1.2', 'src/quick.js'),
      submit(1, 2),
    ],
    { limits: { machineTime: '24s', maxOutputTokens: 1024 } },
  );
  expect(result).toMatchObject({ status: 'waiting', reason: null });
  const [slow, quick] = await reports(of, operations, thread);
  expect(slow).toMatchObject({ id: 'w1.1', status: 'timeout', code: 'TIME_LIMIT', steps: 2 });
  expect(quick).toMatchObject({ id: 'w1.2', status: 'done' });
  expect(of.git('show', `refs/governor/${thread}/parts/1/w1.1:src/slow.js`)).toBe('export {};');
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  await operations.close();
});

test('cancel stops every sub-agent and its commands within two seconds, and nothing goes on until a person resumes', async () => {
  const names = ['a', 'b', 'c', 'd'];
  world = makeWorld({
    config: { limits: { concurrency: 4, maxOutputTokens: 1024 } },
    replies: [
      planReply(),
      delegate(
        1,
        names.map((name) => task(name)),
      ),
      ...names.flatMap((name, index) => [
        worker(`w1.${index + 1}`, 1, 'write_file', { path: `src/${name}.js`, content: 'export {};\n' }),
        worker(`w1.${index + 1}`, 2, 'run_command', { argv: ['sleep', index < 2 ? '60' : '0'] }),
        { ...worker(`w1.${index + 1}`, 3, 'submit_work', { status: 'done', summary: name }), delayMs: index === 2 ? 60_000 : 0 },
      ]),
      submit(1, 2),
      critic(1),
    ],
  });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add four modules', repo: world.repo, scriptFile: world.script });
  const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [cli, 'resume', threadId, '--home', world.home, '--quiet'], { stdio: 'ignore' });
  const calls = async () =>
    (await actions(operations, threadId, 'tool-call')).filter((record) => record.facts?.['tool'] === 'run_command').length;
  await until(async () => (await calls()) >= 4, 'four commands', { everyMs: 100 });
  await new Promise((wake) => setTimeout(wake, 300));
  const since = performance.now();
  const cancelled = await operations.cancel(threadId);
  expect(performance.now() - since).toBeLessThan(2000);
  expect(cancelled).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED', resumable: true } });
  if (child.exitCode === null) await once(child, 'exit');
  expect(processesOf(world)).toEqual([]);
  const asked = (await actions(operations, threadId, 'model-call')).length;
  // A restart looks, and does not bring it back.
  const again = await world.open();
  expect(await again.result(threadId)).toMatchObject({ status: 'cancelled' });
  await again.close();
  expect(await actions(operations, threadId, 'model-call')).toHaveLength(asked);
  await operations.close();
});
