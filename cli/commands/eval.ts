/** `governor eval`: says what it may cost, asks where money is at stake, runs the tasks, prints the report card. */
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { visible } from '../../domain/access.ts';
import { toError, UsageError } from '../../domain/errors.ts';
import type { Due, Evaluation } from '../../runtime/evaluate.ts';
import { prepareEvaluation } from '../../runtime/evaluate.ts';
import { evalTable } from '../eval-table.ts';
import type { CommonFlags, Io } from '../io.ts';
import { dollars } from '../print.ts';

export interface EvalFlags extends CommonFlags {
  readonly models?: string;
  readonly task?: string;
  readonly repeat: string;
  readonly maxUsd?: string;
  readonly out?: string;
  readonly keep?: string;
  readonly yes?: boolean;
}

const MAX_REPEAT = 100;
/** What a line of progress shows of a goal, in characters. */
const GOAL_CHARACTERS = 60;

export async function evalCommand(io: Io, suite: string | undefined, flags: EvalFlags): Promise<number> {
  const evaluation = await prepareEvaluation({
    folder: process.cwd(),
    env: io.env,
    repeat: repeatOf(flags.repeat),
    ...(suite === undefined ? {} : { suite }),
    ...(flags.task === undefined ? {} : { task: flags.task }),
    ...(flags.models === undefined ? {} : { models: flags.models }),
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    ...(flags.home === undefined ? {} : { home: flags.home }),
    ...(flags.keep === undefined ? {} : { keep: flags.keep }),
    ...(flags.maxUsd === undefined ? {} : { maxMicroUsd: microUsdOf(flags.maxUsd) }),
  });
  // Before money is spent: a card that cannot be written is worth nothing.
  if (flags.out !== undefined) write(flags.out, '');
  if (!(await isAllowed(io, evaluation, flags))) return 3;
  const card = await runWithProgress(io, evaluation, flags.quiet === true);
  const text = `${JSON.stringify(card, null, 2)}\n`;
  if (flags.out !== undefined) write(flags.out, text);
  io.stdout(flags.json === true ? text : evalTable(card));
  return card.complete ? 0 : 3;
}

function repeatOf(word: string): number {
  const count = /^[1-9][0-9]{0,2}$/.test(word) ? Number(word) : 0;
  if (count < 1 || count > MAX_REPEAT) throw new UsageError(`--repeat ${JSON.stringify(word)}: write a number from 1 to ${MAX_REPEAT}`);
  return count;
}

function microUsdOf(word: string): number {
  const micro = /^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(word) ? Math.round(Number(word) * 1_000_000) : 0;
  if (micro <= 0) throw new UsageError(`--max-usd ${JSON.stringify(word)}: write dollars above 0, such as 2.50`);
  return micro;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--out ${file}: cannot be written (${toError(error).message})`);
  }
}

/** What it may cost is said always, and asked about where a call has a price. */
async function isAllowed(io: Io, evaluation: Evaluation, flags: EvalFlags): Promise<boolean> {
  const { runs, models, worstCaseMicroUsd, paid } = evaluation;
  const cap = flags.maxUsd === undefined ? worstCaseMicroUsd : Math.min(worstCaseMicroUsd, microUsdOf(flags.maxUsd));
  if (flags.quiet !== true || !(flags.yes === true || !paid))
    io.stderr(
      `${runs.length} run(s) of ${new Set(runs.map(({ id }) => id)).size} task(s) in ${evaluation.suite}\n${Object.entries(models)
        .map(([role, name]) => `  ${role}: ${visible(name)}\n`)
        .join(
          '',
        )}worst case ${dollars(worstCaseMicroUsd)}${paid ? '' : ', and no model has a price'}${cap < worstCaseMicroUsd ? `, at most ${dollars(cap)} by --max-usd` : ''}\n`,
    );
  if (!paid || flags.yes === true) return true;
  if (!io.isTTY) throw new UsageError(`eval: may spend ${dollars(cap)}; say --yes to allow it, or ask on a terminal`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`Spend up to ${dollars(cap)}? [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** One line when a run begins, one when it ends; Ctrl-C ends the evaluation with the card of what was run. */
async function runWithProgress(io: Io, evaluation: Evaluation, isQuiet: boolean) {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  for (const name of SIGNALS) process.on(name, stop);
  const say = (text: string): void => {
    if (!isQuiet) io.stderr(`${visible(text)}\n`);
  };
  const place = ({ number, id, repeat }: Due): string => `${number}/${evaluation.runs.length} ${id} (${repeat})`;
  try {
    return await evaluation.run({
      signal: abort.signal,
      onStart: (due) => say(`${place(due)}: ${due.goal.replaceAll(/\s+/g, ' ').trim().slice(0, GOAL_CHARACTERS)}`),
      onEnd: (due, run) =>
        say(
          `${place(due)}: ${run.solved ? 'solved' : 'NOT SOLVED'}, ${run.end}, ${dollars(run.cost_micro_usd)}, ${run.steps} steps, ${(run.wall_ms / 1000).toFixed(1)} s`,
        ),
    });
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
