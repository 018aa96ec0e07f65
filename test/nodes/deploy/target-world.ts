/** A real repository with a candidate beside `main`, a release commit of it, and a remote. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReleaseOf, releaseSchema } from '../../../domain/release.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { releaseCommit } from '../../../nodes/deploy/commits.ts';
import type { DeployRequest, Undoing } from '../../../nodes/deploy/targets/target.ts';
import { openRepository } from '../../../tools/repository.ts';

export const STAMP = { author: 'Governor <governor@localhost>', atSeconds: 1_700_000_000 };

export interface TargetWorld {
  readonly repo: string;
  readonly repository: Repository;
  /** Where `main` is. */
  readonly before: string;
  /** The release of branch `work` on it. */
  readonly commit: string;
  readonly merge: DeployRequest<ReleaseOf<'merge'>>;
  readonly push: DeployRequest<ReleaseOf<'push'>>;
  git(...args: string[]): string;
  /** The same in the remote. */
  remote(...args: string[]): string;
  write(name: string, content: string): void;
  commitAll(message: string): string;
  /** What a rollback of `commit` asks on `tip`; `inverse`: null where it conflicts. */
  undoing(tip: string, inverse: string | null): Undoing;
  dispose(): void;
}

const gitIn = (place: string, ...args: string[]): string =>
  execFileSync('git', ['-C', place, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();

export async function makeTargetWorld(): Promise<TargetWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'governor-target-'));
  const repo = join(folder, 'repo');
  mkdirSync(repo);
  const git = (...args: string[]): string => gitIn(repo, ...args);
  const write = (name: string, content: string): void => writeFileSync(join(repo, name), content);
  const commitAll = (message: string): string => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  git('init', '-q', '-b', 'main');
  write('a', 'one\n');
  const before = commitAll('base');
  git('checkout', '-q', '-b', 'work');
  write('a', 'two\n');
  write('b', 'new\n');
  const candidate = commitAll('candidate');
  git('checkout', '-q', 'main');
  execFileSync('git', ['clone', '-q', '--bare', repo, join(folder, 'remote.git')]);
  git('remote', 'add', 'origin', join(folder, 'remote.git'));
  const repository = await openRepository(repo, join(folder, 'home'));
  const tree = git('rev-parse', `${candidate}^{tree}`);
  const commit = await releaseCommit({ repository, candidate: { commit: candidate, tree }, before, message: 'release', stamp: STAMP });
  const common = releaseSchema.parse({});
  return {
    repo,
    repository,
    before,
    commit,
    merge: { repository, release: { ...common, target: 'merge' } },
    push: { repository, release: { ...common, target: 'push', remote: 'origin' } },
    git,
    remote: (...args) => gitIn(join(folder, 'remote.git'), ...args),
    write,
    commitAll,
    undoing: (tip, inverse) => ({
      released: { before, commit },
      tip,
      inverse: inverse === null ? { kind: 'conflict', paths: ['a'] } : { kind: 'made', commit: inverse },
    }),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
