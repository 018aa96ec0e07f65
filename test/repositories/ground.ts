/** Where an odd repository is built: a folder with the repository, the home of its user, and plain git as that user runs it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { CONFIG } from '../story/world.ts';

export interface Ground {
  readonly folder: string;
  /** The repository, unless the entry says another place. */
  readonly repo: string;
  /** The user's home. */
  readonly home: string;
  /** Nothing of a repository may make this file. */
  readonly marker: string;
  /** In the repository, with the user's own configuration; every commit has the same date. */
  git(...args: string[]): string;
  gitIn(folder: string, args: readonly string[], input?: string | Buffer): string;
  /** A file of the repository. */
  put(path: string, content: string | Buffer, mode?: number): void;
  /** A blob of exactly these bytes. */
  blob(content: string | Buffer): string;
  /** Commits all files. */
  commit(message?: string): string;
  /** A commit on `main`, checked out, of a tree that no work tree makes: rows as `mktree` reads them, beside the configuration. */
  commitRows(...rows: string[]): void;
  sh(script: string): void;
  dispose(): void;
}

const DATE = '1700000000 +0000';
const YAML = stringify({ ...CONFIG, checks: [{ id: 'true', run: ['true'] }] });

export function makeGround(): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'governor-odd-'));
  const [repo, home] = [join(folder, 'repo'), join(folder, 'home')];
  mkdirSync(repo);
  mkdirSync(home);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: DATE,
    GIT_COMMITTER_DATE: DATE,
    GIT_EDITOR: 'true',
  };
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = Ada\n\temail = ada@example.test\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n',
  );
  const options = { env, maxBuffer: 64 * 1024 * 1024, stdio: 'pipe' as const };
  const gitIn: Ground['gitIn'] = (cwd, args, input) =>
    execFileSync('git', args, { ...options, cwd, ...(input === undefined ? {} : { input }) })
      .toString('utf8')
      .replace(/\n$/, '');
  const git = (...args: string[]): string => gitIn(repo, args);
  const blob: Ground['blob'] = (content) => gitIn(repo, ['hash-object', '-w', '--no-filters', '--stdin'], content);
  return {
    folder,
    repo,
    home,
    marker: join(folder, 'ran'),
    git,
    gitIn,
    put: (path, content, mode) => {
      mkdirSync(dirname(join(repo, path)), { recursive: true });
      writeFileSync(join(repo, path), content);
      if (mode !== undefined) chmodSync(join(repo, path), mode);
    },
    blob,
    commit: (message = 'base') => {
      git('add', '-A');
      git('commit', '-q', '--no-verify', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    commitRows: (...rows) => {
      const all = [...rows, `100644 blob ${blob(YAML)}\tgovernor.yaml`, `100644 blob ${blob('kept\n')}\tkept.txt`];
      const tree = gitIn(repo, ['mktree', '-z', '--missing'], all.map((row) => `${row}\0`).join(''));
      git('update-ref', 'refs/heads/main', git('commit-tree', tree, '-m', 'base'));
      git('read-tree', 'HEAD');
      git('checkout-index', '-a', '-f', '-q');
      git('update-index', '-q', '--refresh');
    },
    sh: (script) => void execFileSync('bash', ['-euc', script], { ...options, cwd: repo }),
    dispose: () => {
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `main` with a file that is changed and the configuration, checked out. */
export function plain(at: Ground, more: Readonly<Record<string, string | Buffer>> = {}): void {
  at.git('init', '-q', '-b', 'main');
  at.put('kept.txt', 'kept\n');
  at.put('governor.yaml', YAML);
  for (const [path, content] of Object.entries(more)) at.put(path, content);
  at.commit();
}
