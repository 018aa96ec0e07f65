/** `governor approve` and `governor reject`: show first, then decide about exactly what was shown. */
import { codeOf, toError, UsageError } from '../../domain/errors.ts';
import { givenText } from '../../runtime/given-file.ts';
import { isYes } from '../ask.ts';
import { driveWithProgress } from '../drive.ts';
import type { CommonFlags, Invocation } from '../io.ts';
import { gateText } from '../print.ts';
import { dollarsFlag } from './home.ts';

export interface DecideFlags extends CommonFlags {
  readonly comment?: string;
  readonly subject?: string;
  readonly edit?: string;
  readonly addUsd?: string;
  readonly waive?: readonly string[];
}

/** @throws UsageError when nothing waits, or no subject was named where nobody can be asked. */
export async function decideCommand(invocation: Invocation<DecideFlags>, word: string, decision: 'approved' | 'rejected'): Promise<number> {
  const { operations, io, flags } = invocation;
  if (decision === 'rejected' && (flags.comment ?? '') === '') throw new UsageError('reject: --comment "..." is required');
  const before = await operations.result(word);
  const { thread_id: threadId, status } = before;
  const refused = (thrown: unknown): never => {
    const { code, message } = refusalOf(thrown);
    if (flags.json === true) io.stdout(`${JSON.stringify({ ...before, refused: { code, message } })}\n`);
    throw thrown;
  };
  // A process that died at its gate left the thread `running`; its gate is open all the same.
  const view = status === 'waiting' || status === 'running' ? await operations.gate(threadId).catch(refused) : undefined;
  if (view === undefined) throw new UsageError(`thread ${threadId}: is ${status}; no approval is pending`);
  const shown = view.row.subject.digest;
  io.stderr(`${gateText(view, shown)}\n`);
  let subject = flags.subject;
  if (subject === undefined) {
    if (!io.isTTY) throw new UsageError(`--subject <digest> is required here; see waiting.subject in: governor show ${threadId} --json`);
    if (!(await isYes(io, `${decision === 'approved' ? 'approve' : 'reject'} this? y/N `))) {
      io.stderr('nothing was decided\n');
      return 4;
    }
    subject = shown;
  }
  const decided = {
    decision,
    subject,
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    ...(flags.edit === undefined ? {} : { edit: readJson(flags.edit) }),
    ...(flags.waive === undefined ? {} : { waive: flags.waive }),
    ...(flags.addUsd === undefined ? {} : { addMicroUsd: dollarsFlag('--add-usd', flags.addUsd) }),
  };
  await operations.decide(threadId, decided).catch(refused);
  return driveWithProgress(invocation, threadId, (options) => operations.goOn(threadId, options));
}

const refusalOf = (thrown: unknown): { code: string; message: string } => {
  const error = toError(thrown);
  return { code: codeOf(error), message: error.message };
};

function readJson(file: string): unknown {
  const text = givenText('--edit', file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--edit ${file}: ${toError(error).message}`);
  }
}
