/** What a release approval covers. */
import { expect, test } from 'vitest';
import type { Change } from '../../domain/handoff.ts';
import { differenceDigest } from '../../nodes/release-subject.ts';

const change: Change = { path: 'a', status: 'modified', mode: '100644', old_mode: '100644', sha256: 'aa' };

test('the digest of a difference does not change with what a later build reads into the file, nor with the item of the plan', () => {
  const later = { ...change, item_id: 'product', similarity: 0 };
  expect(differenceDigest([later])).toBe(differenceDigest([change]));
});

test.each(Object.entries({ path: 'b', from: 'c', status: 'added', mode: '100755', old_mode: '120000', sha256: 'bb' }))(
  'the digest of a difference changes with its %s',
  (key, value) => {
    const other = { ...change, [key]: value };
    expect(differenceDigest([other])).not.toBe(differenceDigest([change]));
  },
);
