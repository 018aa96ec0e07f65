/** Judges a run by its end and its tree: where it rests, what it changed, and what the hidden checks say of it in a fresh checkout. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EvalRun } from '../../domain/report-card.ts';
import type { RunResult } from '../../domain/run.ts';
import type { Repository, Sandbox } from '../../domain/workspace.ts';
import { matcher } from '../../tools/globs.ts';
import { prepareWorkspace } from '../../tools/prepare.ts';
import type { GateView } from '../options.ts';
import { endWords, isRightEnd, rightEndWords } from './right-end.ts';
import { HIDDEN_FOLDER, type Task } from './task.ts';

/** Where the hidden files stand in the checkout that is judged. */
const HIDDEN_AT = 'hidden-checks';
/** Kept of what a hidden check says, in bytes per stream. */
const OUTPUT_BYTES = 64 * 1024;

/** Forbidden paths that are told. */
const MAX_PROBLEMS = 20;

/** A run that rests, and where its repository is. */
export interface Rested {
  readonly task: Task;
  readonly result: RunResult;
  readonly gate: GateView | undefined;
  readonly repository: Repository;
  readonly sandbox: Sandbox;
  readonly home: string;
  readonly signal: AbortSignal;
}

export type Judgement = Pick<EvalRun, 'solved' | 'problems' | 'checks'>;
type Ran = Judgement['checks'][number];

/** The hidden checks are run only where the end is right: elsewhere they can change nothing. */
export async function judge(rested: Rested): Promise<Judgement> {
  const { task, result, gate, repository } = rested;
  if (!task.expect.some((right) => isRightEnd(right, result, gate))) {
    const message = result.reason === null ? '' : `: ${result.reason.message.slice(0, 500)}`;
    return failed(`ended ${endWords(result)}, not ${task.expect.map(rightEndWords).join(' or ')}${message}`);
  }
  const tip = (await repository.branchTip(task.config.release.branch)) ?? '';
  const isReleased = result.status === 'released';
  if (isReleased && tip !== result.release?.['commit']) return failed(`the branch is at ${tip}, which is not what was released`);
  if (!isReleased && tip !== result.base) return failed(`the branch moved to ${tip}, and nothing was to be released`);
  const tree = await repository.treeOf(isReleased ? tip : leftCommit(result, gate));
  const problems = await forbiddenChanges(rested, tree);
  const checks: Ran[] = [];
  for (const check of task.hidden) {
    const { ran, problem } = await runHidden(rested, tree, check);
    checks.push(ran);
    if (problem !== undefined) problems.push(problem);
  }
  return { solved: problems.length === 0, problems, checks };
}

const failed = (problem: string): Judgement => ({ solved: false, problems: [problem], checks: [] });

/** At the release gate the candidate; else nothing but the base was left. */
const leftCommit = (result: RunResult, gate: GateView | undefined): string =>
  gate?.row.gate === 'release' && result.candidate !== null ? result.candidate.commit : result.base;

async function forbiddenChanges({ task, result, repository }: Rested, tree: string): Promise<string[]> {
  const isForbidden = matcher([...task.forbidden]);
  const changes = await repository.diff(await repository.treeOf(result.base), tree);
  const touched = new Set(changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])));
  return [...touched]
    .filter(isForbidden)
    .slice(0, MAX_PROBLEMS)
    .map((path) => `${path.slice(0, 300)}: is changed, and the task forbids it`);
}

async function runHidden(rested: Rested, tree: string, check: Task['hidden'][number]): Promise<{ ran: Ran; problem: string | undefined }> {
  const { task, repository, sandbox, home, signal } = rested;
  const checkout = await repository.checkout(tree, join(home, 'work', 'judge', check.id));
  try {
    // A link of this name in the tree must not lead the copy somewhere else.
    const at = join(checkout.folder, HIDDEN_AT);
    rmSync(at, { recursive: true, force: true });
    cpSync(join(task.folder, HIDDEN_FOLDER), at, { recursive: true });
    const { links, scratch } = await prepareWorkspace({
      repository,
      tree,
      config: task.config.workspace,
      sandbox,
      stateFolder: home,
      signal,
    });
    const done = await sandbox.run({
      argv: check.run,
      workspace: checkout.folder,
      links,
      scratch,
      network: false,
      timeoutMs: check.timeout,
      outputBytes: OUTPUT_BYTES,
      signal,
    });
    const isSaid = done.stdout.split('\n').some((line) => line.trimEnd() === check.says);
    const status =
      done.timedOut || done.exitCode === null || done.exitCode === 127 ? 'error' : done.exitCode === 0 && isSaid ? 'pass' : 'fail';
    const why = done.timedOut
      ? 'ran too long'
      : done.exitCode === 0
        ? `never said "${check.says}"`
        : `ended with ${done.exitCode ?? 'a kill'}`;
    return {
      ran: { id: check.id, status, exit_code: done.exitCode, duration_ms: Math.round(done.durationMs) },
      problem: status === 'pass' ? undefined : `hidden check ${check.id} ${why}`,
    };
  } finally {
    await checkout.remove();
  }
}
