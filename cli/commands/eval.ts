/** `governor eval`: says what it may cost, asks where money is at stake, runs the tasks, prints the report card. */
import { writeFileSync } from 'node:fs';
import { visible } from '../../domain/access.ts';
import { toError, UsageError } from '../../domain/errors.ts';
import type { Due, Evaluation } from '../../runtime/evaluate.ts';
import { prepareEvaluation } from '../../runtime/evaluate.ts';
import { isYes } from '../ask.ts';
import { evalTable } from '../eval-table.ts';
import type { CommonFlags, Io } from '../io.ts';
import { dollars } from '../print.ts';
import { dollarsFlag } from './home.ts';

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
    ...(flags.maxUsd === undefined ? {} : { maxMicroUsd: dollarsFlag('--max-usd', flags.maxUsd) }),
  });
  // Before money is spent: a card that cannot be written is worth nothing.
  if (flags.out !== undefined) write(flags.out, '', 'a');
  if (!(await isAllowed(io, evaluation, flags))) return 3;
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  // Held until the card is out: a second Ctrl-C would take what was paid for.
  for (const name of SIGNALS) process.on(name, stop);
  try {
    const card = await runWithProgress(io, evaluation, { signal: abort.signal, isQuiet: flags.quiet === true });
    const text = `${JSON.stringify(card, null, 2)}\n`;
    // Printed first, whatever becomes of the file.
    io.stdout(flags.json === true ? text : evalTable(card));
    if (flags.out !== undefined) write(flags.out, text);
    return card.complete ? 0 : 3;
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

function repeatOf(word: string): number {
  const count = /^[1-9][0-9]{0,2}$/.test(word) ? Number(word) : 0;
  if (count < 1 || count > MAX_REPEAT) throw new UsageError(`--repeat ${JSON.stringify(word)}: write a number from 1 to ${MAX_REPEAT}`);
  return count;
}

/** `a` leaves what is there. */
function write(file: string, text: string, flag: 'w' | 'a' = 'w'): void {
  try {
    writeFileSync(file, text, { flag });
  } catch (error) {
    throw new UsageError(`--out ${file}: cannot be written (${toError(error).message})`);
  }
}

/** What it may cost is said first, and asked about where a call has a price. */
async function isAllowed(io: Io, evaluation: Evaluation, flags: EvalFlags): Promise<boolean> {
  const { worstCaseMicroUsd, paid } = evaluation;
  const capMicroUsd = Math.min(worstCaseMicroUsd, flags.maxUsd === undefined ? worstCaseMicroUsd : dollarsFlag('--max-usd', flags.maxUsd));
  const isAsked = paid && flags.yes !== true;
  if (isAsked || flags.quiet !== true) io.stderr(costText(evaluation, capMicroUsd));
  if (!isAsked) return true;
  if (!io.isTTY) throw new UsageError(`eval: may spend ${dollars(capMicroUsd)}; say --yes to allow it, or ask on a terminal`);
  const isAllowed = await isYes(io, `spend up to ${dollars(capMicroUsd)}? y/N `);
  if (!isAllowed) io.stderr('nothing was run\n');
  return isAllowed;
}

function costText({ runs, suite, models, worstCaseMicroUsd, paid }: Evaluation, capMicroUsd: number): string {
  const lines = [
    `${runs.length} run(s) of ${new Set(runs.map(({ id }) => id)).size} task(s) in ${suite}`,
    ...Object.entries(models).map(([role, name]) => `  ${role}: ${name}`),
    `worst case ${dollars(worstCaseMicroUsd)}${paid ? '' : ', and no model has a price'}`,
    ...(capMicroUsd < worstCaseMicroUsd ? [`at most ${dollars(capMicroUsd)} by --max-usd`] : []),
  ];
  return `${visible(lines.join('\n'))}\n`;
}

/** One line when a run begins, one when it ends; the signal ends the evaluation with the card of what was run. */
async function runWithProgress(io: Io, evaluation: Evaluation, on: { readonly signal: AbortSignal; readonly isQuiet: boolean }) {
  const say = (text: string): void => {
    if (!on.isQuiet) io.stderr(`${visible(text)}\n`);
  };
  const place = ({ number, id, repeat }: Due): string => `${number}/${evaluation.runs.length} ${id} (${repeat})`;
  return evaluation.run({
    signal: on.signal,
    onStart: (due) => say(`${place(due)}: ${due.goal.replaceAll(/\s+/g, ' ').trim().slice(0, GOAL_CHARACTERS)}`),
    onEnd: (due, run) =>
      say(
        `${place(due)}: ${run.solved ? 'solved' : 'NOT SOLVED'}, ${run.end}, ${dollars(run.cost_micro_usd)}, ${run.steps} steps, ${(run.wall_ms / 1000).toFixed(1)} s`,
      ),
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
