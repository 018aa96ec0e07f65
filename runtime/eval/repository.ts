/** The repository of one run: a copy of the task's files with one commit, the same commit every time. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../../tools/process.ts';
import type { Task } from './task.ts';

const TIMEOUT_MS = 60_000;
const WHEN = '2026-01-05T09:00:00Z';
const WHO = { NAME: 'Eval', EMAIL: 'eval@localhost' };

/** Copies the files to `folder` and commits them. @throws Error with what git said. */
export async function makeRepository(task: Task, folder: string, path: string): Promise<void> {
  cpSync(join(task.folder, 'repo'), folder, { recursive: true });
  const who = (one: string): [string, string][] => [
    [`GIT_${one}_NAME`, WHO.NAME],
    [`GIT_${one}_EMAIL`, WHO.EMAIL],
    [`GIT_${one}_DATE`, WHEN],
  ];
  const env = {
    PATH: path,
    HOME: '/nonexistent',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries([...who('AUTHOR'), ...who('COMMITTER')]),
  };
  for (const args of [
    ['init', '-q', '--template=', '-b', task.config.release.branch],
    ['add', '-A', '--force'],
    ['commit', '-q', '-m', 'base'],
  ]) {
    const done = await runProcess(['git', ...args], { cwd: folder, env, timeoutMs: TIMEOUT_MS });
    if (done.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr.toString('utf8').slice(0, 500)}`);
  }
}
