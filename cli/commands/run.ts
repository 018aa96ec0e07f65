/** `governor run` and `governor resume`. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../domain/errors.ts';
import type { Operations } from '../../graphs/operations.ts';
import { driveWithProgress } from '../drive.ts';
import { validGoal } from '../goal.ts';
import type { CommonFlags, Io } from '../io.ts';
import { dollars } from '../print.ts';

export interface RunFlags extends CommonFlags {
  readonly file?: string;
  readonly repo: string;
  readonly base?: string;
  readonly script?: string;
}

/** Makes a thread, says what it may cost, and runs it. */
export async function runCommand(operations: Operations, io: Io, words: string | undefined, flags: RunFlags): Promise<number> {
  if ((words === undefined) === (flags.file === undefined)) throw new UsageError('run: give either "<goal>" or --file <path>');
  const goal = validGoal(words ?? (await readFile(flags.file ?? '', 'utf8')));
  const created = await operations.create({
    goal,
    repo: flags.repo,
    ...(flags.base === undefined ? {} : { base: flags.base }),
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    ...(flags.script === undefined ? {} : { scriptFile: flags.script }),
  });
  io.stderr(`thread ${created.threadId}\nworst case ${dollars(created.worstCaseMicroUsd)}\nlimits ${JSON.stringify(created.limits)}\n`);
  io.stderr(created.sandbox === 'unsafe' ? 'sandbox: UNSAFE, commands run without isolation\n' : `sandbox: ${created.sandbox}\n`);
  if (created.canned) io.stderr('CANNED MODEL REPLIES: no model is asked\n');
  for (const warning of created.warnings) io.stderr(`warning: ${warning}\n`);
  return driveWithProgress(operations, created.threadId, io, flags, (options) => operations.drive(created.threadId, options));
}

/** Goes on with a thread. */
export async function resumeCommand(
  operations: Operations,
  io: Io,
  word: string,
  flags: CommonFlags & { readonly migrate?: boolean },
): Promise<number> {
  const { thread_id: threadId } = await operations.result(word);
  return driveWithProgress(operations, threadId, io, flags, (options) =>
    operations.resume(threadId, { ...options, migrate: flags.migrate === true }),
  );
}
