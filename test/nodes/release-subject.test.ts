/** What a release approval covers. */
import { expect, test } from 'vitest';
import type { Change } from '../../domain/handoff.ts';
import { differenceDigest, sameButBase, subjectOf } from '../../nodes/release-subject.ts';

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

test('an approval covers the same difference elsewhere only with the same open findings', () => {
  const parts = { difference: 'd', plan: 'p', policy: 'y', red_lines: 'r' };
  const [plain, open, more] = [parts, { ...parts, findings: 'one' }, { ...parts, findings: 'two' }].map(subjectOf);
  const covers = (one?: typeof plain, other?: typeof plain) => one !== undefined && other !== undefined && sameButBase(one, other);
  expect([covers(plain, plain), covers(open, open)]).toEqual([true, true]);
  expect([covers(plain, open), covers(open, plain), covers(open, more)]).toEqual([false, false, false]);
});
