/** A decision over HTTP: recorded as the caller's, with the conflicts and words of the API. */
import { UsageError } from '../../domain/errors.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { DecideOptions } from '../../runtime/options.ts';
import { assertMay, type Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import type { Governed } from './graph.ts';

/** @throws Problem 403, 409, 422; UsageError `APPROVAL_STALE` (409), `APPROVER_NOT_ALLOWED` (403). */
export async function decideAs(
  { governed, caller }: { readonly governed: Pick<Governed, 'runtime'>; readonly caller: Caller },
  { row, approval }: { readonly row: RunRow; readonly approval: ApprovalRow },
  options: DecideOptions,
): Promise<ApprovalRow> {
  assertMay(caller, 'decide');
  if (approval.status !== 'pending') throw new Problem(409, `approval ${approval.id}: is ${approval.status}; it can no longer be decided`);
  if (row.live) throw new Problem(409, `thread ${row.threadId}: is running; there is nothing to decide`);
  if (approval.votes.some((vote) => vote.by.id === caller.person.id))
    throw new Problem(
      409,
      `approval ${approval.id}: ${caller.person.id} has voted already; ${approval.required.min} different people are needed`,
    );
  try {
    return await operationsOf(governed.runtime, caller.person).decide(row, options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const now = await governed.runtime.stores.approvals.get(approval.id);
    if (now?.status !== 'pending')
      throw new Problem(409, `approval ${approval.id}: is ${now?.status ?? 'gone'}; it can no longer be decided`);
    // The command line's flags are members of the body here.
    if (error.code === 'USAGE')
      throw new Problem(
        422,
        error.message
          .replace(/ \(governor approve [^)]*\)$/, '')
          .replace(/--(comment|edit|subject|waive)\b/g, '$1')
          .replace('--add-usd', 'add_usd'),
      );
    throw error;
  }
}
