/** A user's repository by plumbing. Trees and objects go through a clean git dir of ours; only refs and remotes touch theirs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { StopError, toError, UsageError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import { sha256 } from '../domain/ids.ts';
import type { CommitStamp, MergeResult, Repository, TreeEntry } from '../domain/workspace.ts';
import { checkoutClean, moveCheckout } from './checkout.ts';
import { parseChanges } from './diff.ts';
import { GitError, type GitOptions, runGit } from './git.ts';
import { createObjectReader } from './object-reader.ts';
import { checkoutTree, type GitPlace, openWorkTree } from './worktree.ts';

const ZERO_OID = '0'.repeat(40);
const PUSH_TIMEOUT_MS = 120_000;

/** @throws UsageError: no such folder, no repository, no commit. */
export async function openRepository(path: string, stateFolder: string): Promise<Repository> {
  if (!existsSync(path)) throw new UsageError(`repository ${path}: there is no such folder`);
  const folder = realpathSync(path);
  const { absolute, bare, commonWord, topWord } = await placesOf(folder);
  if (absolute === '') throw new UsageError(`repository ${path}: is not a git repository`);
  const top = bare ? absolute : realpathSync(topWord);
  const common = realpathSync(isAbsolute(commonWord) ? commonWord : resolve(folder, commonWord));
  const clean = cleanPlace(common, stateFolder);
  return makeRepository(top, bare, common, clean);
}

