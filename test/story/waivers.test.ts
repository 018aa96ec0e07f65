/** What the rules object to and a person knows better: waived by its id at the release gate, never silently, and never more than that. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eachWorld, operations, otherWorld, world } from './each.ts';
import { MEANT, OLD, QUIET, REMOVAL, remove } from './removal.ts';
import { critic, planReply, reject, start, submit, write } from './world.ts';

eachWorld();

const vote = async (threadId: string, waive?: readonly string[], decision: 'approved' | 'rejected' = 'approved') => {
  const gate = await operations.gate(threadId);
  return operations.decide(threadId, {
    decision,
    subject: gate?.row.subject.digest ?? '',
    comment: 'as said',
    ...(waive && { waive }),
  });
};

test('a feature removed with its test, both named in the plan: a person is asked by id, waives it, and it is released', async () => {
  await otherWorld(MEANT);
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ status: 'waiting', attempt: 1, waiting: { gate: 'release', waive: [expect.stringMatching(/^F-/)] } });
  const [id = ''] = waiting.waiting?.waive ?? [];
  expect(await operations.file(waiting.thread_id, 'report.md')).toContain(`--waive ${id}`);
  await expect(vote(waiting.thread_id)).rejects.toThrow(
    new RegExp(`${id} \\(TESTS_WEAKENED test/old.test.js.*with 1 tests is deleted.*governor approve .*--waive ${id}`),
  );
  await expect(vote(waiting.thread_id, [id, 'F-0000000000'])).rejects.toThrow('"F-0000000000": the review has no such finding');
  await expect(vote(waiting.thread_id, [id], 'rejected')).rejects.toThrow('a rejection waives nothing');
  expect((await operations.resume(waiting.thread_id)).status).toBe('waiting');
  await vote(waiting.thread_id, [id]);
  const released = await operations.resume(waiting.thread_id);
  const by = operations.person.id;
  expect(released).toMatchObject({ status: 'released', waivers: [{ finding_id: id, by }] });
  expect(world.git('ls-tree', '-r', '--name-only', 'main')).not.toContain('old');
  expect(world.dossier(waiting.thread_id, '40-approval.1.json')).toMatchObject({ body: { waivers: [{ finding_id: id, by }] } });
  expect(await operations.file(waiting.thread_id, 'report.md')).toContain(`- ${id} by ${by}`);
  const votes = (await operations.audit(waiting.thread_id)).filter(({ action }) => action === 'approval-vote');
  expect(votes).toMatchObject([{ actor: by, facts: { waived: [id] } }]);
});

test('a base that moved after the waiver asks nobody again, and the new review says who waived', async () => {
  await otherWorld(MEANT);
  const waiting = await start(world, operations);
  await vote(waiting.thread_id, waiting.waiting?.waive ?? []);
  writeFileSync(join(world.repo, 'NOTES.md'), 'other work\n');
  world.git('add', '-A');
  world.git('commit', '-q', '-m', 'other work');
  expect((await operations.resume(waiting.thread_id)).status).toBe('released');
  expect(world.dossier(waiting.thread_id, '30-review.2.json')).toMatchObject({
    body: { verdict: 'pass', findings: expect.arrayContaining([expect.objectContaining({ waived_by: operations.person.id })]) },
  });
});

/** A pattern in the plan is no word about this test: `src/**`, `test/**`. */
const GUTTED = [planReply(), ...REMOVAL];
const AGAIN = [write(2, 1, 'src/more.js', 'export const more = 1;\n'), submit(2, 2), critic(2)];

test('tests gutted under a plan that does not name them go back to the builder, who puts them back', async () => {
  const mend = [write(2, 1, 'src/old.js', OLD['src/old.js']), write(2, 2, 'test/old.test.js', OLD['test/old.test.js'])];
  const more = [write(2, 3, 'src/more.js', 'export const more = 1;\n'), submit(2, 4), critic(2)];
  await otherWorld({ files: OLD, config: QUIET, replies: [...GUTTED, ...mend, ...more] });
  const released = await start(world, operations);
  expect(released).toMatchObject({ status: 'released', attempt: 2, waivers: [] });
  expect(world.dossier(released.thread_id, '30-review.1.json')).toMatchObject({ body: { verdict: 'rework' } });
});

