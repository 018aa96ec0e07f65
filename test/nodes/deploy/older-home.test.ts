/** Which releases on a target a home made and does not know. */
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../../domain/audit.ts';
import type { FoundRelease } from '../../../domain/release-trailers.ts';
import { olderHomeWords, unknownReleases } from '../../../nodes/deploy/older-home.ts';

const record = (threadId: string, action: string, commit: string): AuditRecord => ({
  threadId,
  action,
  actor: 'governor',
  facts: { commit },
  seq: 1,
  number: 1,
  at: '',
  previous: '',
  hash: '',
});

/** A home called `h` with these records. */
const trail = (...records: AuditRecord[]) => ({
  home: async () => 'h',
  read: async ({ threadId, action }: { threadId?: string; action?: string }) =>
    records.filter((one) => one.threadId === threadId && (action === undefined || one.action === action)),
});
const found = (threadId: string, commit: string, home: string | null = 'h'): FoundRelease => ({ threadId, commit, home });

test.each<[string, FoundRelease, AuditRecord[]]>([
  ['a thread that it does not have', found('t', 'c'), []],
  ['a thread that waits in it', found('t', 'c'), [record('t', 'approval-request', '')]],
  ['a thread whose first try found the branch moved', found('t', 'c'), [record('t', 'release-intent', 'a')]],
  ['a release without a home, of a thread that waits in it', found('t', 'c', null), [record('t', 'approval-request', '')]],
])('unknown: %s', async (_title, release, records) => {
  expect(await unknownReleases(trail(...records), [release])).toEqual([release]);
});

test.each<[string, FoundRelease, AuditRecord[]]>([
  ['one that was written down, though the process died before it said so', found('t', 'c'), [record('t', 'release-intent', 'c')]],
  ["a person's copy of one", found('t', 'd'), [record('t', 'release-intent', 'c'), record('t', 'release-applied', 'c')]],
  ['one by another home', found('t', 'c', 'other'), []],
  ['one by another home, before releases named theirs', found('t', 'c', null), []],
])('left in peace: %s', async (_title, release, records) => {
  expect(await unknownReleases(trail(...records), [release])).toEqual([]);
});

test('the words name repository, release, thread, how many more, and what to do', () => {
  expect(olderHomeWords('/repo', [found('t', 'c1'), found('u', 'c2')])).toBe(
    '/repo: holds release c1 of thread t and 1 more, made by this home, whose trail does not have it: the home was restored from an older backup. Restore the newest backup; to go on with this one, look at what was released (git show c1) and start new runs for what is left',
  );
});
