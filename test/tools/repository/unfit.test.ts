/** What a run could not live with is told before it begins, with the mend; the repository that looks most like it is none of that. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRepository } from '../../../tools/repository.ts';
import { makeRepo, type TestRepo } from '../repo.ts';

let repo: TestRepo;
let base: string;
beforeEach(() => {
  repo = makeRepo();
  repo.put('a.txt', 'a\n');
  repo.put('d/b.txt', 'b\n');
  base = repo.commit('base');
});
afterEach(() => repo.remove());

const unfit = async (commit = base): Promise<string[]> => (await repo.open()).unfit(commit);
const objectFile = (id: string): string => join(repo.folder, '.git/objects', id.slice(0, 2), id.slice(2));

test('a plain repository is fit', async () => {
  expect(await unfit()).toEqual([]);
});

describe('names in the place of ours', () => {
  test.each([
    ['refs/heads/governor', 'branch -m governor <name>'],
    ['refs/governor', 'update-ref -d refs/governor'],
  ])('%s is told with its mend, also packed', async (ref, mend) => {
    repo.git('update-ref', ref, base);
    expect(await unfit()).toEqual([expect.stringContaining(mend)]);
    repo.git('pack-refs', '--all');
    expect(await unfit()).toEqual([expect.stringContaining(mend)]);
    const id = '11111111-2222-3333-4444-555555555555';
    expect(() => repo.git('update-ref', `${ref}/${id}`, base)).toThrow();
  });

  test('branches that only begin like it, and those of earlier runs, are no matter', async () => {
    for (const name of ['governors', 'my/governor', 'governor/11111111-2222-3333-4444-555555555555']) repo.git('branch', name);
    expect(await unfit()).toEqual([]);
  });
});

describe('objects that stand for others', () => {
  test('are told where the base is made of them', async () => {
    const other = repo.git('hash-object', '-w', 'd/b.txt');
    const used = repo.git('rev-parse', 'HEAD:a.txt');
    repo.git('replace', used, other);
    expect(await unfit()).toEqual([expect.stringContaining(`replace -d ${used}`)]);
  });

  test('and are no matter in the history before it', async () => {
    repo.put('a.txt', 'two\n');
    const next = repo.commit('next');
    repo.git('replace', base, repo.git('commit-tree', `${base}^{tree}`, '-m', 'joined'));
    expect(await unfit(next)).toEqual([]);
  });
});

describe('objects that are not there', () => {
  test('are told, and what only the history has is no matter', async () => {
    const old = repo.git('rev-parse', 'HEAD:a.txt');
    repo.put('a.txt', 'two\n');
    const next = repo.commit('next');
    rmSync(objectFile(old));
    expect(await unfit(next)).toEqual([]);
    rmSync(objectFile(repo.git('rev-parse', 'HEAD:d/b.txt')));
    expect(await unfit(next)).toEqual([expect.stringMatching(/1 object\(s\) of commit .* are not here.*fsck/)]);
  });

  test('a damaged tree is told', async () => {
    const file = objectFile(repo.git('rev-parse', 'HEAD:d'));
    rmSync(file);
    writeFileSync(file, 'no object');
    expect(await unfit()).toEqual([expect.stringMatching(/objects of commit .* are damaged .*fsck/)]);
  });
});

describe('a partial clone', () => {
  const clone = (filter: string): string => {
    repo.git('config', 'uploadpack.allowFilter', 'true');
    repo.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    const folder = join(repo.root, `partial-${filter.replace(':', '-')}`);
    execFileSync('git', ['clone', '-q', '--no-checkout', `--filter=${filter}`, `file://${repo.folder}`, folder]);
    return folder;
  };

  test.each(['blob:none', 'tree:0'])('of %s gets the files of the base from where it was cloned', async (filter) => {
    const repository = await openRepository(clone(filter), repo.state);
    expect(await repository.readFile(base, 'd/b.txt').catch(() => undefined)).toBeUndefined();
    expect(await repository.unfit(base)).toEqual([]);
    expect((await repository.readFile(base, 'd/b.txt'))?.toString()).toBe('b\n');
    await repository.bringObjects(base);
    repository.close();
  });

  test('whose remote is out of reach is told with the command that fetches them', async () => {
    const repository = await openRepository(clone('blob:none'), repo.state);
    execFileSync('mv', [repo.folder, `${repo.folder}-away`]);
    expect(await repository.unfit(base)).toEqual([
      expect.stringMatching(/is a partial clone: 2 object\(s\).*origin did not give them.*fetch --refetch --no-filter origin/),
    ]);
    await expect(repository.bringObjects(base)).rejects.toMatchObject({ code: 'DEPLOY_FAILED' });
    repository.close();
  });
});

describe('what git keeps in other forms', () => {
  test('a repository of SHA-256 gives and takes objects as any other', async () => {
    const folder = join(repo.root, 'sha256');
    execFileSync('git', ['init', '-q', '-b', 'main', '--object-format=sha256', folder]);
    writeFileSync(join(folder, 'a.txt'), 'a\n');
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@localhost', ...args], { encoding: 'utf8' }).trim();
    git('add', '-A');
    git('commit', '-q', '-m', 'base');
    const repository = await openRepository(folder, repo.state);
    const head = await repository.resolveCommit('HEAD');
    expect(head).toMatch(/^[0-9a-f]{64}$/);
    expect(await repository.unfit(head)).toEqual([]);
    const workTree = await repository.checkout(await repository.treeOf(head), join(repo.root, 'work'));
    writeFileSync(join(workTree.folder, 'b.txt'), 'b\n');
    const tree = await workTree.snapshot();
    const commit = await repository.commit({ tree, parents: [head], message: 'm', stamp: { author: 'A <a@b>', atSeconds: 1 } });
    expect(await repository.updateRef('refs/heads/made', commit, null)).toBe(true);
    expect(await repository.updateRef('refs/heads/made', commit, null)).toBe(false);
    expect(git('show', 'made:b.txt')).toBe('b');
    expect(git('fsck', '--strict')).toBe('');
    repository.close();
  });

  test('a shared repository gets objects that the group may write beside; another does not', async () => {
    const modes = async (state: string): Promise<(number | undefined)[]> => {
      const known = new Set(readdirSync(join(repo.folder, '.git/objects')));
      const repository = await openRepository(repo.folder, state);
      const workTree = await repository.checkout(await repository.treeOf(base), join(repo.root, `work-${known.size}`));
      for (let index = 0; index < 20; index += 1) writeFileSync(join(workTree.folder, `${known.size}-${index}`), `${known.size}-${index}`);
      await workTree.snapshot();
      repository.close();
      const made = readdirSync(join(repo.folder, '.git/objects')).filter((name) => !known.has(name));
      return [...new Set(made.map((name) => statSync(join(repo.folder, '.git/objects', name)).mode & 0o020))];
    };
    expect(await modes(repo.state)).toEqual([0]);
    // A home that knows the repository from before the setting.
    repo.git('config', 'core.sharedRepository', 'group');
    expect(await modes(repo.state)).toEqual([0o020]);
  });

  test('a shallow clone knows where its history ends, and borrowed objects are found', async () => {
    for (const text of ['2\n', '3\n']) {
      repo.put('a.txt', text);
      repo.commit(text);
    }
    const shallow = join(repo.root, 'shallow');
    execFileSync('git', ['clone', '-q', '--depth=2', `file://${repo.folder}`, shallow]);
    const borrowed = join(repo.root, 'borrowed');
    execFileSync('git', ['clone', '-q', '--shared', repo.folder, borrowed]);
    for (const folder of [shallow, borrowed]) {
      const repository = await openRepository(folder, repo.state);
      const head = await repository.resolveCommit('HEAD');
      expect(await repository.unfit(head)).toEqual([]);
      expect(await repository.isAncestor(await repository.resolveCommit('HEAD~1'), head)).toBe(true);
      const other = await repository.commit({
        tree: await repository.treeOf(head),
        parents: [],
        message: 'other',
        stamp: { author: 'A <a@b>', atSeconds: 1 },
      });
      expect(await repository.isAncestor(other, head)).toBe(false);
      repository.close();
    }
    expect(existsSync(join(shallow, '.git/shallow'))).toBe(true);
  });

  test('a repository without a commit, git data in place of a checkout, and a folder that is none are told', async () => {
    const empty = join(repo.root, 'empty');
    execFileSync('git', ['init', '-q', empty]);
    const repository = await openRepository(empty, repo.state);
    await expect(repository.resolveCommit('HEAD')).rejects.toThrow(/has no commit yet/);
    await expect(openRepository(join(repo.folder, '.git'), repo.state)).rejects.toThrow(/name the folder of its checkout/);
    mkdirSync(join(repo.root, 'plain'));
    await expect(openRepository(join(repo.root, 'plain'), repo.state)).rejects.toThrow(/is not a git repository that git can open: fatal:/);
    repo.git('config', 'core.repositoryFormatVersion', '1');
    repo.git('config', 'extensions.strange', 'true');
    await expect(repo.open()).rejects.toThrow(/unknown repository extension/);
  });
});
