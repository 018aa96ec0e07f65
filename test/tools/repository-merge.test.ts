/** The merge of trees that brings sub-agents together: renames, modes, deletions, binary files, links, and what is a conflict. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Repository } from '../../domain/workspace.ts';
import { openRepository } from '../../tools/repository.ts';

let folder: string;
let repository: Repository;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'governor-merge-'));
  git('init', '-q', '-b', 'main');
  put('long.txt', Array.from({ length: 40 }, (_none, index) => `line ${index}\n`).join(''));
  put('tool.sh', '#!/bin/sh\n');
  put('old.txt', 'old\n');
  writeFileSync(join(folder, 'image.bin'), Buffer.from([0, 1, 2, 3]));
  git('add', '-A');
  git('-c', 'user.name=A', '-c', 'user.email=a@example.test', 'commit', '-q', '-m', 'base');
  repository = await openRepository(folder, join(folder, '.state'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The tree of the base after a change, made in the checkout and taken back. */
function treeWith(change: () => void): string {
  change();
  git('add', '-A', '--', '.', ':!.state');
  const tree = git('write-tree');
  git('reset', '-q', '--hard');
  git('clean', '-qfd', '-e', '.state');
  return tree;
}

async function merged(one: () => void, other: () => void) {
  const base = git('rev-parse', 'HEAD^{tree}');
  return repository.merge(base, treeWith(one), treeWith(other));
}

/** `mode path` of each file of a clean merge. */
async function files(result: Awaited<ReturnType<typeof merged>>): Promise<string[]> {
  if (result.kind !== 'clean') throw new Error(`a conflict in ${result.paths.join(', ')}`);
  return (await repository.listTree(result.tree)).map((entry) => `${entry.mode} ${entry.path}`);
}

describe('a merge of trees is clean', () => {
  test('when one renames a file and the other edits it: the edit follows', async () => {
    const result = await merged(
      () => renameSync(join(folder, 'long.txt'), join(folder, 'renamed.txt')),
      () => put('long.txt', Array.from({ length: 40 }, (_none, index) => (index === 20 ? 'edited\n' : `line ${index}\n`)).join('')),
    );
    expect(await files(result)).toContain('100644 renamed.txt');
    expect(await files(result)).not.toContain('100644 long.txt');
    expect((await repository.readFile(result.kind === 'clean' ? result.tree : '', 'renamed.txt'))?.toString()).toContain('edited\n');
  });

  test('when one makes a file executable and the other edits another', async () => {
    const result = await merged(
      () => chmodSync(join(folder, 'tool.sh'), 0o755),
      () => put('old.txt', 'new\n'),
    );
    expect(await files(result)).toContain('100755 tool.sh');
  });

  test('when one deletes what the other left alone, and adds a link', async () => {
    const result = await merged(
      () => rmSync(join(folder, 'old.txt')),
      () => symlinkSync('long.txt', join(folder, 'link')),
    );
    const names = await files(result);
    expect(names).toContain('120000 link');
    expect(names.some((name) => name.endsWith('old.txt'))).toBe(false);
  });

  test('when both add the same file with the same bytes', async () => {
    const same = (): void => put('added/same.txt', 'same\n');
    expect(await files(await merged(same, same))).toContain('100644 added/same.txt');
  });
});

describe('a merge of trees is a conflict that names its paths', () => {
  test.each<[string, () => void, () => void, string]>([
    [
      'two changes of one binary file',
      () => writeFileSync(join(folder, 'image.bin'), Buffer.from([0, 9])),
      () => writeFileSync(join(folder, 'image.bin'), Buffer.from([0, 8])),
      'image.bin',
    ],
    ['a deletion against an edit', () => rmSync(join(folder, 'old.txt')), () => put('old.txt', 'edited\n'), 'old.txt'],
    ['two new files of one name', () => put('new.txt', 'one\n'), () => put('new.txt', 'two\n'), 'new.txt'],
  ])('%s', async (_title, one, other, path) => {
    expect(await merged(one, other)).toEqual({ kind: 'conflict', paths: [path] });
  });

  test('also where a tree tells git to take one side (.gitattributes does not count)', async () => {
    const result = await merged(
      () => {
        put('.gitattributes', '* merge=ours\n');
        put('new.txt', 'one\n');
      },
      () => put('new.txt', 'two\n'),
    );
    expect(result).toMatchObject({ kind: 'conflict', paths: ['new.txt'] });
  });
});
