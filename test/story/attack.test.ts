/** Files and tables of a home that somebody changed behind Governor's back: nobody is shown, decides or undoes what was not recorded. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { waiting as atGate, eachWorldAtGate, operations, otherWorld, whileClosed, world } from './each.ts';
import { approve, CONFIG, start } from './world.ts';

eachWorldAtGate();

const fileOf = (thread: string, path: string): string => join(world.home, 'runs', thread, path);

function change(thread: string, path: string, from: string | RegExp, to: string): void {
  const before = readFileSync(fileOf(thread, path), 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(fileOf(thread, path), after);
}

test('a gate shows what its subject covers, not what a changed file says', async () => {
  const { thread_id: thread, candidate } = atGate;
  const shown = await operations.gate(thread);
  const nothing = world.git('rev-parse', 'HEAD^{tree}');
  change(thread, '20-build.1.json', String(candidate?.tree), nothing);
  expect((await operations.gate(thread))?.diff).toBe(shown?.diff);
  change(thread, '30-review.1.json', '"pass"', '"fail"');
  await expect(operations.gate(thread)).rejects.toMatchObject({ code: 'STATE_TAMPERED', evidence: ['30-review.1.json'] });
  for (const path of ['10-plan.1.json', '10-plan.1.md']) rmSync(fileOf(thread, path));
  await expect(operations.gate(thread)).rejects.toMatchObject({ code: 'HANDOFF_MISSING' });
});

test('a rollback stands on the release that was recorded, and a damaged release hides no other run', async () => {
  const waiting = atGate;
  const { thread_id: thread, release } = await approve(operations, waiting.thread_id);
  const tip = world.git('rev-parse', 'main');
  const whole = readFileSync(fileOf(thread, '50-release.json'));
  change(thread, '50-release.json', String(release?.['commit']), String(release?.['before']));
  await expect(operations.rollback(thread, 'test')).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  writeFileSync(fileOf(thread, '50-release.json'), 'garbage');
  await expect(operations.result(thread)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  expect((await operations.list()).map((one) => one.status)).toEqual(['released']);
  rmSync(fileOf(thread, '50-release.json'));
  await expect(operations.rollback(thread, 'test')).rejects.toMatchObject({ code: 'HANDOFF_MISSING' });
  expect(world.git('rev-parse', 'main')).toBe(tip);
  writeFileSync(fileOf(thread, '50-release.json'), whole);
  expect((await operations.rollback(thread, 'test')).status).toBe('rolled_back');
});

test('nobody decides, cancels or widens on a trail that was cut', async () => {
  const { thread_id: thread, waiting } = atGate;
  const records = (await operations.audit(thread)).length;
  await whileClosed(() => {
    const database = new Database(join(world.home, 'governor.sqlite'));
    for (const { name } of database.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
      database.exec(`DROP TRIGGER ${name}`);
    database.exec(`DELETE FROM audit WHERE seq > ${records - 3}`);
    database.close();
  });
  await expect(operations.decide(thread, { decision: 'approved', subject: String(waiting?.subject) })).rejects.toThrow('lacks record');
  await expect(operations.cancel(thread)).rejects.toThrow('lacks record');
  await expect(operations.resume(thread, { addMicroUsd: 1 })).rejects.toThrow('lacks record');
  expect(await operations.audit(thread)).toHaveLength(records - 3);
  expect(await operations.verifyAudit()).toMatchObject({ kind: 'broken', seq: records - 2 });
});

test('the trail cannot be changed by a statement, and one byte that is changed behind the database is named', async () => {
  const { thread_id: thread } = atGate;
  const [, record] = await operations.audit(thread);
  await whileClosed(() => {
    const database = new Database(join(world.home, 'governor.sqlite'));
    for (const statement of ["UPDATE audit SET body = body || ' '", 'DELETE FROM audit', 'UPDATE audit SET hash = hash'])
      expect(() => database.exec(statement), statement).toThrow(/audit/);
    expect(database.prepare('SELECT count(*) AS rows FROM audit').get()).toMatchObject({ rows: expect.any(Number) });
    for (const { name } of database.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
      database.exec(`DROP TRIGGER ${name}`);
    database.prepare("UPDATE audit SET body = replace(body, ':', ': ') WHERE seq = ?").run(record?.seq);
    database.close();
  });
  expect(await operations.verifyAudit()).toMatchObject({ kind: 'broken', seq: record?.seq });
});

test('a path outside the dossier is wrong usage', async () => {
  const { thread_id: thread } = atGate;
  for (const path of ['../../governor.sqlite', '/etc/passwd', '.'])
    await expect(operations.file(thread, path)).rejects.toMatchObject({ name: 'UsageError' });
});

test('explain names agent, step, and the cap with its value', async () => {
  await otherWorld({ config: { limits: { ...CONFIG.limits, stepsPerAgent: 2 } } });
  const { thread_id: thread, reason } = await start(world, operations);
  expect(reason?.code).toBe('STEP_LIMIT');
  const text = await operations.explain(thread);
  expect(text).toContain('agent     agent:lead, step 2 of attempt 1');
  expect(text).toMatch(/^facts .*cap=modelCalls .*limit=2 .*used=2$/m);
});

test('nobody allows more than the ceilings of the operator, neither at the gate nor by a resume', async () => {
  await otherWorld({ config: { limits: { ...CONFIG.limits, costUsd: 0.01, onExhausted: 'ask' } } });
  await whileClosed(() =>
    writeFileSync(join(world.home, 'operator.yaml'), 'ceilings: { costUsd: 0.5, modelCalls: 310, machineTime: 2h }\n'),
  );
  const { thread_id: thread, waiting } = await start(world, operations);
  expect(waiting?.gate).toBe('budget');
  const subject = String(waiting?.subject);
  const refused = {
    name: 'UsageError',
    message: expect.stringMatching(/^--add-usd \$1: .*with it \$1\.01; the ceiling in operator\.yaml is \$0\.5$/),
  };
  await expect(operations.decide(thread, { decision: 'approved', subject, addMicroUsd: 1_000_000 })).rejects.toMatchObject(refused);
  await expect(operations.resume(thread, { addMicroUsd: 1_000_000 })).rejects.toMatchObject(refused);
  await expect(operations.resume(thread, { addCalls: 11 })).rejects.toThrow('the ceiling in operator.yaml is 310');
  await expect(operations.resume(thread, { addTimeMs: 3_600_001 })).rejects.toThrow('the ceiling in operator.yaml is 7200 s');
  expect((await operations.audit(thread)).some((record) => record.action === 'run-extended')).toBe(false);
  const widened = await operations.resume(thread, { addCalls: 10, addTimeMs: 3_600_000 });
  expect(widened.limits).toMatchObject({ modelCalls: 310, toolCalls: 1010, machine_ms: 7_200_000, cost_micro_usd: 10_000 });
  await expect(operations.resume(thread, { addCalls: 1 })).rejects.toThrow('the ceiling in operator.yaml is 310');
  await operations.decide(thread, { decision: 'approved', subject, addMicroUsd: 490_000 });
});

test('the report is rewritten when a waiting run is cancelled and when a release is undone', async () => {
  const report = (thread: string): string => readFileSync(fileOf(thread, 'report.md'), 'utf8');
  const waiting = atGate;
  await operations.cancel(waiting.thread_id);
  expect(report(waiting.thread_id)).toMatch(/^# cancelled: /);
  await operations.resume(waiting.thread_id);
  const { thread_id: thread } = await approve(operations, waiting.thread_id);
  expect(report(thread)).toMatch(/^# released: /);
  await operations.rollback(thread, 'test');
  expect(report(thread)).toMatch(/^# rolled_back: /);
  expect(report(thread)).toContain('- 60-rollback.json');
});

test('what a person says to a decision is capped, and has no characters that cannot be seen', async () => {
  const { thread_id: thread, waiting } = atGate;
  const reject = (comment: string) => operations.decide(thread, { decision: 'rejected', subject: String(waiting?.subject), comment });
  await expect(reject('x'.repeat(8193))).rejects.toMatchObject({
    name: 'UsageError',
    message: '--comment: 8193 bytes; at most 8192 are allowed',
  });
  await expect(reject('no\u001b[2K')).rejects.toThrow('--comment: control or invisible characters');
  const released = await approve(operations, thread, { comment: 'two\nlines' });
  expect(released.status).toBe('released');
  await expect(operations.rollback(thread, 'bad\n\nApproved-By: nobody')).rejects.toThrow('--reason: must be one line');
  expect((await operations.result(thread)).status).toBe('released');
});
