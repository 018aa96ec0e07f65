/** Approval records: outside graph state, bound to a subject, voted by different people, used once. */
import { randomBytes } from 'node:crypto';
import { UsageError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Gate } from '../domain/handoff.ts';
import type { ApprovalRow, ApprovalStatus, Approvals, Clock, Subject, Vote } from '../domain/ports.ts';
import type { AuditCore } from './audit.ts';
import { assertFence, type Database } from './database.ts';

interface Row {
  id: string;
  thread_id: string;
  gate: Gate;
  round: number;
  subject: string;
  required: string;
  shown: string;
  status: ApprovalStatus;
  votes: string;
  decided_at: string | null;
  used_by: string | null;
  created_at: string;
}

// Every JSON column below was written by this file.
const rowOf = (row: Row): ApprovalRow => ({
  id: row.id,
  threadId: row.thread_id,
  gate: row.gate,
  round: row.round,
  subject: JSON.parse(row.subject) as Subject, // as said above
  required: JSON.parse(row.required) as ApprovalRow['required'], // as said above
  shown: JSON.parse(row.shown) as ApprovalRow['shown'], // as said above
  status: row.status,
  votes: JSON.parse(row.votes) as Vote[], // as said above
  decidedAt: row.decided_at,
  usedBy: row.used_by,
  createdAt: row.created_at,
});

export function createApprovals(database: Database, clock: Clock, audit: AuditCore): Approvals {
  const stamp = (): string => new Date(clock.now()).toISOString();
  const one = (id: string): ApprovalRow | undefined => {
    const row = database.prepare('SELECT * FROM approvals WHERE id = ?').get(id) as Row | undefined; // the table's columns
    return row === undefined ? undefined : rowOf(row);
  };
  const newest = (threadId: string, gate: Gate, digest: string): ApprovalRow | undefined => {
    const row = database
      .prepare('SELECT * FROM approvals WHERE thread_id = ? AND gate = ? AND digest = ? ORDER BY round DESC LIMIT 1')
      .get(threadId, gate, digest) as Row | undefined; // the table's columns
    return row === undefined ? undefined : rowOf(row);
  };
  const transact = <Result>(what: string, work: () => Result): Result => {
    failpoint(`approval:${what}:before`);
    const result = database.transaction(work).immediate();
    failpoint(`approval:${what}:after`);
    audit.anchor();
    return result;
  };
  const changed = (id: string): ApprovalRow => {
    const row = one(id);
    if (row === undefined) throw new UsageError(`approval ${id}: there is no such approval`);
    return row;
  };
  return {
    open: async (wanted) =>
      transact('open', () => {
        const found = newest(wanted.threadId, wanted.gate, wanted.subject.digest);
        if (found !== undefined && found.status !== 'void') return found;
        const round = (found?.round ?? 0) + 1;
        // A nonce: nobody can name an approval before it was shown to them.
        const id = randomBytes(16).toString('hex');
        database
          .prepare(
            `INSERT INTO approvals (id, thread_id, gate, round, digest, subject, required, shown, status, votes, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', '[]', ?)`,
          )
          .run(
            id,
            wanted.threadId,
            wanted.gate,
            round,
            wanted.subject.digest,
            JSON.stringify(wanted.subject),
            JSON.stringify(wanted.required),
            JSON.stringify(wanted.shown),
            stamp(),
          );
        audit.appendNow({
          threadId: wanted.threadId,
          actor: 'governor',
          action: 'approval-request',
          facts: { approval: id, gate: wanted.gate, subject: wanted.subject.digest, role: wanted.required.role, min: wanted.required.min },
        });
        return changed(id);
      }),
    get: async (id) => one(id),
    newest: async (threadId, gate, digest) => newest(threadId, gate, digest),
    list: async ({ threadId, status }) => {
      const rows = database
        .prepare(
          'SELECT * FROM approvals WHERE (@thread IS NULL OR thread_id = @thread) AND (@status IS NULL OR status = @status) ORDER BY rowid',
        )
        .all({ thread: threadId ?? null, status: status ?? null }) as Row[]; // the table's columns
      return rows.map(rowOf);
    },
    vote: async (id, digest, vote) =>
      transact('vote', () => {
        const row = changed(id);
        if (row.status !== 'pending') throw new UsageError(`approval ${id}: is ${row.status}; it can no longer be decided`);
        if (row.subject.digest !== digest)
          throw new UsageError(`approval ${id}: is about subject ${row.subject.digest}, not ${digest}`, 'APPROVAL_STALE');
        if (row.votes.some((other) => other.by.id === vote.by.id))
          throw new UsageError(`approval ${id}: ${vote.by.id} has voted already; ${row.required.min} different people are needed`);
        const votes = [...row.votes, vote];
        const edit = votes.find((other) => other.decision === 'edited');
        const status: ApprovalStatus =
          vote.decision === 'rejected'
            ? 'rejected'
            : votes.length < row.required.min
              ? 'pending'
              : edit === undefined
                ? 'approved'
                : 'edited';
        database
          .prepare('UPDATE approvals SET votes = ?, status = ?, decided_at = ? WHERE id = ?')
          .run(JSON.stringify(votes), status, status === 'pending' ? null : stamp(), id);
        const facts = {
          approval: id,
          gate: row.gate,
          subject: digest,
          decision: vote.decision,
          comment: vote.comment.slice(0, 500),
          self_approved: vote.selfApproved,
        };
        audit.appendNow({ threadId: row.threadId, actor: vote.by.id, action: 'approval-vote', facts });
        if (status !== 'pending')
          audit.appendNow({
            threadId: row.threadId,
            actor: 'governor',
            action: 'approval-decided',
            facts: { approval: id, gate: row.gate, status },
          });
        return changed(id);
      }),
    void: async (threadId, id) =>
      transact('void', () => {
        const rows =
          id === undefined
            ? database.prepare("SELECT * FROM approvals WHERE thread_id = ? AND status = 'pending'").all(threadId)
            : database
                .prepare("SELECT * FROM approvals WHERE thread_id = ? AND id = ? AND status <> 'void' AND used_by IS NULL")
                .all(threadId, id);
        for (const row of rows as Row[]) {
          // the table's columns
          database.prepare("UPDATE approvals SET status = 'void' WHERE id = ?").run(row.id);
          audit.appendNow({
            threadId,
            actor: 'governor',
            action: 'approval-void',
            facts: { approval: row.id, gate: row.gate, was: row.status },
          });
        }
      }),
    use: async (fence, id, key) =>
      transact('use', () => {
        assertFence(database, fence);
        const row = changed(id);
        if (row.usedBy !== null) return row.usedBy === key;
        // The caller has read it before; it may have been voided since.
        if (row.threadId !== fence.threadId || (row.status !== 'approved' && row.status !== 'edited')) return false;
        database.prepare('UPDATE approvals SET used_by = ? WHERE id = ?').run(key, id);
        audit.appendNow({ threadId: row.threadId, actor: 'governor', action: 'approval-used', facts: { approval: id, key } });
        return true;
      }),
  };
}
