/** Decisions of people: approve, reject, cancel, roll back. Each is recorded before anything runs. */

import { PERSON_ROLES, type PersonRole } from '../domain/access.ts';
import { StopError, UsageError } from '../domain/errors.ts';
import { planBodySchema, planProblems } from '../domain/handoff.ts';
import { mayDecide } from '../domain/policy.ts';
import type { ApprovalRow, RunRow, Vote } from '../domain/ports.ts';
import { rollBack } from '../nodes/deploy/rollback.ts';
import { assertUnderCeilings } from './extensions.ts';
import type { House } from './house.ts';
import { pendingApproval, recordedRelease, resultOf } from './look.ts';
import { openSession } from './open-session.ts';
import type { DecideOptions } from './operations.ts';
import { writeReport } from './report.ts';
import { reasonFor } from './runner.ts';
import { said } from './said.ts';

/** Records one vote. @throws UsageError per contract section 1.2; `APPROVER_NOT_ALLOWED`. */
export async function decide(house: House, row: RunRow, options: DecideOptions): Promise<ApprovalRow> {
  const { person, stores } = house;
  await stores.audit.assertTail();
  if (row.status === 'running' && row.live)
    throw new UsageError(`thread ${row.threadId}: is running; there is nothing to decide (governor watch ${row.threadId.slice(0, 8)})`);
  const approval =
    (await pendingApproval(house, row)) ?? (await stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1);
  if (approval === undefined) throw new UsageError(`thread ${row.threadId}: is ${row.status}; no approval is pending`);
  if (options.subject !== approval.subject.digest)
    throw new UsageError(
      `subject ${options.subject}: the pending gate "${approval.gate}" is about ${approval.subject.digest}`,
      'APPROVAL_STALE',
    );
  const required = { ...approval.required, role: personRole(approval.required.role) };
  const allowed = mayDecide(person, required, await authorsOf(house, row));
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
  assertUnderCeilings(house, (await resultOf(house, row)).limits, options);
  const vote: Vote = {
    by: { id: person.id, role: required.role, method: person.method },
    decision: options.decision === 'rejected' ? 'rejected' : options.edit === undefined ? 'approved' : 'edited',
    comment,
    ...edited(approval, options.edit),
    ...money(approval, options),
    selfApproved: person.id === row.input.starter,
    at: new Date(house.clock.now()).toISOString(),
  };
  return stores.approvals.vote(approval.id, options.subject, vote);
}

/** Whose work is decided on: who started the run, who edited its plan at a gate, and who edited its state. */
async function authorsOf({ stores }: House, row: RunRow): Promise<readonly string[]> {
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
    if (approval.gate === 'budget' && options.decision === 'approved') throw new UsageError('--add-usd: state how much may be spent more');
    return {};
  }
  if (approval.gate !== 'budget') throw new UsageError(`--add-usd: only goes with a budget gate; the pending gate is "${approval.gate}"`);
  if (!Number.isSafeInteger(options.addMicroUsd) || options.addMicroUsd <= 0)
    throw new UsageError(`--add-usd: ${options.addMicroUsd} micro-dollars; must be above 0`);
  return { addMicroUsd: options.addMicroUsd };
}

/** How long `cancel` waits for a live process to stop, in ms. */
const CANCEL_WAIT_MS = 10_000;

/** Stops a live run, or marks one that nobody runs. */
export async function cancel(house: House, row: RunRow): Promise<void> {
  const { stores, person } = house;
  if (row.status === 'cancelled' || (row.status === 'stopped' && row.reason?.resumable === true)) return;
  if (row.status === 'released' || row.status === 'unchanged' || row.status === 'rolled_back' || row.status === 'stopped')
    throw new UsageError(`thread ${row.threadId}: is ${row.status}; it cannot be cancelled`);
  await stores.audit.assertTail();
  await stores.audit.append({ threadId: row.threadId, actor: person.id, action: 'run-cancel', stage: row.stage });
  if (row.live) {
    await stores.runs.requestCancel(row.threadId, true);
    const until = house.clock.monotonic() + CANCEL_WAIT_MS;
    while (house.clock.monotonic() < until) {
      const now = await stores.runs.get(row.threadId);
      if (now === undefined || !now.live) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const now = await stores.runs.get(row.threadId);
  await stores.approvals.void(row.threadId);
  if (now !== undefined && !now.live && (now.status === 'running' || now.status === 'waiting')) {
    await stores.runs.markCancelled(
      row.threadId,
      reasonFor(row.threadId, { code: 'CANCELLED', message: `cancelled by ${person.id}`, stage: now.stage, evidence: [] }),
    );
    await writeReport(house, row.threadId);
  }
}

/** Undoes a release by a new commit. Idempotent. */
export async function rollback(house: House, row: RunRow, reason: string): Promise<void> {
  const { stores, person } = house;
  said('--reason', reason);
  if (reason.includes('\n')) throw new UsageError('--reason: must be one line; it stands in the message of the commit');
  await stores.audit.assertTail();
  const release = await recordedRelease(house, row.threadId);
  if (release === undefined) throw new UsageError(`thread ${row.threadId}: is ${row.status}; there is no release to undo`);
  if (!person.roles.includes('admin') && !person.roles.includes('operator'))
    throw new UsageError(
      `rollback: role "operator" is needed; ${person.id} has ${person.roles.join(', ') || 'none'}`,
      'APPROVER_NOT_ALLOWED',
    );
  const fence = await stores.runs.acquire(row.threadId);
  const session = await openSession(house, row, fence, { signal: new AbortController().signal, drain: undefined });
  try {
    await rollBack(session, { ...release.body, approval: null }, release.ref, { reason, by: person.id });
    await stores.runs.update(fence, { status: 'rolled_back' });
    await stores.audit.append({
      threadId: row.threadId,
      actor: person.id,
      action: 'run-rolled-back',
      facts: { commit: release.body.commit },
    });
  } catch (error) {
    if (error instanceof StopError) throw new UsageError(error.message, error.code);
    throw error;
  } finally {
    await stores.runs.release(fence);
  }
  await writeReport(house, row.threadId);
}
