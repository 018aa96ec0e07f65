/** A plan that forgot a file: the builder hears of it when it hands over, asks for another plan, and goes on from its files. */
import { afterEach, expect, test } from 'vitest';
import { endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import {
  approve,
  critic,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  type Reply,
  reject,
  start,
  submit,
  tool,
  type World,
  write,
} from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const files = { 'src/index.js': "export { sum } from './sum.js';\n" };
const INDEX = "export { product } from './product.js';\nexport { sum } from './sum.js';\n";
const FORGOT = ['src/product.js', 'test/product.test.js'];
const asks = (attempt: number, call: number, paths: readonly string[] = ['src/index.js']): Reply =>
  tool('lead', attempt, call, 'submit_build', { status: 'needs_paths', summary: 'src/index.js must export product too', paths });
const BEGUN: readonly Reply[] = [
  planReply(1, FORGOT),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  write(1, 3, 'src/index.js', INDEX),
];

test('a path outside the plan is told at the hand-over, named, with what can be done; nothing is reviewed and nothing is lost', async () => {
  world = makeWorld({
    files,
    replies: [...BEGUN, submit(1, 4), asks(1, 5), planReply(2, [...FORGOT, 'src/index.js']), submit(2, 1), critic(1)],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting.waiting?.gate).toBe('release');
  const records = await operations.audit(waiting.thread_id);
  const told = records.filter((record) => record.action === 'tool-refused');
  expect(told.map((record) => record.code)).toEqual(['OUT_OF_SCOPE']);
  // The files of the first attempt are those that are handed over by the second, which wrote none.
  expect(world.dossier(waiting.thread_id, '20-build.1.json')).toBeUndefined();
  expect(world.dossier(waiting.thread_id, '25-appeal.1.json')).toMatchObject({
    made_by: 'agent:lead',
    body: { paths: ['src/index.js'], reason: 'src/index.js must export product too' },
  });
  const build = world.dossier(waiting.thread_id, '20-build.2.json') as { body: { changes: { path: string }[]; tree: string } }; // our own file
  expect(build.body.changes.map((change) => change.path)).toEqual(['src/index.js', 'src/product.js', 'test/product.test.js']);
  expect(world.dossier(waiting.thread_id, '10-plan.2.json')).toMatchObject({
    inputs: [{ path: 'request.json' }, { path: '25-appeal.1.json' }],
  });
  const released = await approve(operations, waiting.thread_id);
  expect(released.status).toBe('released');
  expect(world.git('show', 'main:src/index.js')).toBe(INDEX.trim());
  await operations.close();
});

test('the planner and the next builder are told what was asked for and why, and the earlier plan', async () => {
  const endpoint = await openEndpoint([...BEGUN, asks(1, 4), planReply(2, [...FORGOT, 'src/index.js']), submit(2, 1), critic(1)]);
  try {
    world = makeWorld({ files, config: endpointConfig(endpoint.baseUrl) });
    const operations = await world.open();
    expect((await startOver(world, operations)).waiting?.gate).toBe('release');
    await operations.close();
    const told = (role: string) =>
      endpoint.seen
        .filter((one) => one.role === role && one.headers['x-governor-attempt'] === '2')
        .map(({ body }) => String(body.messages[2]?.content ?? body.messages[1]?.content));
    const asked = JSON.stringify({ paths: ['src/index.js'], reason: 'src/index.js must export product too' });
    expect(told('planner')[0]).toContain(asked);
    expect(told('planner')[0]).toContain('The earlier plan was: {"summary":"add a product function"');
    expect(told('lead')[0]).toContain(asked);
    expect(told('lead')[0]).toContain('src/product.js, test/product.test.js, src/index.js');
  } finally {
    await endpoint.close();
  }
});

test('who undoes what the plan does not allow needs no other plan', async () => {
  world = makeWorld({
    files,
    replies: [...BEGUN, submit(1, 4), write(1, 5, 'src/index.js', files['src/index.js']), submit(1, 6), critic(1)],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting.waiting?.gate).toBe('release');
  expect(world.dossier(waiting.thread_id, '10-plan.2.json')).toBeUndefined();
  await operations.close();
});

test('the gate rules for plans hold for the new plan: a protected path asks a person, whose rejection leaves the builder its files', async () => {
  const protect = [{ id: 'index', paths: ['src/index.js'], reason: 'the public face' }];
  world = makeWorld({
    files,
    config: { protect },
    replies: [
      ...BEGUN,
      asks(1, 4),
      planReply(2, [...FORGOT, 'src/index.js']),
      planReply(3, FORGOT),
      write(2, 1, 'src/index.js', files['src/index.js']),
      submit(2, 2),
      critic(1),
    ],
  });
  const operations = await world.open();
  const asked = await start(world, operations);
  expect(asked.waiting?.gate).toBe('plan');
  const after = await reject(operations, asked.thread_id, 'the index stays as it is');
  expect(after.reason).toBeNull();
  expect(after.waiting?.gate).toBe('release');
  const build = world.dossier(asked.thread_id, '20-build.2.json') as { body: { changes: { path: string }[] } }; // our own file
  expect(build.body.changes.map((change) => change.path)).toEqual(['src/product.js', 'test/product.test.js']);
  await operations.close();
});

test('another plan is asked for limits.appeals times at most; then the tool says so, and who insists gets nowhere', async () => {
  world = makeWorld({
    files,
    config: { limits: { appeals: 1, maxOutputTokens: 1024 } },
    replies: [...BEGUN, asks(1, 4), planReply(2, FORGOT), asks(2, 1), { ...submit(2, 2), repeat: true }],
  });
  const operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason).toMatchObject({ code: 'NO_PROGRESS', resumable: true });
  const refused = (await operations.audit(stopped.thread_id)).filter((record) => record.action === 'tool-refused');
  expect(new Set(refused.map((record) => record.code))).toEqual(new Set(['OUT_OF_SCOPE']));
  expect(world.dossier(stopped.thread_id, '10-plan.3.json')).toBeUndefined();
  expect(world.dossier(stopped.thread_id, '20-build.2.json')).toBeUndefined();
  await operations.close();
});

test('words at a rejected release reach the builder, also when a person rejects a plan before it goes on', async () => {
  const endpoint = await openEndpoint([
    planReply(1, FORGOT),
    ...BEGUN.slice(1, 3),
    submit(1, 3),
    critic(1),
    write(2, 1, 'src/index.js', INDEX),
    asks(2, 2),
    planReply(2, ['**']),
    planReply(3, [...FORGOT, 'src/index.js']),
    submit(3, 1),
    critic(2),
  ]);
  try {
    world = makeWorld({ files, config: { ...endpointConfig(endpoint.baseUrl), plan: { approval: 'always' } } });
    const operations = await world.open();
    const { thread_id: id } = await startOver(world, operations);
    expect((await approve(operations, id)).waiting?.gate).toBe('release');
    expect((await reject(operations, id, 'export it too')).waiting?.gate).toBe('plan');
    expect((await reject(operations, id, 'only what is needed')).waiting?.gate).toBe('plan');
    expect((await approve(operations, id)).waiting?.gate).toBe('release');
    await operations.close();
    const told = (role: string, attempt: string): string =>
      endpoint.seen
        .filter((one) => one.role === role && one.headers['x-governor-attempt'] === attempt)
        .map(({ body }) => String(body.messages[2]?.content ?? body.messages[1]?.content))
        .join('\n');
    expect(told('planner', '2')).not.toContain('export it too');
    expect(told('planner', '3')).toContain('A person answered your earlier plan (rejected): "only what is needed"');
    expect(told('lead', '3')).toContain('A person rejected the last candidate. Their words: "export it too"');
    expect(told('lead', '3')).not.toContain('only what is needed');
  } finally {
    await endpoint.close();
  }
});
