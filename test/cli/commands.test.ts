/** The commands that people use beside `run`: detached runs, widened limits, edited plans, `.env`, backup and restore. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { governor } from '../story/command.ts';
import { endpointConfig, openEndpoint } from '../story/endpoint.ts';
import { MEANT } from '../story/removal.ts';
import { HAPPY, makeWorld, planReply, type Reply, submit, type World, write } from '../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const run = (of: World, ...more: string[]) => [
  'run',
  'Add a product function',
  '--repo',
  of.repo,
  '--script',
  of.script,
  '--json',
  ...more,
];

test('a detached run goes on without its command, and `watch` sees it to its gate', async () => {
  world = makeWorld({ replies: HAPPY.map((reply) => ({ ...reply, delayMs: 50 })) });
  const started = await governor(world, run(world, '--detach'));
  expect(started.code).toBe(0);
  const thread = String(started.result.thread_id);
  for (let waited = 0; waited < 15_000 && (await governor(world, ['show', thread, '--json'])).result.status !== 'waiting'; waited += 500)
    await new Promise((wake) => setTimeout(wake, 300));
  const watched = await governor(world, ['watch', thread]);
  expect(watched.code).toBe(4);
  expect((await governor(world, ['approvals'])).output).toContain(thread.slice(0, 8));
});

test('a run that used all its calls goes on when a person allows more, and the trail says who', async () => {
  world = makeWorld({ config: { limits: { modelCalls: 3, maxOutputTokens: 1024 } } });
  const stopped = await governor(world, run(world));
  expect(stopped).toMatchObject({ code: 3, result: { status: 'stopped', reason: { code: 'STEP_LIMIT', resumable: true } } });
  const thread = String(stopped.result.thread_id);
  for (const [flag, value, rule] of [
    ['--add-calls', '0', 'whole number'],
    ['--add-usd', '-1', '--add-usd'],
    ['--add-time', 'soon', '--add-time'],
  ] as const) {
    const refused = await governor(world, ['resume', thread, `${flag}=${value}`]);
    expect(refused.code, flag).toBe(2);
    expect(refused.errors).toContain(rule);
  }
  const waiting = await governor(world, ['resume', thread, '--add-calls', '5', '--add-time', '10m', '--add-usd', '0.5', '--json']);
  expect(waiting).toMatchObject({ code: 4, result: { status: 'waiting' } });
  expect(waiting.result.spend?.model_calls).toBe(HAPPY.length);
  expect((await governor(world, ['audit', thread])).output).toContain('run-extended');
});

test('an edited plan is what the builder gets, and the file says who edited it', async () => {
  const replies: Reply[] = [planReply(1, ['src/**', 'test/**']), write(1, 1, 'docs/product.md', 'product\n'), submit(1, 2)];
  world = makeWorld({ config: { plan: { approval: 'always' } }, replies });
  const asked = await governor(world, run(world));
  expect(asked).toMatchObject({ code: 4, result: { waiting: { gate: 'plan' } } });
  const thread = String(asked.result.thread_id);
  const subject = String(asked.result.waiting?.subject);
  const plan = (world.dossier(thread, '10-plan.1.json') as { body: { items: object[] } }).body; // our own file
  const edit = join(world.folder, 'plan.json');
  writeFileSync(edit, '{ "summary": 1 }');
  const refused = await governor(world, ['approve', thread, '--subject', subject, '--edit', edit]);
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain('summary');
  writeFileSync(edit, JSON.stringify({ ...plan, items: plan.items.map((item) => ({ ...item, paths: ['docs/**'] })) }));
  const decided = await governor(world, ['approve', thread, '--subject', subject, '--edit', edit, '--json']);
  // Under the first plan this attempt would be OUT_OF_SCOPE; the critic that comes next is not in the script.
  expect(decided.result.reason?.code).toBe('SCRIPT_MISS');
  expect(world.dossier(thread, '10-plan.2.json')).toMatchObject({
    made_by: expect.stringMatching(/^local:/),
    body: { items: [{ paths: ['docs/**'] }] },
  });
  expect(world.dossier(thread, '40-approval.1.json')).toMatchObject({ body: { decision: 'edited' } });
});

test('.env in the current folder gives the key, and the environment wins over it', async () => {
  const endpoint = await openEndpoint(HAPPY);
  try {
    const { models, prices } = endpointConfig(endpoint.baseUrl);
    const { baseUrl: _own, ...bare } = models.lead;
    world = makeWorld({ config: { models: { planner: bare, lead: bare, critic: bare }, prices } });
    const folder = join(world.folder, 'here');
    mkdirSync(folder);
    writeFileSync(join(folder, '.env'), `OPENAI_API_KEY=sk-from-dotenv\nOPENAI_BASE_URL=${endpoint.baseUrl}\n`);
    const goal = ['run', 'Add a product function', '--repo', world.repo, '--json'];
    expect((await governor(world, goal, { cwd: folder })).code).toBe(4);
    expect(endpoint.seen[0]?.headers['authorization']).toBe('Bearer sk-from-dotenv');
    const before = endpoint.seen.length;
    expect((await governor(world, goal, { cwd: folder, env: { OPENAI_API_KEY: 'sk-from-environment' } })).code).toBe(4);
    expect(endpoint.seen[before]?.headers['authorization']).toBe('Bearer sk-from-environment');
  } finally {
    await endpoint.close();
  }
});

test('backup and restore by command: the other home goes on, and an existing one is not overwritten', async () => {
  world = makeWorld();
  const waiting = await governor(world, run(world));
  const file = join(world.folder, 'backup');
  expect((await governor(world, ['backup', file])).code).toBe(0);
  const refused = await governor(world, ['restore', file]);
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain('restore into a new one');
  // What waits for a person keeps its work tree and its files.
  expect((await governor(world, ['gc', '--older', '1s'])).output).toContain(
    'removed 0 work tree folder(s), the working data of 0 thread(s), 0 ref(s), the streamed events of 0 run(s)',
  );
  expect((await governor(world, ['files', 'last'])).output).toContain('10-plan.1.md');
  const other = { ...world, home: join(world.folder, 'other') };
  expect((await governor(other, ['restore', file])).code).toBe(0);
  const thread = String(waiting.result.thread_id);
  const done = await governor(other, ['approve', thread, '--subject', String(waiting.result.waiting?.subject), '--json']);
  expect(done).toMatchObject({ code: 0, result: { status: 'released' } });
});

test('a finding that only a person may let pass is shown, asked for by its id, and waived by `--waive`', async () => {
  world = makeWorld(MEANT);
  const waiting = await governor(world, run(world));
  const { thread_id: thread = '', waiting: gate } = waiting.result;
  const [id = ''] = gate?.waive ?? [];
  expect(waiting).toMatchObject({ code: 4, result: { waiting: { gate: 'release', waive: [expect.stringMatching(/^F-[0-9a-f]{10}$/)] } } });
  const approve = ['approve', thread, '--subject', String(gate?.subject)];
  const refused = await governor(world, approve);
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain(`NEEDS A WAIVER ${id} TESTS_WEAKENED: the test file test/old.test.js with 1 tests is deleted`);
  expect(refused.errors).toContain(`governor approve ${thread.slice(0, 8)} --subject ${gate?.subject} --waive ${id}`);
  expect((await governor(world, ['reject', thread, '--waive', id, '--comment', 'no'])).code).toBe(2);
  const done = await governor(world, [...approve, '--waive', id, '--json']);
  expect(done).toMatchObject({ code: 0, result: { status: 'released', waivers: [{ finding_id: id }] } });
  expect((await governor(world, ['show', thread])).output).toContain(`waived: ${id} by local:`);
});
