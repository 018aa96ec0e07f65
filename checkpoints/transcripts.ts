/** The content-addressed transcript chains. */
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import type { TranscriptRow, Transcripts } from '../domain/ports.ts';
import { assertFence } from './fence.ts';
import { one, run, type Sql, type Transaction } from './sql/transaction.ts';

interface Row {
  parent: string | null;
  agent: string;
  message: string;
}

const INSERT = `INSERT INTO transcripts (thread_id, id, parent, agent, message) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (thread_id, id) DO NOTHING`;
const FIND = 'SELECT parent, agent, message FROM transcripts WHERE thread_id = $1 AND id = $2';

/** How much of checked rows a process keeps, in characters; a row costs some beside its text. */
const CHECKED_KEPT = 32_000_000;
const ROW_COSTS = 400;

export interface TranscriptsCore extends Transcripts {
  /** Rows that an effect committed in this process: the next step asks for them at once, and need not read and check them. */
  stored(threadId: string, rows: readonly TranscriptRow[]): void;
}

export function createTranscripts(sql: Sql): TranscriptsCore {
  const checked = checkedRows();
  return {
    append: async (fence, rows) =>
      sql.write(function* () {
        yield* assertFence(fence);
        yield* insertRows(fence.threadId, rows);
      }),
    stored: (threadId, rows) => {
      for (const row of rows) checked.keep(threadId, row, JSON.stringify(row.message).length);
    },
    chain: async (threadId, head) => sql.read(() => chain(checked, threadId, head)),
  };
}

/** Inserts rows if absent, also in the journal's transaction. */
export function* insertRows(threadId: string, rows: readonly TranscriptRow[]): Transaction<void> {
  for (const row of rows) yield* run(INSERT, [threadId, row.id, row.parent, row.agent, JSON.stringify(row.message)]);
}

function* chain(checked: Checked, threadId: string, head: string): Transaction<TranscriptRow[]> {
  const rows: TranscriptRow[] = [];
  let after: CheckedRow | undefined;
  for (let id: string | null = head; id !== null; ) {
    const found: CheckedRow = after?.before ?? checked.get(threadId, id) ?? (yield* verified(checked, threadId, id));
    if (after !== undefined) after.before = found;
    rows.push(found.row);
    id = found.row.parent;
    after = found;
  }
  return rows.reverse();
}

function* verified(checked: Checked, threadId: string, id: string): Transaction<CheckedRow> {
  const found = yield* one<Row>(FIND, [threadId, id]);
  if (found === undefined) throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} is missing`);
  const message = messageOf(found.message);
  if (message === undefined || digestOf({ parent: found.parent, agent: found.agent, message }) !== id)
    throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} was changed`);
  return checked.keep(threadId, { id, parent: found.parent, agent: found.agent, message }, found.message.length);
}

/** A row that was checked; its parent beside it once that was asked for, since whole chains are asked for with every step. */
interface CheckedRow {
  readonly row: TranscriptRow;
  before: CheckedRow | undefined;
}

type Checked = ReturnType<typeof checkedRows>;

/** An id is the digest of the row and of all rows before it: what was checked once holds for this process. */
function checkedRows() {
  const rows = new Map<string, CheckedRow>();
  let kept = 0;
  return {
    get: (threadId: string, id: string): CheckedRow | undefined => rows.get(`${threadId} ${id}`),
    keep: (threadId: string, row: TranscriptRow, characters: number): CheckedRow => {
      if (kept > CHECKED_KEPT) {
        rows.clear();
        kept = 0;
      }
      const checked: CheckedRow = { row, before: undefined };
      rows.set(`${threadId} ${row.id}`, checked);
      kept += ROW_COSTS + characters;
      return checked;
    },
  };
}

/** The stored message; its digest is checked by the caller. What is no JSON is no message and has no digest of one. */
function messageOf(text: string): TranscriptRow['message'] | undefined {
  try {
    return JSON.parse(text) as TranscriptRow['message'];
  } catch {
    return undefined;
  }
}
