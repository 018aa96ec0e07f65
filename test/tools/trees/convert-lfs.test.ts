/** Files of LFS: pointers stay what they are, changed content goes through git lfs, and without it nothing is stored raw. */

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Repository, WorkTree } from '../../../domain/workspace.ts';
import { makeRepo, type TestRepo } from '../repo.ts';

const CONTENT = Buffer.from([0, 1, 2, 3, 255, 10]);
const sha = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const pointer = (content: Buffer): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha(content)}\nsize ${content.length}\n`;
const OLD = pointer(Buffer.from('old'));

let repo: TestRepo;
let repository: Repository;
let work: WorkTree;
const path = process.env['PATH'] ?? '';
beforeEach(async () => {
  repo = makeRepo();
  repo.put('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n*.secret filter=crypt\n');
  repo.put('a.bin', OLD);
  repo.put('old.secret', 'sealed');
  const base = repo.commit('base');
  repository = await repo.open();
  work = await repository.checkout(await repository.treeOf(base), join(repo.root, 'work'), base);
});
afterEach(() => {
  process.env['PATH'] = path;
  repo.remove();
});

/** A `git lfs` that speaks the filter protocol of git and keeps content as the real one does. `log`: one line a process. */
const FAKE = `#!/usr/bin/env node
const fs = require('node:fs'), path = require('node:path'), { createHash } = require('node:crypto'), { execFileSync } = require('node:child_process');
if (process.argv[2] !== 'filter-process') process.exit(0);
fs.appendFileSync(__filename + '.log', 'process\\n');
const storage = execFileSync('git', ['config', '--get', 'lfs.storage'], { encoding: 'utf8' }).trim();
const packet = (data) => { const b = Buffer.from(data); fs.writeSync(1, Buffer.concat([Buffer.from((b.length + 4).toString(16).padStart(4, '0')), b])); };
const flush = () => fs.writeSync(1, '0000');
const exactly = (n) => { const b = Buffer.alloc(n); for (let at = 0; at < n; ) { const got = fs.readSync(0, b, at, n - at); if (got === 0) process.exit(0); at += got; } return b; };
const read = () => { const n = parseInt(exactly(4).toString(), 16); return n === 0 ? null : exactly(n - 4); };
const list = () => { const all = []; for (let one = read(); one !== null; one = read()) all.push(one); return all; };
list(); packet('git-filter-server\\n'); packet('version=2\\n'); flush();
list(); packet('capability=clean\\n'); flush();
for (;;) {
  list();
  const content = Buffer.concat(list());
  const oid = createHash('sha256').update(content).digest('hex');
  const folder = path.join(storage, 'objects', oid.slice(0, 2), oid.slice(2, 4));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, oid), content);
  packet('status=success\\n'); flush();
  packet('version https://git-lfs.github.com/spec/v1\\noid sha256:' + oid + '\\nsize ' + content.length + '\\n'); flush(); flush();
}
`;
function installLfs(): string {
  const bin = join(repo.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'git-lfs'), FAKE);
  chmodSync(join(bin, 'git-lfs'), 0o755);
  process.env['PATH'] = `${bin}:${path}`;
  return join(bin, 'git-lfs.log');
}
/** A PATH on which git finds no git lfs, whatever this machine has. */
function hideLfs(): void {
  const bin = join(repo.root, 'hidden');
  mkdirSync(bin);
  writeFileSync(join(bin, 'git-lfs'), '#!/bin/sh\necho "git: lfs is not a git command" >&2\nexit 1\n');
  chmodSync(join(bin, 'git-lfs'), 0o755);
  process.env['PATH'] = `${bin}:${path}`;
}
const put = (name: string, content: string | Buffer): void => writeFileSync(join(work.folder, name), content);
const stored = async (tree: string, name: string): Promise<string | undefined> =>
  (await repository.readFile(tree, name))?.toString('latin1');

describe('with git lfs', () => {
  test('changed and new content is stored as pointers, its bytes where LFS of the repository keeps them, by one process', async () => {
    const log = installLfs();
    put('a.bin', CONTENT);
    put('new.bin', Buffer.from('new'));
    put('raw.dat', CONTENT);
    const tree = await work.snapshot();
    expect(await stored(tree, 'a.bin')).toBe(pointer(CONTENT));
    expect(await stored(tree, 'new.bin')).toBe(pointer(Buffer.from('new')));
    expect(await stored(tree, 'raw.dat')).toBe(CONTENT.toString('latin1'));
    expect(readFileSync(log, 'utf8')).toBe('process\n');
    const oid = sha(CONTENT);
    expect(readFileSync(join(repo.folder, '.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid))).toEqual(CONTENT);
    expect(await work.snapshot()).toBe(tree);
    await work.restore(tree);
    expect(readFileSync(join(work.folder, 'a.bin'), 'utf8')).toBe(pointer(CONTENT));
    expect(await work.snapshot()).toBe(tree);
  });

  test('attributes of the candidate neither bring LFS to a file nor take it away', async () => {
    const log = installLfs();
    put('.gitattributes', '*.dat filter=lfs\n');
    put('raw.dat', CONTENT);
    expect(await stored(await work.snapshot(), 'raw.dat')).toBe(CONTENT.toString('latin1'));
    expect(existsSync(log)).toBe(false);
    put('a.bin', CONTENT);
    expect(await stored(await work.snapshot(), 'a.bin')).toBe(pointer(CONTENT));
  });
});

describe('without git lfs', () => {
  test('content that a command writes is stored nowhere: the stop names path, rule and mend', async () => {
    hideLfs();
    put('a.bin', CONTENT);
    await expect(work.snapshot()).rejects.toMatchObject({
      code: 'FILE_UNSTORABLE',
      facts: { path: 'a.bin', rule: 'filter=lfs' },
      message: expect.stringMatching(/"a\.bin" was changed.*filter=lfs.*git lfs is not installed here; install git-lfs, then resume/),
    });
  });

  test('pointers may be moved, copied, emptied, made runnable and deleted', async () => {
    hideLfs();
    await repo.sh(work.folder, 'cp a.bin b.bin; : > empty.bin; chmod +x a.bin');
    const tree = await work.snapshot();
    expect(await stored(tree, 'b.bin')).toBe(OLD);
    expect(await stored(tree, 'empty.bin')).toBe('');
    expect((await repository.listTree(tree)).find((entry) => entry.path === 'a.bin')?.mode).toBe('100755');
    await repo.sh(work.folder, 'rm a.bin');
    expect(await stored(await work.snapshot(), 'a.bin')).toBeUndefined();
  });
});

test('no other filter is run: a changed file of one stops, one that nobody touched stays', async () => {
  const ran = join(repo.root, 'ran');
  for (const name of ['crypt', 'lfs'])
    for (const verb of ['clean', 'smudge', 'process']) repo.git('config', `filter.${name}.${verb}`, `touch ${ran}`);
  put('new.txt', 'x');
  expect(await stored(await work.snapshot(), 'old.secret')).toBe('sealed');
  put('old.secret', 'open');
  await expect(work.snapshot()).rejects.toMatchObject({ code: 'FILE_UNSTORABLE', facts: { path: 'old.secret', rule: 'filter=crypt' } });
  installLfs();
  put('old.secret', 'sealed');
  put('a.bin', CONTENT);
  expect(await stored(await work.snapshot(), 'a.bin')).toBe(pointer(CONTENT));
  expect(existsSync(ran)).toBe(false);
});
