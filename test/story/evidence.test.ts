/** Evidence is made by the runtime, never taken from an agent (invariants 3, 4, 5). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { critic, HAPPY, makeWorld, PRODUCT, PRODUCT_TEST, planReply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

async function run(options: Parameters<typeof makeWorld>[0]) {
  world = makeWorld(options);
  const operations = await world.open();
  const result = await start(world, operations);
  const records = await operations.audit(result.thread_id);
  await operations.close();
  return {
    result,
    records,
    critics: records.filter((record) => record.action === 'model-call' && record.facts?.['role'] === 'critic').length,
  };
}

test('words without a tree change are BUILDER_NO_ARTIFACT, and nobody reviews them', async () => {
  const { result, critics } = await run({ replies: [planReply(), submit(1, 1, 'done, 86 of 86 tests pass'), critic(1)] });
  expect(result.reason?.code).toBe('BUILDER_NO_ARTIFACT');
  expect(critics).toBe(0);
});

test('a failed check is not outvoted: the critic is not even called', async () => {
  const broken = [planReply(), write(1, 1, 'src/sum.js', 'export const sum = (a, b) => a - b;\n'), submit(1, 2), critic(1)];
  const { result, critics } = await run({ config: { limits: { reviewRounds: 1, maxOutputTokens: 1024 } }, replies: broken });
  expect(result.reason?.code).toBe('CHECK_FAILED');
  expect(critics).toBe(0);
});

test('a results file that the builder left behind is not evidence', async () => {
  const { result } = await run({
    config: { limits: { reviewRounds: 1, maxOutputTokens: 1024 } },
    replies: [
      planReply(1, ['**']),
      write(1, 1, 'evidence/1/test.json', '{"status":"pass"}'),
      write(1, 2, 'src/sum.js', 'export const sum = () => 0;\n'),
      submit(1, 3),
      critic(1),
    ],
  });
  expect(result.reason?.code).toBe('CHECK_FAILED');
});

test('a red base stops before any model is asked', async () => {
  const { result } = await run({ files: { 'src/sum.js': 'export const sum = () => 0;\n' } });
  expect(result.reason?.code).toBe('BASELINE_FAILED');
  expect(result.spend.model_calls).toBe(0);
});

test('a deleted test and a skipped test are TESTS_WEAKENED though the suite is green', async () => {
  const limits = { reviewRounds: 1, maxOutputTokens: 1024 };
  const skipped = await run({
    config: { limits },
    replies: [
      planReply(),
      tool('lead', 1, 1, 'edit_file', { path: 'test/sum.test.js', old_text: "test('adds zero'", new_text: "test.skip('adds zero'" }),
      submit(1, 2),
      critic(1),
    ],
  });
  expect(skipped.result.reason?.code).toBe('TESTS_WEAKENED');
  world?.dispose();
  const deleted = await run({
    config: { limits },
    replies: [
      planReply(),
      tool('lead', 1, 1, 'delete_file', { path: 'test/sum.test.js' }),
      write(1, 2, 'test/product.test.js', PRODUCT_TEST),
      write(1, 3, 'src/product.js', PRODUCT),
      submit(1, 4),
      critic(1),
    ],
  });
  expect(deleted.result.reason?.code).toBe('TESTS_WEAKENED');
});

test('a secret in the change is SECRET_FOUND, its value masked everywhere in the dossier', async () => {
  const key = `AKIA${'ABCDEFGHIJKLMNOP'}`;
  const { result } = await run({
    config: { limits: { reviewRounds: 1, maxOutputTokens: 1024 } },
    replies: [planReply(), write(1, 1, 'src/product.js', `export const key = '${key}';\n`), submit(1, 2), critic(1)],
  });
  expect(result.reason?.code).toBe('SECRET_FOUND');
  expect(result.reason?.message).not.toContain(key);
});

test('a critic can lower the verdict but a serious finding is never a pass', async () => {
  const { result } = await run({
    config: { limits: { reviewRounds: 1, maxOutputTokens: 1024 } },
    replies: [...HAPPY.slice(0, -1), critic(1, 'pass', [{ severity: 'blocker', message: 'it does not handle floats' }])],
  });
  expect(result.reason?.code).toBe('REVIEW_REJECTED');
});

test('an agent without rights to a tool is refused, on the record, and the run goes on', async () => {
  const { result, records } = await run({
    replies: [
      { ...tool('planner', 1, 1, 'write_file', { path: 'src/x.js', content: 'x' }) },
      { ...planReply(), call: 2 },
      ...HAPPY.slice(1),
    ],
  });
  expect(result.status).toBe('waiting');
  expect(records.some((record) => record.action === 'tool-refused' && record.actor === 'agent:planner')).toBe(true);
});

test('the audit trail names the first record that was edited', async () => {
  world = makeWorld();
  const operations = await world.open();
  await start(world, operations);
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(join(world.home, 'governor.sqlite'));
  expect(() => database.exec("UPDATE audit SET body = '{}' WHERE seq = 5")).toThrow('append-only');
  database.exec("DROP TRIGGER audit_no_update; UPDATE audit SET body = replace(body, 'governor', 'nobody') WHERE seq = 5");
  database.close();
  expect(await operations.verifyAudit()).toMatchObject({ kind: 'broken', seq: 5 });
  await operations.close();
});

test('records cut off the end of the trail are noticed', async () => {
  world = makeWorld();
  const operations = await world.open();
  await start(world, operations);
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(join(world.home, 'governor.sqlite'));
  database.exec('DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq > 10');
  database.close();
  expect(await operations.verifyAudit()).toMatchObject({ kind: 'broken', seq: 11 });
  await operations.close();
});

test('a request file that was edited stops the run', async () => {
  world = makeWorld();
  const operations = await world.open();
  const created = await operations.create({ goal: 'Add a product', repo: world.repo, scriptFile: world.script });
  const file = join(world.home, 'runs', created.threadId, 'request.json');
  writeFileSync(file, JSON.stringify(world.dossier(created.threadId, 'request.json')).replace('Add a product', 'Add a backdoor'));
  expect((await operations.drive(created.threadId)).reason?.code).toBe('STATE_TAMPERED');
  await operations.close();
});
