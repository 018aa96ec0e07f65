/** Money, steps and repetition are hard limits (invariants 2, 4, 14). */
import { afterEach, expect, test } from 'vitest';
import { approve, HAPPY, makeWorld, PRODUCT, planReply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const runaway = (name: string, input: unknown) => ({ ...tool('lead', 1, 1, name, input), repeat: true });

test('a run never settles more than its cap, and the call that does not fit is never made', async () => {
  world = makeWorld({
    config: { limits: { costUsd: 0.04, maxOutputTokens: 1024 } },
    replies: [
      planReply(),
      { ...write(1, 1, 'src/a.js', 'export const a = 1;\n'), usage: { input: 30_000, output: 1000 } },
      ...HAPPY.slice(2),
    ],
  });
  const operations = await world.open();
  const result = await start(world, operations);
  expect(result.reason?.code).toBe('BUDGET_EXHAUSTED');
  expect(result.spend.cost_micro_usd).toBeLessThanOrEqual(40_000);
  const records = await operations.audit(result.thread_id);
  const calls = records.filter((record) => record.action === 'model-call').length;
  expect(result.spend.model_calls).toBe(calls);
  expect(records.some((record) => record.action === 'budget-refused')).toBe(true);
  await operations.close();
});

test('more money by a person lets an exhausted run finish from where it stood', async () => {
  world = makeWorld({
    config: { limits: { costUsd: 0.04, maxOutputTokens: 1024 } },
    replies: [planReply(), { ...write(1, 1, 'src/product.js', PRODUCT), usage: { input: 30_000, output: 1000 } }, ...HAPPY.slice(2)],
  });
  const operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason).toMatchObject({ code: 'BUDGET_EXHAUSTED', resumable: true });
  const again = await operations.resume(stopped.thread_id, { addMicroUsd: 1_000_000 });
  expect(again.status).toBe('waiting');
  expect((await approve(operations, stopped.thread_id)).status).toBe('released');
  await operations.close();
});

test('the same tool with the same arguments on the same tree three times: told why, then lean, then NO_PROGRESS', async () => {
  world = makeWorld({ replies: [planReply(), runaway('read_file', { path: 'src/sum.js' })] });
  const operations = await world.open();
  const result = await start(world, operations);
  expect(result.reason?.code).toBe('NO_PROGRESS');
  expect(result.spend.model_calls).toBe(1 + 5);
  const actions = (await operations.audit(result.thread_id)).map((record) => record.action);
  expect(actions.filter((action) => action === 'no-progress' || action === 'lean-start')).toEqual(['no-progress', 'lean-start']);
  await operations.close();
});

test('an agent stops at its steps with STEP_LIMIT', async () => {
  const steps = Array.from({ length: 9 }, (_, index) => write(1, index + 1, 'src/a.js', `export const a = ${index};\n`));
  world = makeWorld({ config: { limits: { stepsPerAgent: 5, maxOutputTokens: 1024 } }, replies: [planReply(), ...steps] });
  const operations = await world.open();
  const result = await start(world, operations);
  expect(result.reason?.code).toBe('STEP_LIMIT');
  expect(result.reason?.message).toContain('5 of 5 modelCalls');
  await operations.close();
});

test('a run goes lean at leanAt, announces it once, and says so in the trail', async () => {
  const dear = (call: number) => ({ ...write(1, call, `src/a${call}.js`, 'export const a = 1;\n'), usage: { input: 20_000, output: 500 } });
  world = makeWorld({
    config: { limits: { costUsd: 0.2, costPerAgentUsd: 0.2, leanAt: 0.2, maxOutputTokens: 1024 } },
    replies: [planReply(), dear(1), dear(2), dear(3), submit(1, 4), ...HAPPY.slice(-1)],
  });
  const operations = await world.open();
  const result = await start(world, operations);
  const lean = (await operations.audit(result.thread_id)).filter((record) => record.action === 'lean-start' && record.stage === 'build');
  expect(lean).toHaveLength(1);
  await operations.close();
});

test('prose instead of a hand-over is told once and then counted: the third invalid one ends the run', async () => {
  world = makeWorld({ replies: [{ role: 'planner', attempt: 1, call: 1, text: 'I am done.', repeat: true }] });
  const operations = await world.open();
  const result = await start(world, operations);
  expect(result.reason?.code).toBe('CONTRACT_VIOLATION');
  expect(result.spend.model_calls).toBe(4);
  await operations.close();
});

test('a model without a reply in the script stops with SCRIPT_MISS, and the machine time limit with TIME_LIMIT', async () => {
  world = makeWorld({ replies: [planReply()] });
  let operations = await world.open();
  expect((await start(world, operations)).reason?.code).toBe('SCRIPT_MISS');
  await operations.close();
  world.dispose();
  world = makeWorld({ config: { limits: { machineTime: '1s', maxOutputTokens: 1024 } }, replies: [{ ...planReply(), delayMs: 5000 }] });
  operations = await world.open();
  expect((await start(world, operations)).reason).toMatchObject({ code: 'TIME_LIMIT', resumable: true });
  await operations.close();
});
