/** Evaluates models: runs the tasks of a suite in homes and repositories of its own, one after the other, and makes the report card. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { configSchema, effectiveLimits, type Operator } from '../domain/config.ts';
import { toError, UsageError } from '../domain/errors.ts';
import { type EvalRun, type ReportCard, reportCardSchema } from '../domain/report-card.ts';
import { homeFolder, loadOperator, systemClock } from './environment.ts';
import { type Asked, type AskedModels, askedModels, checkAsked, taskConfig } from './eval/models.ts';
import { BrokenRun, runTask } from './eval/run-task.ts';
import { measuredOf } from './eval/summary.ts';
import { loadSuite, type Suite, type Task } from './eval/task.ts';
import { packageFile, packageVersion } from './package.ts';

export interface EvaluateOptions {
  /** A folder of tasks; default: the suite that ships. */
  readonly suite?: string;
  /** Only this task. */
  readonly task?: string;
  /** `--models`: `role=provider:model,...`. */
  readonly models?: string;
  /** A `governor.yaml` whose `models` and `prices` are used; default: the one in `folder`. */
  readonly configFile?: string;
  readonly folder: string;
  /** Each task so often. */
  readonly repeat: number;
  /** Nothing is begun that could cost more than this together with what was spent. */
  readonly maxMicroUsd?: number;
  /** The user's home, of which only the operator's file is read. */
  readonly home?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A new folder in which homes and repositories are left behind; default: they are removed. */
  readonly keep?: string;
}

/** One run that is to be made. */
export interface Due {
  readonly id: string;
  readonly goal: string;
  readonly repeat: number;
  /** From 1. */
  readonly number: number;
}

export interface EvaluationHooks {
  readonly signal: AbortSignal;
  readonly onStart: (due: Due) => void;
  readonly onEnd: (due: Due, run: EvalRun) => void;
}

/** Everything that can be refused was refused; nothing has been asked or spent. */
export interface Evaluation {
  readonly suite: string;
  readonly runs: readonly Due[];
  readonly models: Asked['names'];
  /** What all runs may cost together. */
  readonly worstCaseMicroUsd: number;
  /** False where no call can cost anything. */
  readonly paid: boolean;
  run(hooks: EvaluationHooks): Promise<ReportCard>;
}

interface Planned extends Due {
  readonly task: Task;
  readonly config: object;
  readonly worstCaseMicroUsd: number;
}

interface Prepared {
  readonly suite: Suite;
  readonly planned: readonly Planned[];
  readonly asked: Asked;
  readonly worstCaseMicroUsd: number;
  readonly operator: string | undefined;
  readonly options: EvaluateOptions;
}

/** @throws UsageError for a suite, a task, models or a cap that cannot be. */
export async function prepareEvaluation(options: EvaluateOptions): Promise<Evaluation> {
  const suite = loadSuite(options.suite ?? packageFile('examples/eval'), options.task);
  const operator = loadOperator(homeFolder(options.home, options.env));
  const models = askedModels(options);
  const asked = await askedOf(suite, models, { env: options.env, operator });
  const planned = planOf(suite, models, { repeat: options.repeat, operator });
  const worstCaseMicroUsd = planned.reduce((sum, one) => sum + one.worstCaseMicroUsd, 0);
  assertOneFits(planned, options.maxMicroUsd);
  if (options.keep !== undefined && existsSync(options.keep))
    throw new UsageError(`--keep ${options.keep}: is there already; name a folder that is not`);
  const prepared = { suite, planned, asked, worstCaseMicroUsd, operator: heldOperator(operator), options };
  return {
    suite: suite.path,
    runs: planned.map(({ id, goal, repeat, number }) => ({ id, goal, repeat, number })),
    models: asked.names,
    worstCaseMicroUsd,
    paid: asked.paid,
    run: (hooks) => evaluate(prepared, hooks),
  };
}

/** Every task's models are made; the names are those of the first, and money is at stake where any of them has a price. */
async function askedOf(suite: Suite, models: AskedModels, on: Parameters<typeof checkAsked>[1]): Promise<Asked> {
  const all = [];
  for (const task of suite.tasks) all.push(await checkAsked(configSchema.parse(taskConfig(task.rawConfig, models)), on));
  const [first] = all;
  if (first === undefined) throw new UsageError(`suite ${suite.path}: it has no task`);
  return { names: first.names, paid: all.some((one) => one.paid) };
}

/** All tasks once, then all again, so that what is cut short has seen as many tasks as it can. */
function planOf(suite: Suite, models: AskedModels, on: { repeat: number; operator: Operator | undefined }): Planned[] {
  const rounds = Array.from({ length: on.repeat }, (_none, index) => index + 1);
  const due = rounds.flatMap((repeat) => suite.tasks.map((task) => ({ repeat, task })));
  return due.map(({ repeat, task }, index) => ({
    id: task.id,
    goal: task.goal,
    repeat,
    number: index + 1,
    task,
    config: taskConfig(task.rawConfig, models),
    worstCaseMicroUsd: effectiveLimits(task.config.limits, on.operator?.ceilings ?? {}).costUsd,
  }));
}

