/** What the audit trail holds of an approval, as `checkpoints/approvals.ts` records it. */
import type { AuditRecord } from '../../domain/audit.ts';
import type { ApprovalRow } from '../../domain/ports.ts';

export function recordsOf(row: ApprovalRow): AuditRecord[] {
  const entry = (action: string, actor: string, facts: Record<string, unknown>, index: number): AuditRecord => ({
    threadId: row.threadId,
    action,
    actor,
    facts: { approval: row.id, gate: row.gate, ...facts },
    seq: index + 1,
    number: index + 1,
    at: row.createdAt,
    previous: '',
    hash: '',
  });
  const { role, min } = row.required;
  const subject = row.subject.digest;
  const votes = row.votes.map(
    ({ by, decision, waive }) =>
      ['approval-vote', by.id, { subject, decision, ...(waive === undefined ? {} : { waived: waive }) }] as const,
  );
  return [
    ['approval-request', 'governor', { subject, role, min }] as const,
    ...votes,
    ['approval-decided', 'governor', { status: row.status }] as const,
  ].map(([action, actor, facts], index) => entry(action, actor, facts, index));
}
