/** A release is consented to by what the audit trail bears out, not by a row alone: whoever can write the row must write the trail anew too. */
import { isDeepStrictEqual } from 'node:util';
import type { AuditRecord } from '../../domain/audit.ts';
import { StopError } from '../../domain/errors.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import type { Session } from '../session.ts';

/** @throws StopError `STATE_TAMPERED` naming the approval and what differs, or the first record that is not as it was written. */
export async function assertProven(session: Session, row: ApprovalRow): Promise<void> {
  const records = (await session.stores.audit.proven(session.facts.threadId)).filter(({ facts }) => facts?.['approval'] === row.id);
  const problem = differenceOf(row, records);
  if (problem !== undefined)
    throw new StopError('STATE_TAMPERED', `approval ${row.id}: ${problem}; the audit trail tells otherwise. Nothing was released`);
}

function differenceOf(row: ApprovalRow, records: readonly AuditRecord[]): string | undefined {
  const of = (action: string): AuditRecord[] => records.filter((record) => record.action === action);
  const { role, min } = row.required;
  const asked = { subject: row.subject.digest, role, min };
  const [request] = of('approval-request');
  if (request === undefined) return 'nobody was asked for it';
  if (!isDeepStrictEqual(asked, { subject: request.facts?.['subject'], role: request.facts?.['role'], min: request.facts?.['min'] }))
    return `it says that subject ${asked.subject} needs ${min} of role ${role}`;
  const voted = of('approval-vote').map(({ actor, facts }) => [actor, facts?.['subject'], facts?.['decision'], facts?.['waived'] ?? []]);
  const votes = row.votes.map(({ by, decision, waive }) => [by.id, row.subject.digest, decision, waive ?? []]);
  if (!isDeepStrictEqual(votes, voted))
    return `its votes are ${row.votes.map(({ by, decision }) => `${decision} by ${by.id}`).join(', ') || 'none'}`;
  const decided = of('approval-decided').at(-1)?.facts?.['status'];
  return decided === row.status && of('approval-void').length === 0 ? undefined : `it is ${row.status}`;
}
