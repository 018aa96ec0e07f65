/** Which stops a person may go on from. */
import { expect, test } from 'vitest';
import { REASONS, reasonOf } from '../../domain/reasons.ts';

test('the resumable codes are those of the contract', () => {
  const codes = Object.keys(REASONS) as (keyof typeof REASONS)[];
  expect(codes.filter((code) => reasonOf(code).resumable).toSorted()).toEqual([
    'BASE_MOVED',
    'BUDGET_EXHAUSTED',
    'BUILDER_BLOCKED',
    'CANCELLED',
    'CONTEXT_EXCEEDED',
    'DISK_LIMIT',
    'FILE_UNSTORABLE',
    'INTERNAL',
    'MOUNT_REFUSED',
    'NO_PROGRESS',
    'PROVIDER_REFUSED',
    'PROVIDER_UNAVAILABLE',
    'REVIEW_EXHAUSTED',
    'SANDBOX_UNAVAILABLE',
    'STEP_LIMIT',
    'TARGET_DIRTY',
    'TIME_LIMIT',
    'UNGUARDED_SAVER',
  ]);
});