function assertOneFits(planned: readonly Planned[], maxMicroUsd: number | undefined): void {
  const [first] = planned;
  if (first === undefined || maxMicroUsd === undefined || first.worstCaseMicroUsd <= maxMicroUsd) return;
  throw new UsageError(
    `--max-usd ${maxMicroUsd / 1_000_000}: task ${first.id} alone may cost ${first.worstCaseMicroUsd / 1_000_000} dollars (limits.costUsd of its governor.yaml), so nothing would be run; allow more`,
  );
}

/** People, repositories, commands and the server of the operator are no matter of an evaluation. */
function heldOperator(operator: Operator | undefined): string | undefined {
  if (operator === undefined) return undefined;
  const { costUsd, machineTime, ...counts } = operator.ceilings;
  const ceilings = {
    ...counts,
    ...(costUsd === undefined ? {} : { costUsd: costUsd / 1_000_000 }),
    ...(machineTime === undefined ? {} : { machineTime: `${Math.max(1, Math.floor(machineTime / 1000))}s` }),
  };
  const { endpoints, sandbox } = operator;
  return stringify({ version: 1, ceilings, sandbox, ...(endpoints === undefined ? {} : { endpoints }) });
}

async function evaluate(prepared: Prepared, hooks: EvaluationHooks): Promise<ReportCard> {
  const { options } = prepared;
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'governor-eval-'));
  const ended: Ended = {
    startedAt: new Date(systemClock.now()).toISOString(),
    runs: [],
    costMicroUsd: 0,
    sandbox: 'bwrap',
    why: undefined,
    failure: null,
  };
  try {
    await runAll(prepared, { hooks, folder, ended });
  } catch (error) {
    // What was paid for is told, whatever broke afterwards.
    if (error instanceof BrokenRun) ended.costMicroUsd += error.costMicroUsd;
    if (ended.runs.length === 0 && ended.costMicroUsd === 0) throw error;
    ended.why = 'failed';
    ended.failure = toError(error).message.slice(0, 2000);
  } finally {
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
  return cardOf(prepared, ended);
}

async function runAll(prepared: Prepared, on: { hooks: EvaluationHooks; folder: string; ended: Ended }): Promise<void> {
  const { planned, operator, options } = prepared;
  const { hooks, folder, ended } = on;
  const { GOVERNOR_DATABASE_URL: _database, GOVERNOR_HOME: _home, ...env } = options.env;
  for (const due of planned) {
    if (hooks.signal.aborted) ended.why = 'interrupted';
    else if (isOver(ended.costMicroUsd + due.worstCaseMicroUsd, options.maxMicroUsd)) ended.why = 'max-usd';
    if (ended.why !== undefined) return;
    hooks.onStart(due);
    const at = join(folder, `${due.id}-${due.repeat}`);
    const { run, sandbox } = await runTask({ ...due, folder: at, operator, env, signal: hooks.signal });
    ended.costMicroUsd += run.cost_micro_usd;
    ended.sandbox = sandbox;
    if (options.keep === undefined) rmSync(at, { recursive: true, force: true });
    // A run that was broken off says nothing of its model.
    if (hooks.signal.aborted) continue;
    ended.runs.push(run);
    hooks.onEnd(due, run);
  }
  if (hooks.signal.aborted) ended.why = 'interrupted';
}

const isOver = (microUsd: number, cap: number | undefined): boolean => cap !== undefined && microUsd > cap;

/** What came of it so far. */
interface Ended {
  readonly startedAt: string;
  readonly runs: EvalRun[];
  costMicroUsd: number;
  sandbox: ReportCard['sandbox'];
  why: ReportCard['not_run'][number]['why'] | undefined;
  failure: string | null;
}

function cardOf({ suite, planned, asked, worstCaseMicroUsd, options }: Prepared, ended: Ended): ReportCard {
  const { runs, why } = ended;
  const isMade = (due: Due): boolean => runs.some((run) => run.task === due.id && run.repeat === due.repeat);
  const left = planned.filter((due) => !isMade(due));
  return reportCardSchema.parse({
    version: 1,
    governor: packageVersion(),
    started_at: ended.startedAt,
    suite: { path: suite.path, tasks: suite.tasks.length, sha256: suite.sha256 },
    models: asked.names,
    repeat: options.repeat,
    sandbox: ended.sandbox,
    worst_case_micro_usd: worstCaseMicroUsd,
    max_micro_usd: options.maxMicroUsd ?? null,
    cost_micro_usd: ended.costMicroUsd,
    complete: left.length === 0,
    not_run: left.map(({ id, repeat }) => ({ task: id, repeat, why: why ?? 'interrupted' })),
    failure: ended.failure,
    overall: measuredOf(runs),
    tasks: suite.tasks.map(({ id, goal, tags }) => ({ id, goal, tags, ...measuredOf(runs.filter((run) => run.task === id)) })),
    runs,
  });
}
