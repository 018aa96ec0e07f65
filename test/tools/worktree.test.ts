/** Work trees against an agent that owns the folder: what a snapshot sees, what a restore brings back, and that nothing runs. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Repository, WorkTree } from '../../domain/workspace.ts';
import { makeRepo, type TestRepo } from './repo.ts';

let repo: TestRepo;
let repository: Repository;
let base: string;
let workTree: WorkTree;
let folder: string;

beforeEach(async () => {
  repo = makeRepo();
  repo.put('a.txt', 'a\n');
  repo.put('src/b.txt', 'b\n');
  repo.put('.gitignore', 'ignored/\n*.log\n');
  repo.put('kept.log', 'tracked although a rule ignores it\n');
  repo.git('add', '-f', 'kept.log');
  repository = await repo.open();
  base = await repository.treeOf(repo.commit('base'));
  folder = join(repo.root, 'work');
  workTree = await repository.checkout(base, folder);
});
afterEach(() => repo.remove());

const names = async (tree: string): Promise<string[]> =>
  (await repository.listTree(tree)).map((entry) => `${entry.mode} ${entry.path}`).toSorted();
const BASE = ['100644 .gitignore', '100644 a.txt', '100644 kept.log', '100644 src/b.txt'];

describe('the current tree', () => {
  test('is remembered until something is about to change the folder', async () => {
    const first = await workTree.current();
    writeFileSync(join(folder, 'a.txt'), 'changed\n');
    expect(await workTree.current()).toBe(first);
    workTree.touched();
    const second = await workTree.current();
    expect(second).not.toBe(first);
    expect(second).toBe(await workTree.snapshot());
  });

  test('is the one that was restored, whoever restored it', async () => {
    writeFileSync(join(folder, 'a.txt'), 'changed\n');
    const changed = await workTree.snapshot();
    await workTree.restore(base);
    expect(await workTree.current()).toBe(base);
    expect(await workTree.snapshot()).toBe(base);
    await workTree.restore(changed);
    expect(await workTree.current()).toBe(changed);
  });
});

describe('a snapshot', () => {
  test('of an untouched checkout is the tree itself, also with tracked files that a rule ignores', async () => {
    expect(await workTree.snapshot()).toBe(base);
    expect(existsSync(join(folder, '.git'))).toBe(false);
  });

  test('holds new, changed, deleted and linked files and modes, and leaves ignored ones out', async () => {
    await repo.sh(
      folder,
      'echo x > new; chmod +x a.txt; rm src/b.txt; ln -s /etc/passwd out; mkdir ignored; echo y > ignored/z; echo l > n.log',
    );
    expect(await names(await workTree.snapshot())).toEqual([
      '100644 .gitignore',
      '100644 kept.log',
      '100644 new',
      '100755 a.txt',
      '120000 out',
    ]);
  });

  test('writes nothing into the repository but objects: its index, refs and checkout are untouched', async () => {
    const before = [
      repo.git('for-each-ref'),
      repo.git('status', '--porcelain'),
      readFileSync(join(repo.folder, '.git/index')).toString('hex'),
    ];
    await repo.sh(folder, 'echo x > new');
    await workTree.snapshot();
    expect([
      repo.git('for-each-ref'),
      repo.git('status', '--porcelain'),
      readFileSync(join(repo.folder, '.git/index')).toString('hex'),
    ]).toEqual(before);
  });

  test('of two thousand files takes them all', async () => {
    await repo.sh(folder, 'mkdir many; cd many; i=0; while [ $i -lt 2000 ]; do : > f$i; i=$((i+1)); done');
    expect(await names(await workTree.snapshot())).toHaveLength(BASE.length + 2000);
  });

  test('keeps the empty place of a submodule', async () => {
    repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.git('rev-parse', 'HEAD')},vendor/sub`);
    const tree = repo.git('write-tree');
    const other = await repository.checkout(tree, join(repo.root, 'other'));
    expect(await other.snapshot()).toBe(tree);
  });
});

describe('no configuration that an agent planted is ever run:', () => {
  const plant = (place: string, marker: string): string =>
    `mkdir -p ${place} && cd ${place} && git init -q . && echo '* filter=x' > .gitattributes && echo 1 > f && git add -A &&
     git -c user.name=a -c user.email=a@b commit -qm x && echo 22 > f &&
     git config filter.x.clean 'touch ${marker}; cat' && git config filter.x.smudge 'touch ${marker}; cat' &&
     git config core.fsmonitor 'touch ${marker}'`;

  test.each(['nested', 'node_modules/nested', 'src/deep/node_modules/x', '.'])('a repository in %s', async (place) => {
    const marker = join(repo.root, 'ran');
    expect((await repo.sh(folder, plant(place, marker))).exitCode).toBe(0);
    const tree = await workTree.snapshot();
    await workTree.snapshot();
    await workTree.restore(tree);
    await workTree.restore(base);
    expect(existsSync(marker)).toBe(false);
    expect(await names(tree)).not.toContainEqual(expect.stringMatching(/^160000/));
    expect(await names(tree)).toContain(`100644 ${place === '.' ? '' : `${place}/`}f`);
    expect(await workTree.snapshot()).toBe(base);
  });

  test('a .git file that leads to a git dir elsewhere in the tree', async () => {
    const marker = join(repo.root, 'ran');
    await repo.sh(folder, `${plant('evil', marker)} && mv .git ../evil.data && cd .. && echo 'gitdir: evil.data' > .git && echo 2 > a.txt`);
    const tree = await workTree.snapshot();
    await workTree.restore(base);
    expect(existsSync(marker)).toBe(false);
    expect((await repository.readFile(tree, 'a.txt'))?.toString()).toBe('2\n');
  });

  test('a filter named by attributes of the tree, while the repository has such a driver', async () => {
    const marker = join(repo.root, 'ran');
    repo.git('config', 'filter.x.clean', `touch ${marker}; cat`);
    repo.git('config', 'filter.x.smudge', `touch ${marker}; cat`);
    await repo.sh(folder, "echo '* filter=x' > .gitattributes; echo 3 > a.txt");
    await workTree.restore(await workTree.snapshot());
    expect(existsSync(marker)).toBe(false);
  });
});

describe('what no tree can hold is removed, and the rest is recorded:', () => {
  test.each([
    ['a pipe in the place of a tracked file', 'rm a.txt; mkfifo a.txt p', ['100644 .gitignore', '100644 kept.log', '100644 src/b.txt']],
    ['names that are git data on another system', "mkdir '.git ' 'GIT~1'; touch '.git /x' 'GIT~1/x' '.git::$INDEX' 'x\\.git'", BASE],
    ['.gitmodules as a link', 'ln -s a.txt .gitmodules', BASE],
    ['a socket', `python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")'`, BASE],
  ])('%s', async (_title, script, expected) => {
    expect((await repo.sh(folder, script)).exitCode).toBe(0);
    expect(await names(await workTree.snapshot())).toEqual(expected);
    await workTree.restore(base);
    expect(await workTree.snapshot()).toBe(base);
  });

  test('folders deeper than the system can open by path', async () => {
    const made = await repo.sh(folder, 'perl -e \'for (1..400) { mkdir "a" x 20; chdir "a" x 20 } open(F, ">x")\'');
    expect(made.exitCode).toBe(0);
    expect(await workTree.snapshot()).toBe(base);
    await repo.sh(folder, 'perl -e \'for (1..400) { mkdir "a" x 20; chdir "a" x 20 } open(F, ">x")\'');
    await workTree.remove();
    expect(readdirSync(repo.root).filter((name) => name.startsWith('work'))).toEqual([]);
  });

  test('names that are not UTF-8 neither stop a command, nor a snapshot, nor a restore', async () => {
    await repo.sh(folder, 'd="$(printf "\\377")"; mkdir "$d"; echo x > "$d/$d"');
    expect((await repo.sh(folder, 'ls | wc -l')).stdout.trim()).toBe('4');
    expect(await names(await workTree.snapshot())).toHaveLength(BASE.length + 1);
    await workTree.restore(base);
    expect(await workTree.snapshot()).toBe(base);
    await repo.sh(folder, 'mkdir "$(printf "\\377")"');
    await workTree.remove();
    expect(existsSync(folder)).toBe(false);
  });

  test('folders and files that a command closed to itself are recorded', async () => {
    await repo.sh(folder, 'mkdir z; echo q > z/q; chmod 000 z/q z src a.txt');
    expect(await names(await workTree.snapshot())).toEqual([...BASE, '100644 z/q'].toSorted());
  });
});

describe('a restore', () => {
  test('brings back changed and deleted files, removes new ones, and leaves ignored ones', async () => {
    await repo.sh(folder, 'echo x > a.txt; rm -r src; mkdir new; echo n > new/n; mkdir ignored; echo i > ignored/i');
    await workTree.restore(base);
    expect(readdirSync(folder).toSorted()).toEqual(['.gitignore', 'a.txt', 'ignored', 'kept.log', 'src']);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('a\n');
    expect(await workTree.snapshot()).toBe(base);
  });

  test('is not deceived by an ignore rule that a command wrote to keep its files', async () => {
    await repo.sh(folder, "echo '*' > .gitignore; echo evil > evil; echo evil > src/evil");
    await workTree.restore(base);
    expect(existsSync(join(folder, 'evil'))).toBe(false);
    expect(existsSync(join(folder, 'src/evil'))).toBe(false);
    expect(await workTree.snapshot()).toBe(base);
  });

  test('writes nothing through a link that stands where the tree has a folder or a file', async () => {
    const outside = join(repo.root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'b.txt'), 'outside\n');
    await repo.sh(folder, `rm -r src a.txt; ln -s ${outside} src; ln -s ${outside}/b.txt a.txt`);
    await workTree.restore(base);
    expect(readFileSync(join(outside, 'b.txt'), 'utf8')).toBe('outside\n');
    expect(lstatSync(join(folder, 'src')).isDirectory()).toBe(true);
    expect(lstatSync(join(folder, 'a.txt')).isFile()).toBe(true);
    expect(await workTree.snapshot()).toBe(base);
  });

  test('removes no folder outside that a link puts in the place of a tracked file', async () => {
    const outside = join(repo.root, 'outside');
    mkdirSync(join(outside, 'b.txt'), { recursive: true });
    writeFileSync(join(outside, 'b.txt/kept'), 'kept');
    await repo.sh(folder, `rm -r src; ln -s ${outside} src`);
    await workTree.restore(base);
    expect(readFileSync(join(outside, 'b.txt/kept'), 'utf8')).toBe('kept');
    expect(await workTree.snapshot()).toBe(base);
  });

  test('removes an untracked link, never what it points to', async () => {
    const outside = join(repo.root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), 'kept');
    symlinkSync(outside, join(folder, 'link'));
    await workTree.restore(base);
    expect(existsSync(join(folder, 'link'))).toBe(false);
    expect(readFileSync(join(outside, 'kept'), 'utf8')).toBe('kept');
  });

  test('swaps a folder for a file and back', async () => {
    await repo.sh(folder, 'rm -r src; echo file > src; rm a.txt; mkdir a.txt; echo in > a.txt/in');
    const swapped = await workTree.snapshot();
    await workTree.restore(base);
    expect(await workTree.snapshot()).toBe(base);
    await workTree.restore(swapped);
    expect(await workTree.snapshot()).toBe(swapped);
    expect(await names(swapped)).toEqual(['100644 .gitignore', '100644 a.txt/in', '100644 kept.log', '100644 src']);
  });
});
