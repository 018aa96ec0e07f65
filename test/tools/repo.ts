/** A real repository in a folder of its own, with what tests of the tools need around it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Repository, Sandbox } from '../../domain/workspace.ts';
import { openRepository } from '../../tools/repository.ts';
import { createSandbox } from '../../tools/sandbox.ts';

export interface TestRepo {
  /** Holds all the others; removed by `remove`. */
  readonly root: string;
  readonly folder: string;
  readonly state: string;
  git(...args: string[]): string;
  put(path: string, content: string | Uint8Array): void;
  /** Commits all files; returns the commit. */
  commit(message: string): string;
  open(): Promise<Repository>;
  readonly sandbox: Sandbox;
  /** Runs a shell text in the sandbox, in a work tree. */
  sh(workspace: string, script: string): ReturnType<Sandbox['run']>;
  remove(): void;
}

export function makeRepo(): TestRepo {
  const root = mkdtempSync(join(tmpdir(), 'governor-tools-'));
  const folder = join(root, 'repo');
  const state = join(root, 'state');
  mkdirSync(folder);
  mkdirSync(state);
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.test'];
  const git = (...args: string[]): string => execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  const sandbox = createSandbox({ level: 'bwrap', stateFolder: state });
  return {
    root,
    folder,
    state,
    git,
    put: (path, content) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    },
    commit: (message) => {
      git('add', '-A');
      git('commit', '-q', '--no-verify', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    open: () => openRepository(folder, state),
    sandbox,
    sh: (workspace, script) =>
      sandbox.run({ argv: ['sh', '-c', script], workspace, links: [], scratch: [], network: false, timeoutMs: 20_000 }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
