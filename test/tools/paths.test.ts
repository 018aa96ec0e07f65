/** The one form of a path: what leaves the tree, names git data or hides characters is denied with its rule. */
import { expect, test } from 'vitest';
import { inside } from '../../tools/paths.ts';

test.each(['../outside', '/etc/passwd', 'src/../../x', '.git/config', 'src/.GIT/x', 'a\\b', 'a\u0000b', 'a\u202eb', 'dir./x', 'trailing '])(
  '%j is denied',
  (path) => {
    expect(() => inside(path)).toThrow(expect.objectContaining({ code: 'PATH_DENIED' }));
  },
);

test('a path that only takes a detour is made plain', () => {
  expect(inside('./src//a.js')).toBe('src/a.js');
});
