/** A person's vote at a gate: checked against what was shown and who may decide, and recorded. It runs nothing. */

import { PERSON_ROLES, type PersonRole } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import { isFanOut } from '../../domain/fan-out.ts';
import { planBodySchema, planProblems } from '../../domain/handoff.ts';
import { mayDecide } from '../../domain/policy.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Vote } from '../../domain/vote.ts';
import { pendingApproval } from '../look/handed-over.ts';
import { resultOf } from '../look/result.ts';
import type { DecideOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { assertUnderCeilings } from './extensions.ts';
import { said } from './typed-text.ts';
import { waived } from './waive.ts';

/** Records one vote. @throws UsageError in a state that takes no decision; `APPROVER_NOT_ALLOWED`. */
export async function decide(runtime: Runtime, row: RunRow, options: DecideOptions): Promise<ApprovalRow> {
  const { person, stores } = runtime;
  await stores.audit.assertTail();
  if (row.status === 'running' && row.live)
    throw new UsageError(`thread ${row.threadId}: is running; there is nothing to decide (governor watch ${row.threadId.slice(0, 8)})`);
  const approval =
    (await pendingApproval(runtime, row)) ?? (await stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1);
  if (approval === undefined) throw new UsageError(`thread ${row.threadId}: is ${row.status}; no approval is pending`);
  if (options.subject !== approval.subject.digest)
    throw new UsageError(
      `subject ${options.subject}: the pending gate "${approval.gate}" is about ${approval.subject.digest}`,
      'APPROVAL_STALE',
    );
  const required = { ...approval.required, role: personRole(approval.required.role) };
  const allowed = mayDecide(person, required, await authorsOf(runtime, row));
  if (allowed.kind === 'deny') {
    await stores.audit.append({
      threadId: row.threadId,
      actor: person.id,
      action: 'approval-denied',
      code: 'APPROVER_NOT_ALLOWED',
      facts: { approval: approval.id, reason: allowed.reason },
    });
    throw new UsageError(`approval ${approval.id}: ${allowed.reason}`, 'APPROVER_NOT_ALLOWED');
  }
  const comment = said('--comment', options.comment ?? '');
  if (options.decision === 'rejected' && comment.trim() === '')
    throw new UsageError('reject: --comment is required, so that the next attempt knows why');
  assertUnderCeilings(runtime, (await resultOf(runtime, row)).limits, options);
  const vote: Vote = {
    by: { id: person.id, role: required.role, method: person.method },
    decision: options.decision === 'rejected' ? 'rejected' : options.edit === undefined ? 'approved' : 'edited',
    comment,
    ...edited(approval, options.edit),
    ...money(approval, options),
    ...(await waived(runtime, approval, options)),
    selfApproved: person.id === row.input.starter,
    at: new Date(runtime.clock.now()).toISOString(),
  };
  return stores.approvals.vote(approval.id, options.subject, vote);
}

/** Whose work is decided on: who started the run, who edited its plan at a gate, and who edited its state. */
async function authorsOf({ stores }: Runtime, row: RunRow): Promise<readonly string[]> {
  const { threadId } = row;
  const votes = (await stores.approvals.list({ threadId })).flatMap((approval) => approval.votes);
  const edits = (await stores.audit.read({ threadId })).filter(({ action }) => action === 'state-edit');
  return [
    row.input.starter,
    ...votes.filter((vote) => vote.decision === 'edited').map((vote) => vote.by.id),
    ...edits.map(({ actor }) => actor),
  ];
}

function personRole(word: string): PersonRole {
  const role = PERSON_ROLES.find((known) => known === word);
  if (role === undefined) throw new UsageError(`role ${JSON.stringify(word)}: is none of ${PERSON_ROLES.join(', ')}`);
  return role;
}

function edited(approval: ApprovalRow, edit: unknown): { edit?: unknown } {
  if (edit === undefined) return {};
  if (approval.gate !== 'plan') throw new UsageError(`--edit: only a plan can be edited; the pending gate is "${approval.gate}"`);
  const parsed = planBodySchema.safeParse(edit);
  if (!parsed.success)
    throw new UsageError(`--edit: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
  const problems = planProblems(parsed.data);
  if (problems.length > 0) throw new UsageError(`--edit: ${problems.join('; ')}`);
  return { edit: parsed.data };
}

function money(approval: ApprovalRow, options: DecideOptions): { addMicroUsd?: number } {
  if (options.addMicroUsd === undefined) {
    if (approval.gate === 'budget' && options.decision === 'approved' && !isFanOut({ facts: approval.subject }))
      throw new UsageError('--add-usd: state how much may be spent more');
    return {};
  }
  if (approval.gate !== 'budget') throw new UsageError(`--add-usd: only goes with a budget gate; the pending gate is "${approval.gate}"`);
  if (!Number.isSafeInteger(options.addMicroUsd) || options.addMicroUsd <= 0)
    throw new UsageError(`--add-usd: ${options.addMicroUsd} micro-dollars; must be above 0`);
  return { addMicroUsd: options.addMicroUsd };
}
