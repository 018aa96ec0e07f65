/** A candidate's tree is the base's with exactly what was changed, stored as the base's attributes say. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Repository, WorkTree } from '../../../domain/workspace.ts';
import { makeRepo, type TestRepo } from '../repo.ts';
import { blobOf, commitOf, listed, rawTree } from './repo.ts';

let repo: TestRepo;
let repository: Repository;
beforeEach(async () => {
  repo = makeRepo();
  repo.git('config', 'core.autocrlf', 'false');
});
afterEach(() => repo.remove());

async function checkedOut(base: string): Promise<WorkTree> {
  repository = await repo.open();
  return repository.checkout(await repository.treeOf(base), join(repo.root, 'work'), base);
}
const put = (work: WorkTree, path: string, content: string | Buffer): void => {
  mkdirSync(join(work.folder, path, '..'), { recursive: true });
  writeFileSync(join(work.folder, path), content);
};
const content = async (tree: string, path: string): Promise<string | undefined> =>
  (await repository.readFile(tree, path))?.toString('latin1');
/** What differs between the trees, by plain git. */
const changed = (from: string, to: string): string[] => repo.git('diff-tree', '-r', '--name-only', from, to).split('\n').filter(Boolean);

describe('files that nobody touched', () => {
  test('stay as they are under attributes that the candidate brings: text, eol, ident, an encoding', async () => {
    repo.put('crlf.txt', 'one\r\ntwo\r\n');
    repo.put('id.c', '$Id: somebody wrote this $\n');
    repo.put('plain.md', 'x\n');
    const base = repo.commit('base');
    const work = await checkedOut(base);
    put(work, '.gitattributes', '*.txt text eol=lf\n*.c ident\n*.md working-tree-encoding=UTF-16 text\n');
    await repo.sh(work.folder, 'touch crlf.txt id.c plain.md');
    expect(changed(base, await work.snapshot())).toEqual(['.gitattributes']);
  });

  test('stay as they are where the base itself breaks its rules: carriage returns under text, an expanded ident', async () => {
    const rules = blobOf(repo, '*.txt text\n*.c ident\n*.bat text eol=crlf\n');
    const crlf = blobOf(repo, 'one\r\ntwo\r\n');
    const base = commitOf(repo, [
      `100644 blob ${rules}\t.gitattributes`,
      `100644 blob ${crlf}\ta.bat`,
      `100644 blob ${crlf}\ta.txt`,
      `100644 blob ${blobOf(repo, '$Id: not git $\n')}\tb.c`,
    ]);
    const work = await checkedOut(base);
    put(work, 'new', 'x\n');
    await repo.sh(work.folder, 'touch *; cp a.txt keep; echo y > a.txt');
    await work.snapshot();
    await repo.sh(work.folder, 'mv keep a.txt');
    expect(changed(base, await work.snapshot())).toEqual(['new']);
  });

  test('keep modes that git writes no more and objects that are not there', async () => {
    const old = blobOf(repo, 'old\n');
    const gone = '1'.repeat(40);
    const base = commitOf(repo, [`100664 blob ${old}\told`, `160000 commit ${gone}\tsub`, `100644 blob ${blobOf(repo, 'x')}\tx`]);
    const work = await checkedOut(base);
    put(work, 'x', 'y');
    rmSync(join(work.folder, 'sub'), { recursive: true });
    const tree = await work.snapshot();
    const expected = (mode: string) => [
      [mode, 'old', old],
      ['160000', 'sub', gone],
      ['100644', 'x', blobOf(repo, 'y')],
    ];
    expect(rawTree(repo, tree)).toEqual(expected('100664'));
    chmodSync(join(work.folder, 'old'), 0o755);
    expect(rawTree(repo, await work.snapshot())).toEqual(expected('100755'));
    chmodSync(join(work.folder, 'old'), 0o644);
    expect(await work.snapshot()).toBe(tree);
    put(work, 'old', 'new\n');
    expect(rawTree(repo, await work.snapshot())[0]?.[0]).toBe('100644');
    put(work, 'old', 'old\n');
    expect(await work.snapshot()).toBe(tree);
  });

  test('keep the link of a submodule while commands remove empty folders, and lose it to a file in its place', async () => {
    repo.git('update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},vendor/sub`);
    const tree = repo.git('write-tree');
    const base = repo.git('commit-tree', tree, '-m', 'base');
    const work = await checkedOut(base);
    await repo.sh(work.folder, 'find . -type d -empty -delete; rmdir vendor; echo x > new');
    expect(changed(base, await work.snapshot())).toEqual(['new']);
    await work.restore(tree);
    expect(existsSync(join(work.folder, 'vendor/sub'))).toBe(true);
    await repo.sh(work.folder, 'rm -r vendor; echo x > vendor');
    expect(listed(repo, await work.snapshot())).toEqual([`100644 ${blobOf(repo, 'x\n')} vendor`]);
  });
});

describe('the link of a submodule', () => {
  const MODULES = '[submodule "a"]\n\tpath = vendor/a\n\turl = u\n[submodule "b"]\n\tpath = b\n\turl = u\n';
  const withoutA = MODULES.slice(MODULES.indexOf('[submodule "b"]'));
  const withLinks = () => {
    repo.put('.gitmodules', MODULES);
    for (const path of ['vendor/a', 'b']) repo.git('update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},${path}`);
    repo.git('update-index', '--add', '.gitmodules');
    return repo.git('commit-tree', repo.git('write-tree'), '-m', 'base');
  };

  test('goes with its section in .gitmodules, whether or not its folder stands, and comes back with it', async () => {
    const base = withLinks();
    const work = await checkedOut(base);
    put(work, '.gitmodules', withoutA);
    const removed = await work.snapshot();
    expect(changed(base, removed)).toEqual(['.gitmodules', 'vendor/a']);
    expect(await work.snapshot()).toBe(removed);
    await repo.sh(work.folder, 'rmdir -p vendor/a; echo x > new');
    expect(changed(base, await work.snapshot())).toEqual(['.gitmodules', 'new', 'vendor/a']);
    put(work, '.gitmodules', MODULES);
    expect(changed(base, await work.snapshot())).toEqual(['new']);
    await work.restore(removed);
    expect(await work.snapshot()).toBe(removed);
    rmSync(join(work.folder, '.gitmodules'));
    expect(changed(base, await work.snapshot())).toEqual(['.gitmodules', 'b', 'vendor/a']);
  });

  test('stays where its section is renamed or leads elsewhere, where git cannot read the file, and where something stands in its place', async () => {
    const base = withLinks();
    const work = await checkedOut(base);
    for (const text of [MODULES.replace('"a"', '"other"').replace('= u', '= v'), '[submodule "a\n']) {
      put(work, '.gitmodules', text);
      expect(changed(base, await work.snapshot())).toEqual(['.gitmodules']);
    }
    put(work, '.gitmodules', withoutA);
    put(work, 'vendor/a/file', 'x');
    expect(changed(base, await work.snapshot())).toEqual(['.gitmodules']);
  });
});

describe('files that were changed', () => {
  test('are stored as the base says, whatever the candidate says: text, eol, ident, encoding', async () => {
    repo.put('.gitattributes', '*.txt text\n*.bat text eol=crlf\n*.c ident\nwide.* text working-tree-encoding=UTF-16LE-BOM\n*.bin -text\n');
    repo.put('a.bat', 'rem\r\n');
    repo.put('wide.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a\n', 'utf16le')]));
    const base = repo.commit('base');
    const work = await checkedOut(base);
    expect(readFileSync(join(work.folder, 'a.bat'), 'latin1')).toBe('rem\r\n');
    expect(readFileSync(join(work.folder, 'wide.csv')).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    put(work, '.gitattributes', '* -text -ident\n*.bin text\n');
    put(work, 'a.bat', 'rem\r\necho\r\n');
    put(work, 'a.txt', 'one\r\n');
    put(work, 'a.bin', 'one\r\n');
    put(work, 'a.c', '$Id: 1234 $\n');
    put(work, 'wide.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('é\n', 'utf16le')]));
    const tree = await work.snapshot();
    const stored = async (...paths: string[]) => Promise.all(paths.map((path) => content(tree, path)));
    expect(await stored('a.bat', 'a.txt', 'a.bin', 'a.c')).toEqual(['rem\necho\n', 'one\n', 'one\r\n', '$Id$\n']);
    expect(await repository.readFile(tree, 'wide.csv')).toEqual(Buffer.from('é\n'));
    await work.restore(await repository.treeOf(base));
    await work.restore(tree);
    expect(readFileSync(join(work.folder, 'a.bat'), 'latin1')).toBe('rem\r\necho\r\n');
    expect(await work.snapshot()).toBe(tree);
  });

  test('keep their carriage returns under text=auto where the base has some, and lose them where it has none', async () => {
    const rules = blobOf(repo, '* text=auto\n');
    const rows = [
      `100644 blob ${rules}\t.gitattributes`,
      `100644 blob ${blobOf(repo, 'a\r\n')}\ta`,
      `100644 blob ${blobOf(repo, 'b\n')}\tb`,
    ];
    const work = await checkedOut(commitOf(repo, rows));
    for (const name of ['a', 'b', 'c']) put(work, name, 'x\r\ny\r\n');
    put(work, 'd', 'x\r\n\0');
    const tree = await work.snapshot();
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((path) => content(tree, path)))).toEqual([
      'x\r\ny\r\n',
      'x\ny\n',
      'x\ny\n',
      'x\r\n\0',
    ]);
  });

  test('in UTF-8 are taken where the base wants UTF-16, and what is neither is refused with path, rule and mend', async () => {
    repo.put('.gitattributes', '*.csv text working-tree-encoding=UTF-16\n*.sj text working-tree-encoding=SHIFT-JIS\n');
    const work = await checkedOut(repo.commit('base'));
    put(work, 'a.csv', 'é\n');
    expect(await repository.readFile(await work.snapshot(), 'a.csv')).toEqual(Buffer.from('é\n'));
    put(work, 'odd name.csv', Buffer.from([0xff, 0x00, 0x41]));
    await expect(work.snapshot()).rejects.toMatchObject({
      code: 'FILE_UNSTORABLE',
      facts: { path: 'odd name.csv', rule: 'working-tree-encoding=UTF-16' },
      message: expect.stringMatching(/"odd name\.csv" was changed.*write the file in that encoding/s),
    });
    rmSync(join(work.folder, 'odd name.csv'));
    put(work, 'a.sj', Buffer.from([0x83, 0x65, 0x0a]));
    expect(await repository.readFile(await work.snapshot(), 'a.sj')).toEqual(Buffer.from('テ\n'));
  });

  test('of modes, links and odd names are recorded as they are', async () => {
    repo.put('run', 'x');
    repo.git('config', 'core.fileMode', 'false');
    const base = repo.commit('base');
    const work = await checkedOut(base);
    chmodSync(join(work.folder, 'run'), 0o755);
    const names = [
      'new\nline',
      'quote"d',
      'tab\t',
      'sep\u2028',
      'A',
      'a',
      'é',
      'e\u0301',
      '-rf',
      ':(top)',
      'x'.repeat(255),
      'folder /z',
      '\u{1f600}',
    ];
    for (const name of names) put(work, name, name);
    symlinkSync('run', join(work.folder, 'link'));
    await repo.sh(work.folder, 'printf x > "$(printf "bad\\377")"');
    const expected = [
      ...names.map((name) => `100644 ${blobOf(repo, name)} ${name}`),
      `100755 ${blobOf(repo, 'x')} run`,
      `120000 ${blobOf(repo, 'run')} link`,
    ];
    const rows = listed(repo, await work.snapshot());
    expect(rows.filter((row) => !row.includes('\ufffd')).toSorted()).toEqual(expected.toSorted());
    expect(rows).toHaveLength(expected.length + 1);
    const before = await repository.treeOf(base);
    await work.restore(before);
    expect(await work.snapshot()).toBe(before);
  });

  test('are seen behind bits that hide changes, and by their bytes alone where a rule of the candidate would hide them', async () => {
    repo.put('a.txt', 'one\n');
    const base = repo.commit('base');
    repo.git('update-index', '--skip-worktree', 'a.txt');
    const work = await checkedOut(base);
    put(work, '.gitattributes', '*.txt text eol=crlf\n');
    put(work, 'a.txt', 'one\r\n');
    const tree = await work.snapshot();
    expect(changed(base, tree)).toEqual(['.gitattributes', 'a.txt']);
    expect(await content(tree, 'a.txt')).toBe('one\r\n');
  });

  test('leave no empty folder, and bring one of the base that was emptied', async () => {
    repo.put('only/one', 'x');
    repo.put('b', 'x');
    const base = repo.commit('base');
    const work = await checkedOut(base);
    await repo.sh(work.folder, 'rm only/one; mkdir -p empty/deep');
    expect(listed(repo, await work.snapshot())).toEqual([`100644 ${blobOf(repo, 'x')} b`]);
    await repo.sh(work.folder, 'rm b');
    expect(await work.snapshot()).toBe(repo.git('hash-object', '-t', 'tree', '/dev/null'));
  });

  test('are found when the attributes try to be macros of what decides', async () => {
    repo.put('a.txt', 'one\r\n');
    const base = repo.commit('base');
    const work = await checkedOut(base);
    put(work, '.gitattributes', '[attr]text eol=crlf ident\n[attr]eol text=auto\n* text eol=crlf filter=x\n');
    put(work, 'b.txt', '$Id: x $\r\n');
    const tree = await work.snapshot();
    expect(changed(base, tree)).toEqual(['.gitattributes', 'b.txt']);
    expect(await content(tree, 'b.txt')).toBe('$Id: x $\r\n');
  });
});

test('a work tree that no tree was restored to has nothing to take', async () => {
  repo.put('a', 'x');
  const work = await checkedOut(repo.commit('base'));
  await expect((await repository.open(work.folder)).snapshot()).rejects.toThrow('no tree was restored');
});
