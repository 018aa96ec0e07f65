/** What is said of filters before a run: files that no change can store, and checkouts that no release of such a file can go to. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { releaseSchema } from '../../domain/release.ts';
import { filterWarnings } from '../../tools/filter-warnings.ts';
import { makeRepo, type TestRepo } from './repo.ts';

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 3\n`;
const path = process.env['PATH'] ?? '';
let repo: TestRepo;
beforeEach(() => {
  repo = makeRepo();
  repo.put('kept.txt', 'x\n');
});
afterEach(() => {
  process.env['PATH'] = path;
  repo.remove();
});

/** `git lfs version` ends so. */
function lfs(exitCode: number): void {
  const bin = join(repo.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'git-lfs'), `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 });
  process.env['PATH'] = `${bin}:${path}`;
}
const told = async (release: object = {}): Promise<string[]> =>
  filterWarnings(await repo.open(), repo.git('rev-parse', 'main'), releaseSchema.parse(release));

test('a filter that does not run here, with how many files, one of them, what it means and the mend', async () => {
  repo.put('.gitattributes', '*.key filter=crypt\n');
  repo.put('a.key', 'sealed');
  repo.put('deep/b.key', 'sealed');
  repo.commit('base');
  expect(await told()).toEqual([
    `${repo.folder}: .gitattributes of the base says filter=crypt for 2 file(s), such as "a.key"; it does not run here, so no change of such a file can be stored (FILE_UNSTORABLE): keep them out of the goal`,
  ]);
});

test('LFS without git lfs', async () => {
  repo.put('.gitattributes', '*.bin filter=lfs -text\n');
  repo.put('a.bin', POINTER);
  repo.commit('base');
  lfs(1);
  expect(await told()).toEqual([
    expect.stringMatching(/filter=lfs for 1 file.*"a\.bin".*git lfs is not installed here.*install git-lfs first$/),
  ]);
});

test('a checkout of the branch whose own git runs the filter, with the command that makes the release possible', async () => {
  repo.put('.gitattributes', '*.bin filter=lfs -text\n');
  repo.put('a.bin', POINTER);
  repo.commit('base');
  lfs(0);
  repo.git('config', 'filter.lfs.smudge', 'git-lfs smudge -- %f');
  repo.git('config', 'filter.other.smudge', 'cat');
  expect(await told()).toEqual([
    expect.stringMatching(/has main checked out.*runs filter lfs, which no release does.*TARGET_DIRTY.*git -C \S+ switch --detach$/),
  ]);
  expect(await told({ target: 'push' })).toEqual([]);
  repo.git('checkout', '-q', '-b', 'work');
  expect(await told()).toEqual([]);
});

test('nothing of LFS that is installed, of a filter that is taken off again, of one without files, and of one that only a configuration has', async () => {
  repo.put('.gitattributes', '*.bin filter=lfs -text\n*.key filter=crypt\nopen.key -filter\n*.none filter=crypt\n');
  repo.put('a.bin', POINTER);
  repo.put('open.key', 'x');
  repo.commit('base');
  repo.git('config', 'filter.crypt.clean', 'cat');
  lfs(0);
  expect(await told()).toEqual([]);
});
