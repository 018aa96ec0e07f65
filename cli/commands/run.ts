/** `governor run` and `governor resume`. */

import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import { givenText } from '../../runtime/given-file.ts';
import type { Created } from '../../runtime/options.ts';
import { driveWithProgress, finish } from '../drive.ts';
import { homeRuns } from '../home-runs.ts';
import type { CommonFlags, HomeInvocation, Invocation, Io } from '../io.ts';
import { dollars } from '../print.ts';
import { dollarsFlag, durationFlag } from './home.ts';

export interface RunFlags extends CommonFlags {
  readonly file?: string;
  readonly repo?: string;
  readonly base?: string;
  readonly script?: string;
  readonly detach?: boolean;
}

export interface ResumeFlags extends CommonFlags {
  readonly migrate?: boolean;
  /** Only begins what was never run: a detached run that was cancelled before it came up stays cancelled. */
  readonly begin?: boolean;
  readonly addUsd?: string;
  readonly addTime?: string;
  readonly addCalls?: string;
  readonly comment?: string;
  readonly model?: string;
}

/** Makes a thread, says what it may cost, and runs it. */
export async function runCommand(invocation: Invocation<RunFlags>, words: string | undefined): Promise<number> {
  const { operations, io, flags } = invocation;
  if ((words === undefined) === (flags.file === undefined)) throw new UsageError('run: give either "<goal>" or --file <path>');
  const goal = words ?? givenText('--file', flags.file ?? '');
  const created = await operations.create({
    goal,
    repo: flags.repo,
    ...(flags.base === undefined ? {} : { base: flags.base }),
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    ...(flags.script === undefined ? {} : { scriptFile: flags.script }),
  });
  if (flags.quiet !== true) announce(io, created);
  if (flags.detach === true) {
    operations.detach(created.threadId);
    io.stdout(flags.json === true ? `${JSON.stringify({ thread_id: created.threadId })}\n` : `${created.threadId}\n`);
    return 0;
  }
  return driveWithProgress(invocation, created.threadId, (options) => operations.drive(created.threadId, options));
}

/** What a run may cost and where its commands run, before any money is spent. */
function announce(io: Io, created: Created): void {
  io.stderr(
    `thread ${created.threadId}\nworst case ${dollars(created.worstCaseMicroUsd)}\nlimits ${visible(JSON.stringify(created.limits))}\n`,
  );
  io.stderr(created.sandbox === 'unsafe' ? 'sandbox: UNSAFE, commands run without isolation\n' : `sandbox: ${created.sandbox}\n`);
  if (created.canned) io.stderr('CANNED MODEL REPLIES: no model is asked\n');
  for (const warning of created.warnings) io.stderr(`warning: ${visible(warning)}\n`);
}

function countFlag(flag: string, word: string): number {
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`${flag} ${JSON.stringify(word)}: is a whole number of 1 or more`);
  return count;
}

function given(flag: string, words: string | undefined): string {
  if (words !== undefined && words.trim() === '') throw new UsageError(`${flag}: is empty`);
  return words?.trim() ?? '';
}

/** Goes on with a thread. */
export async function resumeCommand(invocation: HomeInvocation<ResumeFlags>, word: string): Promise<number> {
  const { operations, flags, io } = invocation;
  const runs = { ...invocation, operations: homeRuns(operations, io.env) };
  const before = await operations.result(word);
  if (flags.begin === true && before.status !== 'running') return finish(runs, before);
  const { thread_id: threadId } = before;
  const more = {
    begin: flags.begin === true,
    migrate: flags.migrate === true,
    ...(flags.addUsd === undefined ? {} : { addMicroUsd: dollarsFlag('--add-usd', flags.addUsd) }),
    ...(flags.addTime === undefined ? {} : { addTimeMs: durationFlag('--add-time', flags.addTime) }),
    words: { comment: given('--comment', flags.comment), model: given('--model', flags.model) },
    ...(flags.addCalls === undefined ? {} : { addCalls: countFlag('--add-calls', flags.addCalls) }),
  };
  return driveWithProgress(runs, threadId, (options) => operations.resume(threadId, { ...options, ...more }));
}
