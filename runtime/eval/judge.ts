/** Judges a run by its end and its tree: where it rests, what it changed, and what the hidden checks say of it in a fresh checkout. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StopError } from '../../domain/errors.ts';
import { pathMatcher } from '../../domain/patterns.ts';
import type { EvalRun } from '../../domain/report-card.ts';
import type { RunResult } from '../../domain/run.ts';
import type { CommandResult, Repository, Sandbox } from '../../domain/workspace.ts';
import { prepareWorkspace } from '../../tools/prepare.ts';
import { systemClock } from '../environment.ts';
import type { GateView } from '../options.ts';
import { endWords, isRightEnd, rightEndWords } from './right-end.ts';
import { HIDDEN_FOLDER, type Task } from './task.ts';

/** Where the hidden files stand in the checkout that is judged. */
const HIDDEN_AT = 'hidden-checks';
/** Kept of what a hidden check says, in bytes per stream. */
const OUTPUT_BYTES = 64 * 1024;

/** Forbidden paths that are told, and the longest problem, in characters. */
const MAX_PROBLEMS = 20;
const PROBLEM_CHARACTERS = 1000;

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
  return { solved: problems.length === 0, problems: problems.map(capped), checks };
}

const failed = (problem: string): Judgement => ({ solved: false, problems: [capped(problem)], checks: [] });
const capped = (problem: string): string =>
  problem.length <= PROBLEM_CHARACTERS ? problem : `${problem.slice(0, PROBLEM_CHARACTERS - 3)}...`;

/** At the release gate the candidate; else nothing but the base was left. */
const leftCommit = (result: RunResult, gate: GateView | undefined): string =>
  gate?.row.gate === 'release' && result.candidate !== null ? result.candidate.commit : result.base;

async function forbiddenChanges({ task, result, repository }: Rested, tree: string): Promise<string[]> {
  const isForbidden = pathMatcher([...task.forbidden]);
  const changes = await repository.diff(await repository.treeOf(result.base), tree);
  const touched = new Set(changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])));
  return [...touched]
    .filter(isForbidden)
    .slice(0, MAX_PROBLEMS)
    .map((path) => `${path.slice(0, 300)}: is changed, and the task forbids it`);
}

type Hidden = Task['hidden'][number];

interface Judged {
  readonly ran: Ran;
  readonly problem: string | undefined;
}

async function runHidden(rested: Rested, tree: string, check: Hidden): Promise<Judged> {
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
      clock: systemClock,
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
    return judged(check, done);
  } catch (error) {
    // A change may be one whose dependencies cannot be set up: that says something of the change, not of the machine.
    if (!(error instanceof StopError) || error.code !== 'CHECK_ERROR') throw error;
    const ran: Ran = { id: check.id, status: 'error', exit_code: null, duration_ms: 0 };
    return { ran, problem: `hidden check ${check.id} could not be run: ${error.message}` };
  } finally {
    await checkout.remove();
  }
}

function judged(check: Hidden, done: CommandResult): Judged {
  const said = new Set(done.stdout.split('\n').map((line) => line.trimEnd()));
  const unsaid = check.says.find((line) => !said.has(line));
  const isPassed = done.exitCode === 0 && unsaid === undefined;
  const status = done.timedOut || done.exitCode === null || done.exitCode === 127 ? 'error' : isPassed ? 'pass' : 'fail';
  const why = done.timedOut ? 'ran too long' : done.exitCode === 0 ? `never said "${unsaid}"` : `ended with ${done.exitCode ?? 'a kill'}`;
  return {
    ran: { id: check.id, status, exit_code: done.exitCode, duration_ms: Math.round(done.durationMs) },
    problem: status === 'pass' ? undefined : `hidden check ${check.id} ${why}`,
  };
}
