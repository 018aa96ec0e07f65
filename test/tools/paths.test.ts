/** The one form of a path: what leaves the tree, names git data or hides characters is denied with its rule. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inside, regular, withParent } from '../../tools/paths.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-paths-'));
  mkdirSync(join(folder, 'sub'));
  for (const name of ['plain', 'sub/plain', 'one']) writeFileSync(join(folder, name), 'x');
  symlinkSync('plain', join(folder, 'link'));
  symlinkSync('../plain', join(folder, 'sub/link'));
  symlinkSync('/etc', join(folder, 'out'));
  linkSync(join(folder, 'one'), join(folder, 'hard'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['../outside', '/etc/passwd', 'src/../../x', '.git/config', 'src/.GIT/x', 'a\\b', 'a\u0000b', 'a\u202eb', 'dir./x', 'trailing '])(
  '%j is denied',
  (path) => {
    expect(() => inside(path)).toThrow(expect.objectContaining({ code: 'PATH_DENIED' }));
  },
);

test('a path that only takes a detour is made plain', () => {
  expect(inside('./src//a.js')).toBe('src/a.js');
});

describe('a file that tools may open', () => {
  const look = (path: string): boolean => withParent(folder, path, false, (place) => regular(place, path)) !== undefined;

  test('is one of the tree with one name; a folder of it may be on the way', () => {
    expect(look('plain')).toBe(true);
    expect(look('sub/plain')).toBe(true);
    expect(look('absent')).toBe(false);
  });

  test.each(['link', 'out/hostname', 'sub/link', 'hard', 'pipe'])('is not %s', (path) => {
    expect(() => look(path)).toThrow(expect.objectContaining({ code: 'PATH_DENIED' }));
  });
});