test('and who insists ends at the gate: nothing is released unless a person waives each finding, and another change voids it', async () => {
  await otherWorld({
    files: OLD,
    config: QUIET,
    replies: [...GUTTED, ...AGAIN, write(3, 1, 'src/x.js', 'export {};\n'), submit(3, 2), critic(3)],
  });
  const before = world.git('rev-parse', 'main');
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ status: 'waiting', attempt: 2, waiting: { gate: 'release' } });
  const ids = waiting.waiting?.waive ?? [];
  expect(ids.length).toBeGreaterThan(0);
  await expect(vote(waiting.thread_id)).rejects.toThrow('must be waived by whoever approves');
  await vote(waiting.thread_id, undefined, 'rejected');
  const again = await operations.resume(waiting.thread_id);
  expect(again).toMatchObject({ status: 'waiting', attempt: 3 });
  expect(again.waiting?.subject).not.toBe(waiting.waiting?.subject);
  await expect(
    operations.decide(again.thread_id, { decision: 'approved', subject: waiting.waiting?.subject ?? '', waive: ids }),
  ).rejects.toMatchObject({
    code: 'APPROVAL_STALE',
  });
  expect(world.git('rev-parse', 'main')).toBe(before);
});

test('who hands over the very same files again and says why has a person asked', async () => {
  await otherWorld({ files: OLD, config: QUIET, replies: [...GUTTED, submit(2, 1, 'the goal wants it gone'), critic(2)] });
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({
    status: 'waiting',
    attempt: 2,
    waiting: { gate: 'release', waive: [expect.stringMatching(/^F-/), expect.stringMatching(/^F-/)] },
  });
  await vote(waiting.thread_id, waiting.waiting?.waive);
  expect((await operations.resume(waiting.thread_id)).status).toBe('released');
});

test('and where a check fails beside it, the very same files are no artifact', async () => {
  const broken = write(1, 1, 'src/sum.js', 'export const sum = (a, b) => a - b;\n');
  const replies = [planReply(), broken, remove(1, 2, 'test/old.test.js'), submit(1, 3), submit(2, 1, 'the goal wants it gone')];
  await otherWorld({ files: OLD, config: QUIET, replies });
  expect((await start(world, operations)).reason?.code).toBe('BUILDER_NO_ARTIFACT');
});

test('a check that fails beside it is no person’s to waive: the run stops as before', async () => {
  const broken = write(1, 1, 'src/sum.js', 'export const sum = (a, b) => a - b;\n');
  const limits = { reviewRounds: 2, maxOutputTokens: 1024 };
  await otherWorld({
    files: OLD,
    config: { ...QUIET, limits },
    replies: [planReply(), broken, remove(1, 2, 'test/old.test.js'), submit(1, 3), ...AGAIN],
  });
  expect((await start(world, operations)).reason?.code).toMatch(/^(?:NO_PROGRESS|REVIEW_EXHAUSTED)$/);
});

test('a change wider than the scope, insisted on, is a person’s to waive as well; what the review says cannot be changed under them', async () => {
  const [x, y] = [write(1, 1, 'src/x.js', 'export const x = 1;\n'), write(1, 2, 'src/y.js', 'export const y = 1;\n')];
  const again = [write(2, 1, 'src/x.js', 'export const x = 2;\n'), submit(2, 2), critic(2)];
  const replies = [planReply(1, ['src/**']), x, y, submit(1, 3), ...again];
  await otherWorld({ config: { ...QUIET, scope: { maxFiles: 1 } }, replies });
  const waiting = await start(world, operations);
  const ids = waiting.waiting?.waive ?? [];
  expect((await operations.gate(waiting.thread_id))?.open).toMatchObject([{ id: ids[0], code: 'OUT_OF_SCOPE' }]);
  const file = join(world.home, 'runs', waiting.thread_id, '30-review.2.json');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.replace('2 files are changed', '1 files are changed'));
  await expect(vote(waiting.thread_id, ids)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  writeFileSync(file, whole);
  await vote(waiting.thread_id, ids);
  expect((await operations.resume(waiting.thread_id)).status).toBe('released');
});

test('a release with nothing open is approved as ever, and takes no waiver', async () => {
  const waiting = await start(world, operations);
  expect(waiting.waiting).not.toHaveProperty('waive');
  await expect(vote(waiting.thread_id, ['F-0000000000'])).rejects.toThrow('nothing has to be waived');
  await expect(reject(operations, waiting.thread_id, ' ')).rejects.toThrow('--comment is required');
  await vote(waiting.thread_id);
  expect(await operations.resume(waiting.thread_id)).toMatchObject({ status: 'released', waivers: [] });
});
