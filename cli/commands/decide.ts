/** `governor approve` and `governor reject`: show first, then decide about exactly what was shown. */
import { codeOf, toError, UsageError } from '../../domain/errors.ts';
import type { RunResult } from '../../domain/run.ts';
import { givenText } from '../../runtime/given-file.ts';
import type { DecideOptions } from '../../runtime/options.ts';
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

/** @throws UsageError when nothing waits, or no subject was named where nobody can be asked; with `--json` it is on stdout too. */
export async function decideCommand(invocation: Invocation<DecideFlags>, word: string, decision: 'approved' | 'rejected'): Promise<number> {
  const { operations, io, flags } = invocation;
  const before = await operations.result(word);
  const { thread_id: threadId } = before;
  const refused = (thrown: unknown): never => {
    const { code, message } = refusalOf(thrown);
    if (flags.json === true) io.stdout(`${JSON.stringify({ ...before, refused: { code, message } })}\n`);
    throw thrown;
  };
  const decided = await decisionOf(invocation, before, decision).catch(refused);
  if (decided === undefined) {
    io.stderr('nothing was decided\n');
    return 4;
  }
  await operations.decide(threadId, decided).catch(refused);
  return driveWithProgress(invocation, threadId, (options) => operations.goOn(threadId, options));
}

/** Undefined: the person looked, and said neither. */
async function decisionOf(
  { operations, io, flags }: Invocation<DecideFlags>,
  { thread_id: threadId, status }: Pick<RunResult, 'thread_id' | 'status'>,
  decision: DecideOptions['decision'],
): Promise<DecideOptions | undefined> {
  if (decision === 'rejected' && (flags.comment ?? '') === '') throw new UsageError('reject: --comment "..." is required');
  // A process that died at its gate left the thread `running`; its gate is open all the same.
  const view = status === 'waiting' || status === 'running' ? await operations.gate(threadId) : undefined;
  if (view === undefined) throw new UsageError(`thread ${threadId}: is ${status}; no approval is pending`);
  const shown = view.row.subject.digest;
  io.stderr(`${gateText(view, shown)}\n`);
  if (flags.subject === undefined && !io.isTTY)
    throw new UsageError(
      `--subject <digest> is required here; see waiting.subject in: ${operations.pasted(`governor show ${threadId} --json`)}`,
    );
  if (flags.subject === undefined && !(await isYes(io, `${decision === 'approved' ? 'approve' : 'reject'} this? y/N `))) return undefined;
  return {
    decision,
    subject: flags.subject ?? shown,
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    ...(flags.edit === undefined ? {} : { edit: readJson(flags.edit) }),
    ...(flags.waive === undefined ? {} : { waive: flags.waive }),
    ...(flags.addUsd === undefined ? {} : { addMicroUsd: dollarsFlag('--add-usd', flags.addUsd) }),
  };
}

const refusalOf = (thrown: unknown): { code: string; message: string } => {
  const error = toError(thrown);
  return { code: error instanceof UsageError ? error.code : codeOf(error), message: error.message };
};

function readJson(file: string): unknown {
  const text = givenText('--edit', file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--edit ${file}: ${toError(error).message}`);
  }
}