/** Where a repository is. Asked at once; one by one only where a name of many lines could be taken for several. */
async function placesOf(folder: string): Promise<{ absolute: string; bare: boolean; commonWord: string; topWord: string }> {
  const ask = async (...flags: string[]): Promise<string> =>
    (await runGit(['rev-parse', ...flags], { cwd: folder, okCodes: [128] })).stdout.toString();
  const flags = ['--is-bare-repository', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'] as const;
  const lines = (await ask(...flags)).split('\n').slice(0, -1);
  // A bare repository has no top folder: git says the others, and ends with an error.
  const isClear = lines.length === (lines[0] === 'true' ? 3 : 4);
  const [bare = '', absolute = '', commonWord = '', topWord = ''] =
    isClear || lines.length === 0 ? lines : await Promise.all(flags.map(async (flag) => (await ask(flag)).replace(/\n$/, '')));
  return { absolute, bare: bare === 'true', commonWord, topWord };
}

/** A path as it stands in a tree. A name of many lines cannot be asked for, and `tree:./a` is another question than `a`. */
const isPlain = (file: string): boolean => !file.includes('\n') && file.split('/').every((part) => !['', '.', '..'].includes(part));

/** Our own git dir for a repository: no hook, filter, driver or setting of theirs; their objects. */
function cleanPlace(common: string, stateFolder: string): GitPlace {
  const gitDir = join(stateFolder, 'git', createHash('sha256').update(common).digest('hex').slice(0, 24));
  if (!existsSync(join(gitDir, 'HEAD'))) {
    for (const name of ['refs', 'objects', 'info']) mkdirSync(join(gitDir, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(gitDir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = false\n');
    writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n');
  }
  return { gitDir, objects: join(common, 'objects') };
}

function makeRepository(path: string, bare: boolean, common: string, clean: GitPlace): Repository {
  const ours = (args: readonly string[], more: GitOptions = {}) => runGit(args, { ...clean, ...more });
  const theirs = (args: readonly string[], more: GitOptions = {}) => runGit(args, { gitDir: common, ...more });
  const line = async (work: Promise<{ stdout: Buffer }>): Promise<string> => (await work).stdout.toString('utf8').trim();
  const readRef = async (ref: string): Promise<string | undefined> =>
    (await line(theirs(['rev-parse', '--verify', '--quiet', `${ref}^{}`], { okCodes: [1, 128] }))) || undefined;
  const objects = createObjectReader(clean);
  const blob = async (oid: string): Promise<Buffer> => {
    const found = await objects.read(oid);
    if (found?.type !== 'blob') throw new GitError(`git cat-file: ${oid} is no blob of ${path}`, null);
    return found.content;
  };
  const commit = async (options: { tree: string; parents: readonly string[]; message: string; stamp: CommitStamp }): Promise<string> => {
    const match = /^(.+) <(.+)>$/.exec(options.stamp.author);
    const [, name = 'Governor', email = 'governor@localhost'] = match ?? [];
    const date = `@${options.stamp.atSeconds} +0000`;
    const env = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    };
    return line(
      ours(['commit-tree', options.tree, ...options.parents.flatMap((parent) => ['-p', parent])], { env, stdin: options.message }),
    );
  };
  const merge = async (base: string, left: string, right: string): Promise<MergeResult> => {
    const stamp: CommitStamp = { author: 'Governor <governor@localhost>', atSeconds: 0 };
    const tree = async (id: string) => line(ours(['rev-parse', `${id}^{tree}`]));
    const root = await commit({ tree: await tree(base), parents: [], message: 'base', stamp });
    const sides = await Promise.all(
      [left, right].map(async (id, index) => commit({ tree: await tree(id), parents: [root], message: `side ${index}`, stamp })),
    );
    const result = await ours(['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ...sides], { okCodes: [1] });
    const [written = '', ...paths] = result.stdout
      .toString('utf8')
      .split('\0')
      .filter((word) => word !== '');
    return result.code === 0 ? { kind: 'clean', tree: written.trim() } : { kind: 'conflict', paths: [...new Set(paths)] };
  };
  const remoteUrl = async (remote: string): Promise<string> => {
    const url = await line(theirs(['config', '--get', `remote.${remote}.url`], { okCodes: [1] }));
    if (url === '') throw new StopError('DEPLOY_FAILED', `remote ${JSON.stringify(remote)}: ${path} has no such remote`);
    return /^[a-z+]+:\/\/|^[^/]+@[^/]+:/.test(url) || isAbsolute(url) ? url : resolve(path, url);
  };
  return {
    path,
    resolveCommit: async (ref) => {
      const found = ref.startsWith('-')
        ? ''
        : await line(runGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], { cwd: path, okCodes: [1, 128] }));
      if (/^[0-9a-f]{40}$/.test(found)) return found;
      if (ref === 'HEAD') throw new UsageError(`repository ${path}: has no commit yet; make one first`);
      throw new UsageError(`ref ${JSON.stringify(ref)}: names no commit in ${path}`);
    },
    branchTip: (branch) => readRef(`refs/heads/${branch}`),
    currentBranch: async () =>
      bare ? null : (await line(runGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: path, okCodes: [1] }))) || null,
    dirtyPaths: async () => {
      if (bare) return [];
      const words = (await runGit(['status', '--porcelain=v1', '-z', '--no-renames'], { cwd: path })).stdout.toString('utf8').split('\0');
      return words
        .filter((word) => word.length > 3)
        .slice(0, 20)
        .map((word) => word.slice(3));
    },
    treeOf: async (id) => {
      const found = await objects.find(`${id}^{tree}`);
      if (found === undefined) throw new GitError(`git cat-file: ${id} has no tree in ${path}`, null);
      return found.oid;
    },
    listTree: async (treeish) => {
      const rows = (await ours(['ls-tree', '-r', '-z', '--full-tree', treeish])).stdout.toString('utf8').split('\0');
      return rows.flatMap((row): TreeEntry[] => {
        const match = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(row);
        return match === null ? [] : [{ mode: match[1] ?? '', oid: match[2] ?? '', path: match[3] ?? '' }];
      });
    },
    readFile: async (treeish, file) => {
      if (isPlain(file)) {
        const found = await objects.read(`${treeish}:${file}`);
        if (found !== undefined) return found.type === 'blob' ? found.content : undefined;
        if ((await objects.find(`${treeish}^{tree}`)) !== undefined) return undefined;
        // No such tree: git says so.
      }
      const row = (await ours(['ls-tree', '-z', '--full-tree', treeish, '--', file])).stdout.toString('utf8');
      const match = /^(100644|100755|120000) blob ([0-9a-f]+)\t/.exec(row);
      return match === null ? undefined : blob(match[2] ?? '');
    },
    blob,
    diff: async (from, to) => {
      const raw = (await ours(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '-M50%', '-l0', from, to])).stdout;
      return parseChanges(raw, async (oid) => sha256(await blob(oid)));
    },
    countLines: async (from, to) => {
      const rows = (await ours(['diff-tree', '-r', '-z', '--numstat', '--no-renames', from, to])).stdout.toString('utf8').split('\0');
      return rows.reduce((sum, row) => {
        const match = /^(\d+)\t(\d+)\t/.exec(row);
        return match === null ? sum : sum + Number(match[1]) + Number(match[2]);
      }, 0);
    },
    patch: async (from, to) =>
      (await ours(['diff-tree', '-r', '-p', '--binary', '--full-index', '-M50%', '--no-color', '--no-ext-diff', '--no-textconv', from, to]))
        .stdout,
    commit,
    merge,
    isAncestor: async (ancestor, descendant) =>
      (await ours(['merge-base', '--is-ancestor', ancestor, descendant], { okCodes: [1, 128] })).code === 0,
    updateRef: async (ref, to, from) => {
      try {
        const point = `ref:${ref.split('/')[1] ?? ''}`;
        failpoint(`${point}:before`);
        await theirs(to === null ? ['update-ref', '-d', ref, from ?? ZERO_OID] : ['update-ref', ref, to, from ?? ZERO_OID]);
        failpoint(`${point}:after`);
        return true;
      } catch (error) {
        if (error instanceof GitError && (await readRef(ref)) !== (from ?? undefined)) return false;
        throw error;
      }
    },
    readRef,
    listRefs: async (prefix) =>
      (await theirs(['for-each-ref', '--format=%(refname)', prefix])).stdout
        .toString('utf8')
        .split('\n')
        .filter((name) => name !== ''),
    checkoutOf: async (branch) => {
      const words = (await theirs(['worktree', 'list', '--porcelain', '-z'])).stdout.toString('utf8').split('\0');
      let folder: string | undefined;
      for (const word of words) {
        if (word.startsWith('worktree ')) folder = word.slice('worktree '.length);
        if (word === `branch refs/heads/${branch}` && folder !== undefined && existsSync(folder)) return realpathSync(folder);
      }
      return undefined;
    },
    checkoutClean,
    moveCheckout,
    remoteTip: async (remote, branch) => {
      try {
        const row = await line(
          theirs(['ls-remote', '--', await remoteUrl(remote), `refs/heads/${branch}`], { timeoutMs: PUSH_TIMEOUT_MS }),
        );
        return row.split('\t')[0] || undefined;
      } catch (error) {
        if (error instanceof StopError) throw error;
        throw new StopError('DEPLOY_FAILED', `remote ${remote}: ${toError(error).message}`, { cause: error });
      }
    },
    push: async (remote, id, branch, from) => {
      const ref = `refs/heads/${branch}`;
      failpoint('push:before');
      const result = await theirs(
        [
          'push',
          '--atomic',
          '--no-verify',
          '--porcelain',
          `--force-with-lease=${ref}:${from ?? ''}`,
          '--',
          await remoteUrl(remote),
          `${id}:${ref}`,
        ],
        {
          okCodes: [1, 128],
          timeoutMs: PUSH_TIMEOUT_MS,
        },
      );
      failpoint('push:after');
      if (result.code === 0) return 'pushed';
      const said = `${result.stdout.toString('utf8')}\n${result.stderr}`;
      if (/stale info|fetch first|non-fast-forward|cannot lock ref/.test(said)) return 'moved';
      throw new StopError('DEPLOY_FAILED', `push to ${remote} ${branch}: ${said.trim().slice(0, 500)}`);
    },
    checkout: (tree, folder) => checkoutTree(clean, tree, folder),
    open: async (folder) => {
      if (!existsSync(folder)) throw new UsageError(`work tree ${folder}: there is none`);
      return openWorkTree(clean, folder);
    },
    close: objects.end,
  };
}
