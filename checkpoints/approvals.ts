/** Approval records: outside graph state, bound to a subject, voted by different people, used once. */
import { randomBytes } from 'node:crypto';
import { UsageError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Gate } from '../domain/handoff.ts';
import type { ApprovalRow, ApprovalStatus, Approvals, Clock, Fence, Subject } from '../domain/ports.ts';
import type { Vote } from '../domain/vote.ts';
import type { AuditCore } from './audit/audit.ts';
import { assertFence } from './fence.ts';
import { many, one, run, type Sql, type Transaction } from './sql/transaction.ts';

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

type Wanted = Parameters<Approvals['open']>[0];

const FIND = 'SELECT * FROM approvals WHERE id = $1';
const NEWEST = 'SELECT * FROM approvals WHERE thread_id = $1 AND gate = $2 AND digest = $3 ORDER BY round DESC LIMIT 1';
const LIST = `SELECT * FROM approvals WHERE (CAST($1 AS TEXT) IS NULL OR thread_id = $1) AND (CAST($2 AS TEXT) IS NULL OR status = $2)
  ORDER BY seq`;
const OPEN = `INSERT INTO approvals (id, thread_id, gate, round, digest, subject, required, shown, status, votes, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', '[]', $9)`;
const PENDING = "SELECT * FROM approvals WHERE thread_id = $1 AND status = 'pending'";
const UNUSED = "SELECT * FROM approvals WHERE thread_id = $1 AND id = $2 AND status <> 'void' AND used_by IS NULL";
const VOTE = 'UPDATE approvals SET votes = $2, status = $3, decided_at = $4 WHERE id = $1';
const VOID = "UPDATE approvals SET status = 'void' WHERE id = $1";
const USE = 'UPDATE approvals SET used_by = $2 WHERE id = $1';

export function createApprovals(sql: Sql, clock: Clock, audit: AuditCore): Approvals {
  const stamp = (): string => new Date(clock.now()).toISOString();
  const transact = async <Result>(what: string, work: () => Transaction<Result>): Promise<Result> => {
    failpoint(`approval:${what}:before`);
    const result = await sql.write(work);
    failpoint(`approval:${what}:after`);
    await audit.publish();
    return result;
  };
  return {
    open: (wanted) => transact('open', () => open(audit, wanted, stamp())),
    get: async (id) => sql.read(() => find(id)),
    newest: async (threadId, gate, digest) => sql.read(() => newest(threadId, gate, digest)),
    list: async ({ threadId, status }) => (await sql.read(() => many<Row>(LIST, [threadId ?? null, status ?? null]))).map(rowOf),
    vote: (id, digest, given) => transact('vote', () => vote(audit, { id, digest, given, at: stamp() })),
    void: (threadId, id) => transact('void', () => voidRows(audit, threadId, id)),
    use: (fence, id, key) => transact('use', () => use(audit, fence, id, key)),
  };
}

function* find(id: string): Transaction<ApprovalRow | undefined> {
  const row = yield* one<Row>(FIND, [id]);
  return row === undefined ? undefined : rowOf(row);
}

function* existing(id: string): Transaction<ApprovalRow> {
  const row = yield* find(id);
  if (row === undefined) throw new UsageError(`approval ${id}: there is no such approval`);
  return row;
}

function* newest(threadId: string, gate: Gate, digest: string): Transaction<ApprovalRow | undefined> {
  const row = yield* one<Row>(NEWEST, [threadId, gate, digest]);
  return row === undefined ? undefined : rowOf(row);
}

function* open(audit: AuditCore, wanted: Wanted, at: string): Transaction<ApprovalRow> {
  const { threadId, gate, subject, required, shown } = wanted;
  const found = yield* newest(threadId, gate, subject.digest);
  if (found !== undefined && found.status !== 'void') return found;
  const round = (found?.round ?? 0) + 1;
  // A nonce: nobody can name an approval before it was shown to them.
  const id = randomBytes(16).toString('hex');
  const texts = [subject, required, shown].map((value) => JSON.stringify(value));
  yield* run(OPEN, [id, threadId, gate, round, subject.digest, ...texts, at]);
  const facts = { approval: id, gate, subject: subject.digest, role: required.role, min: required.min };
  yield* audit.record([{ threadId, actor: 'governor', action: 'approval-request', facts }]);
  return yield* existing(id);
}

interface Ballot {
  readonly id: string;
  /** Of the subject that was shown to who votes. */
  readonly digest: string;
  readonly given: Vote;
  readonly at: string;
}

function* vote(audit: AuditCore, { id, digest, given, at }: Ballot): Transaction<ApprovalRow> {
  const row = yield* existing(id);
  if (row.status !== 'pending') throw new UsageError(`approval ${id}: is ${row.status}; it can no longer be decided`);
  if (row.subject.digest !== digest)
    throw new UsageError(`approval ${id}: is about subject ${row.subject.digest}, not ${digest}`, 'APPROVAL_STALE');
  if (row.votes.some((other) => other.by.id === given.by.id))
    throw new UsageError(`approval ${id}: ${given.by.id} has voted already; ${row.required.min} different people are needed`);
  const votes = [...row.votes, given];
  const status = decided(votes, row.required.min);
  yield* run(VOTE, [id, JSON.stringify(votes), status, status === 'pending' ? null : at]);
  const facts = {
    approval: id,
    gate: row.gate,
    subject: digest,
    decision: given.decision,
    comment: given.comment.slice(0, 500),
    self_approved: given.selfApproved,
    ...(given.waive === undefined ? {} : { waived: given.waive }),
  };
  const { threadId } = row;
  yield* audit.record([{ threadId, actor: given.by.id, action: 'approval-vote', facts }]);
  if (status !== 'pending')
    yield* audit.record([{ threadId, actor: 'governor', action: 'approval-decided', facts: { approval: id, gate: row.gate, status } }]);
  return yield* existing(id);
}

/** The newest vote is the last; a rejection decides at once. */
function decided(votes: readonly Vote[], min: number): ApprovalStatus {
  if (votes.at(-1)?.decision === 'rejected') return 'rejected';
  if (votes.length < min) return 'pending';
  return votes.some(({ decision }) => decision === 'edited') ? 'edited' : 'approved';
}

function* voidRows(audit: AuditCore, threadId: string, id: string | undefined): Transaction<void> {
  const rows = id === undefined ? yield* many<Row>(PENDING, [threadId]) : yield* many<Row>(UNUSED, [threadId, id]);
  for (const row of rows) {
    yield* run(VOID, [row.id]);
    const facts = { approval: row.id, gate: row.gate, was: row.status };
    yield* audit.record([{ threadId, actor: 'governor', action: 'approval-void', facts }]);
  }
}

function* use(audit: AuditCore, fence: Fence, id: string, key: string): Transaction<boolean> {
  yield* assertFence(fence);
  const row = yield* existing(id);
  if (row.usedBy !== null) return row.usedBy === key;
  // The caller has read it before; it may have been voided since.
  if (row.threadId !== fence.threadId || (row.status !== 'approved' && row.status !== 'edited')) return false;
  yield* run(USE, [id, key]);
  yield* audit.record([{ threadId: row.threadId, actor: 'governor', action: 'approval-used', facts: { approval: id, key } }]);
  return true;
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
