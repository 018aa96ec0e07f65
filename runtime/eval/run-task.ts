/** Makes one run of one task in a home and a repository of its own, judges it, and counts what it took. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toError } from '../../domain/errors.ts';
import type { EvalRun } from '../../domain/report-card.ts';
import type { RunResult } from '../../domain/run.ts';
import type { SandboxLevel } from '../../domain/workspace.ts';
import { openRepository } from '../../tools/repository.ts';
import { type Operations, operationsOf } from '../operations.ts';
import { openRuntime } from '../runtime.ts';
import { EVALUATOR, runToRest } from './decider.ts';
import { judge } from './judge.ts';
import { countOf } from './measure.ts';
import { makeRepository } from './repository.ts';
import { endWords } from './right-end.ts';
import type { Task } from './task.ts';

export interface TaskRun {
  readonly task: Task;
  readonly repeat: number;
  /** New; home and repository are made in it. */
  readonly folder: string;
  /** As the run is given it. */
  readonly config: object;
  /** What of the operator's file holds here too; undefined: nothing. */
  readonly operator: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface Ran {
  readonly run: EvalRun;
  readonly sandbox: SandboxLevel;
}

/** A run that could not be brought to its end or be judged, with what it had cost by then. */
export class BrokenRun extends Error {
  readonly costMicroUsd: number;
  constructor(cause: unknown, costMicroUsd: number) {
    super(toError(cause).message, { cause });
    this.name = 'BrokenRun';
    this.costMicroUsd = costMicroUsd;
  }
}

/** @throws BrokenRun where the machine, not the model, failed it. */
export async function runTask({ task, repeat, folder, config, operator, env, signal }: TaskRun): Promise<Ran> {
  const home = join(folder, 'home');
  const repo = join(folder, 'repo');
  const configFile = join(folder, 'governor.yaml');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (operator !== undefined) writeFileSync(join(home, 'operator.yaml'), operator);
  writeFileSync(configFile, JSON.stringify(config));
  await makeRepository(task, repo, env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin');
  const runtime = await openRuntime({ home, env, concealed: [dirname(task.folder)] });
  const operations = operationsOf(runtime, EVALUATOR);
  let threadId: string | undefined;
  try {
    const startedMs = runtime.clock.monotonic();
    const created = await operations.create({ goal: task.goal, repo, configFile });
    threadId = created.threadId;
    const { result, decisions, gate } = await runToRest(operations, created.threadId, task.expect, signal);
    const wallMs = Math.round(runtime.clock.monotonic() - startedMs);
    const repository = await openRepository(repo, home);
    try {
      const sandbox = await runtime.sandbox();
      const judged = signal.aborted ? UNJUDGED : await judge({ task, result, gate, repository, sandbox, home, signal });
      const told = { ...endOf(result), decisions: [...decisions], ...countOf(await operations.audit(created.threadId)), wall_ms: wallMs };
      return { run: { task: task.id, repeat, ...judged, ...told }, sandbox: created.sandbox };
    } finally {
      repository.close();
    }
  } catch (error) {
    throw new BrokenRun(error, await spentOn(operations, threadId));
  } finally {
    await operations.close();
  }
}

/** 0 where nothing was begun, or where the ledger cannot be read either. */
async function spentOn({ result }: Pick<Operations, 'result'>, threadId: string | undefined): Promise<number> {
  if (threadId === undefined) return 0;
  return result(threadId).then(
    ({ spend }) => spend.cost_micro_usd,
    () => 0,
  );
}

/** Of a run that was broken off. */
const UNJUDGED = { solved: false, problems: ['interrupted'], checks: [] };

const endOf = (result: RunResult) => ({
  thread_id: result.thread_id,
  end: endWords(result),
  code: result.reason?.code ?? null,
  attempts: result.attempt,
  cost_micro_usd: result.spend.cost_micro_usd,
});
