/** Consent is a record about exactly this; nothing else releases (invariants 3, 6, 7, 12). */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eachWorldAtGate, operations, otherWorld, waiting, whileClosed, world } from './each.ts';
import { approve, critic, HAPPY, PRODUCT, reject, start, submit, write } from './world.ts';

eachWorldAtGate();

const main = (): string => world.git('rev-parse', 'main');

/** A person commits a file to the checkout's branch. */
function commit(path: string, text: string, message: string): void {
  writeFileSync(join(world.repo, path), text);
  world.git('add', '-A');
  world.git('commit', '-q', '-m', message);
}

test('resume is not approval', async () => {
  const before = main();
  for (let times = 0; times < 3; times += 1) expect((await operations.resume(waiting.thread_id)).status).toBe('waiting');
  expect(main()).toBe(before);
});

test('an approval for another subject is refused and releases nothing', async () => {
  const before = main();
  await expect(operations.decide(waiting.thread_id, { decision: 'approved', subject: 'a'.repeat(64) })).rejects.toMatchObject({
    code: 'APPROVAL_STALE',
  });
  expect((await operations.resume(waiting.thread_id)).status).toBe('waiting');
  expect(main()).toBe(before);
});

test('a rejection needs a comment, and the comment reaches the next attempt', async () => {
  await otherWorld({ replies: [...HAPPY, write(2, 1, 'src/product.js', `// by hand\n${PRODUCT}`), submit(2, 2), critic(2)] });
  const first = await start(world, operations);
  await expect(reject(operations, first.thread_id, ' ')).rejects.toThrow('--comment is required');
  const again = await reject(operations, first.thread_id, 'say who wrote it');
  expect(again.status).toBe('waiting');
  expect(again.attempt).toBe(2);
  expect(again.waiting?.subject).not.toBe(first.waiting?.subject);
  const released = await approve(operations, first.thread_id);
  expect(released.status).toBe('released');
  expect(world.read('src/product.js')).toContain('by hand');
});

test('a hand-over file edited while the run waits stops it with STATE_TAMPERED and releases nothing', async () => {
  const before = main();
  const file = join(world.home, 'runs', waiting.thread_id, '30-review.1.json');
  const gate = await operations.gate(waiting.thread_id);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"findings": []', '"findings": [ ]'));
  await operations.decide(waiting.thread_id, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  const result = await operations.resume(waiting.thread_id);
  expect(result.reason?.code).toBe('STATE_TAMPERED');
  expect(result.reason?.message).toContain('30-review.1.json');
  expect(main()).toBe(before);
});

test('a hand-over file deleted while the run waits stops it with HANDOFF_MISSING', async () => {
  const gate = await operations.gate(waiting.thread_id);
  rmSync(join(world.home, 'runs', waiting.thread_id, '20-build.1.json'));
  await operations.decide(waiting.thread_id, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  const result = await operations.resume(waiting.thread_id);
  expect(result.reason?.code).toBe('HANDOFF_MISSING');
});

test('a dirty checkout stops the release with TARGET_DIRTY, and cleaning it up releases without a new payment', async () => {
  writeFileSync(join(world.repo, 'src/sum.js'), 'changed by a person\n');
  const stopped = await approve(operations, waiting.thread_id);
  expect(stopped.reason).toMatchObject({ code: 'TARGET_DIRTY', resumable: true });
  expect(world.read('src/sum.js')).toBe('changed by a person\n');
  world.git('checkout', '--', 'src/sum.js');
  const released = await operations.resume(waiting.thread_id);
  expect(released.status).toBe('released');
  expect(released.spend.model_calls).toBe(stopped.spend.model_calls);
});

test('a moved base is merged and checked again; the approval covers the same difference', async () => {
  commit('NOTES.md', 'other work\n', 'other work');
  const released = await approve(operations, waiting.thread_id);
  expect(released.reason).toBeNull();
  expect(released.status).toBe('released');
  expect(world.read('NOTES.md')).toBe('other work\n');
  expect(world.read('src/product.js')).toBe(PRODUCT);
  expect(released.spend.model_calls).toBe(waiting.spend.model_calls);
});

test('a base that moved into a conflict stops with BASE_MOVED and keeps the candidate', async () => {
  commit('src/product.js', 'export const product = () => 0;\n', 'the same file');
  const stopped = await approve(operations, waiting.thread_id);
  expect(stopped.reason?.code).toBe('BASE_MOVED');
  expect(stopped.reason?.message).toContain('src/product.js');
  expect(world.git('rev-parse', `governor/${waiting.thread_id}`)).toBe(stopped.candidate?.commit);
});

test('a rollback undoes the release by a new commit, once', async () => {
  const before = world.git('rev-parse', 'main^{tree}');
  await approve(operations, waiting.thread_id);
  expect((await operations.rollback(waiting.thread_id, 'not wanted')).status).toBe('rolled_back');
  expect(world.git('rev-parse', 'main^{tree}')).toBe(before);
  const tip = main();
  await operations.rollback(waiting.thread_id, 'not wanted');
  expect(main()).toBe(tip);
});

test('a rollback of what a person has undone already makes no further commit', async () => {
  await approve(operations, waiting.thread_id);
  world.git('revert', '--no-edit', '-m', '1', 'HEAD');
  const tip = main();
  expect((await operations.rollback(waiting.thread_id, 'by hand already')).status).toBe('rolled_back');
  expect(main()).toBe(tip);
  expect(world.dossier(waiting.thread_id, '60-rollback.json')).toMatchObject({ body: { commit: tip } });
});

test('a release that fails its verification is rolled back and the run stops VERIFY_FAILED', async () => {
  await otherWorld({ config: { release: { verify: ['node', '-e', 'process.exit(3)'] } } });
  const before = world.git('rev-parse', 'main^{tree}');
  const first = await start(world, operations);
  const stopped = await approve(operations, first.thread_id);
  expect(stopped.reason?.code).toBe('VERIFY_FAILED');
  expect(world.git('rev-parse', 'main^{tree}')).toBe(before);
  expect(world.dossier(first.thread_id, '60-rollback.json')).toMatchObject({ kind: 'rollback' });
});

test('who is not allowed to approve is told which role is needed, and the denial is on record', async () => {
  await otherWorld();
  await whileClosed(() =>
    writeFileSync(join(world.home, 'operator.yaml'), stringify({ version: 1, people: { 'local:somebody': ['approver'] } })),
  );
  const first = await start(world, operations);
  await expect(approve(operations, first.thread_id)).rejects.toMatchObject({ code: 'APPROVER_NOT_ALLOWED' });
  expect((await operations.audit(first.thread_id)).some((record) => record.action === 'approval-denied')).toBe(true);
});

test('a cancelled gate is void, and a resume opens a new one', async () => {
  expect((await operations.cancel(waiting.thread_id)).status).toBe('cancelled');
  const again = await operations.resume(waiting.thread_id);
  expect(again.status).toBe('waiting');
  expect(again.waiting?.approval_id).not.toBe(waiting.waiting?.approval_id);
  expect((await approve(operations, waiting.thread_id)).status).toBe('released');
});
