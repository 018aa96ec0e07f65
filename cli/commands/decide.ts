/** `governor approve` and `governor reject`: show first, then decide about exactly what was shown. */
import { toError, UsageError } from '../../domain/errors.ts';
import type { Operations } from '../../graphs/operations.ts';
import { driveWithProgress } from '../drive.ts';
import type { CommonFlags, Io } from '../io.ts';
import { gateText } from '../print.ts';
import { dollarsFlag } from './home.ts';

export interface DecideFlags extends CommonFlags {
  readonly comment?: string;
  readonly subject?: string;
  readonly edit?: string;
  readonly addUsd?: string;
}

/** @throws UsageError when nothing waits, or no subject was named where nobody can be asked. */
export async function decideCommand(
  operations: Operations,
  io: Io,
  word: string,
  decision: 'approved' | 'rejected',
  flags: DecideFlags,
): Promise<number> {
  if (decision === 'rejected' && (flags.comment ?? '') === '') throw new UsageError('reject: --comment "..." is required');
  const { thread_id: threadId, waiting } = await operations.result(word);
  const view = await operations.gate(threadId);
  if (waiting === null || view === undefined) throw new UsageError(`thread ${threadId} waits for nobody`);
  io.stderr(`${gateText(view, waiting.subject)}\n`);
  let subject = flags.subject;
  if (subject === undefined) {
    if (!io.isTTY) throw new UsageError(`--subject <digest> is required here; see waiting.subject in: governor show ${threadId} --json`);
    const { createInterface } = await import('node:readline/promises');
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await reader.question(`${decision === 'approved' ? 'approve' : 'reject'} this? y/N `);
    reader.close();
    if (answer.trim().toLowerCase() !== 'y') return 4;
    subject = waiting.subject;
  }
  await operations.decide(threadId, {
    decision,
    subject,
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    ...(flags.edit === undefined ? {} : { edit: await readJson(flags.edit) }),
    ...(flags.addUsd === undefined ? {} : { addMicroUsd: dollarsFlag('--add-usd', flags.addUsd) }),
  });
  return driveWithProgress(operations, threadId, io, flags, (options) => operations.resume(threadId, options));
}

async function readJson(file: string): Promise<unknown> {
  const { readFile } = await import('node:fs/promises');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--edit ${file}: ${toError(error).message}`);
  }
}
