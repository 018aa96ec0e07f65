/** Whose repository it is, by git's own rule. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { assertOwn, isSafe } from '../../../tools/repository/owner.ts';
import { makeRepo, type TestRepo } from '../repo.ts';

let repo: TestRepo | undefined;
let folder: string | undefined;
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  repo?.remove();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test('a repository of another person is refused until safe.directory names it', async () => {
  repo = makeRepo();
  await assertOwn({ path: repo.folder, gitDir: join(repo.folder, '.git') });
  folder = mkdtempSync(join(tmpdir(), 'governor-owner-'));
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(folder, 'config'));
  // Somebody else looks at it: no test may need a second user of the machine.
  vi.spyOn(process, 'geteuid').mockReturnValue(54_321);
  await expect(assertOwn({ path: repo.folder, gitDir: join(repo.folder, '.git') })).rejects.toThrow(
    /belongs to user \d+, this is user 54321, .*git config --global --add safe\.directory/,
  );
  writeFileSync(join(folder, 'config'), `[safe]\n\tdirectory = ${repo.folder}\n`);
  await assertOwn({ path: repo.folder, gitDir: join(repo.folder, '.git') });
});

test('values are read as git reads them', () => {
  expect(isSafe('/a/b', [])).toBe(false);
  expect(isSafe('/a/b', ['/a/b'])).toBe(true);
  expect(isSafe('/a/b', ['/a/b', ''])).toBe(false);
  expect(isSafe('/a/b', ['', '*'])).toBe(true);
  expect(isSafe('/a/b', ['/a/*'])).toBe(true);
  expect(isSafe('/a/b', ['/a/bc', '/a'])).toBe(false);
});
