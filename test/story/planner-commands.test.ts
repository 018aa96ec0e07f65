/** The planner runs commands to see for itself, in a tree that is thrown away, under the rules that hold for every agent. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eachWorld, operations, otherWorld, world } from './each.ts';
import { endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { KEY } from './shop.ts';
import { CONFIG, HAPPY, makeWorld, planReply, type Reply, start, tool } from './world.ts';

eachWorld();

/** It reproduces, then leaves things behind, breaks a file and deletes the tests. */
const LOOKING: readonly Reply[] = [
  tool('planner', 1, 1, 'run_command', { argv: ['node', '--test'] }),
  tool('planner', 1, 2, 'run_command', { shell: 'echo "export const sum = 0;" > src/sum.js; echo x > src/left.js; rm -rf test; ls src' }),
  tool('planner', 1, 3, 'run_command', { shell: 'ls src; node --test' }),
  { ...planReply(), call: 4 },
];

test('it runs the tests and reads what they print; what its commands write, break and delete reaches neither builder nor candidate', async () => {
  const endpoint = await openEndpoint([...LOOKING, ...HAPPY.slice(1)]);
  const shop = makeWorld({ config: endpointConfig(endpoint.baseUrl), env: KEY });
  const open = await shop.open();
  onTestFinished(async () => {
    await open.close();
    shop.dispose();
    await endpoint.close();
  });
  const { thread_id: thread, status, waiting } = await startOver(shop, open);
  expect([status, waiting?.gate]).toEqual(['waiting', 'release']);
  const results = endpoint.seen
    .filter(({ role }) => role === 'planner')
    .at(-1)
    ?.body.messages.filter(({ role }) => role === 'tool')
    .map(({ content }) => JSON.parse(String(content)));
  expect(results).toMatchObject([
    { exit_code: 0, stdout: expect.stringContaining('# pass 2') },
    { exit_code: 0, stdout: 'left.js\nsum.js\n' },
    // Its own tree keeps what it did, until it hands over.
    { stdout: expect.stringContaining('left.js') },
  ]);
  expect(shop.dossier(thread, '20-build.1.json')).toMatchObject({
    body: { changes: [{ path: 'src/product.js' }, { path: 'test/product.test.js' }] },
  });
  expect(existsSync(join(shop.home, 'work', thread, 'plan-1'))).toBe(false);
});

test('when its plan could not be written, a resume takes the journaled answers and commands: the brief is the same again', async () => {
  const replies = [...LOOKING, ...HAPPY.slice(1)];
  await otherWorld({ replies });
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  const inTheWay = join(world.home, 'runs', threadId, '10-plan.1.json');
  mkdirSync(inTheWay, { recursive: true });
  const stopped = await operations.drive(threadId);
  expect([stopped.reason?.code, stopped.spend.model_calls]).toEqual(['INTERNAL', LOOKING.length]);
  rmdirSync(inTheWay);
  const { status, spend } = await operations.resume(threadId);
  expect([status, spend.model_calls]).toEqual(['waiting', replies.length]);
  const commands = (await operations.audit(threadId)).filter(
    ({ action, facts }) => action === 'tool-call' && facts?.['tool'] === 'run_command',
  );
  expect(commands.filter(({ stage }) => stage === 'plan')).toHaveLength(3);
});

test('a planner that runs the same command for ever is warned, then stopped with NO_PROGRESS', async () => {
  await otherWorld({ replies: [{ ...tool('planner', 1, 1, 'run_command', { argv: ['node', '--test'] }), repeat: true }] });
  const { reason, spend } = await start(world, operations);
  expect([reason?.code, reason?.stage]).toEqual(['NO_PROGRESS', 'plan']);
  expect(spend.model_calls).toBeLessThan(20);
});

test('where the configuration narrows its tools it may run nothing, is told so, and plans all the same', async () => {
  await otherWorld({
    config: { tools: { planner: ['list_files', 'read_file'] } },
    replies: [tool('planner', 1, 1, 'run_command', { argv: ['node', '--test'] }), { ...planReply(), call: 2 }, ...HAPPY.slice(1)],
  });
  const { thread_id: thread, status } = await start(world, operations);
  expect(status).toBe('waiting');
  const refused = (await operations.audit(thread)).filter(({ action }) => action === 'tool-refused');
  expect(refused).toMatchObject([{ code: 'CONTRACT_VIOLATION', facts: { message: expect.stringContaining('may not use run_command') } }]);
});

test('the baseline records which programs the sandbox has, beside the time of each check', async () => {
  const { thread_id: thread } = await start(world, operations);
  expect(world.dossier(thread, 'evidence/0/baseline.json')).toMatchObject({
    body: { programs: expect.arrayContaining(['node']), checks: [{ id: CONFIG.checks[0]?.id, duration_ms: expect.any(Number) }] },
  });
});
