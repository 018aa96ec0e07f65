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

export function createTranscripts(sql: Sql): Transcripts {
  const checked = checkedRows();
  return {
    append: async (fence, rows) =>
      sql.write(function* () {
        yield* assertFence(fence);
        yield* insertRows(fence.threadId, rows);
      }),
    chain: async (threadId, head) => sql.read(() => chain(checked, threadId, head)),
  };
}

/** Inserts rows if absent, also in the journal's transaction. */
export function* insertRows(threadId: string, rows: readonly TranscriptRow[]): Transaction<void> {
  for (const row of rows) yield* run(INSERT, [threadId, row.id, row.parent, row.agent, JSON.stringify(row.message)]);
}

function* chain(checked: Checked, threadId: string, head: string): Transaction<TranscriptRow[]> {
  const rows: TranscriptRow[] = [];
  for (let id: string | null = head; id !== null; ) {
    const row: TranscriptRow = checked.get(threadId, id) ?? (yield* verified(checked, threadId, id));
    rows.push(row);
    id = row.parent;
  }
  return rows.reverse();
}

function* verified(checked: Checked, threadId: string, id: string): Transaction<TranscriptRow> {
  const found = yield* one<Row>(FIND, [threadId, id]);
  if (found === undefined) throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} is missing`);
  const message = messageOf(found.message);
  if (message === undefined || digestOf({ parent: found.parent, agent: found.agent, message }) !== id)
    throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} was changed`);
  const row: TranscriptRow = { id, parent: found.parent, agent: found.agent, message };
  checked.keep(threadId, row, found.message.length);
  return row;
}

type Checked = ReturnType<typeof checkedRows>;

/** An id is the digest of the row and of all rows before it: what was checked once holds for this process. */
function checkedRows() {
  const rows = new Map<string, TranscriptRow>();
  let kept = 0;
  return {
    get: (threadId: string, id: string): TranscriptRow | undefined => rows.get(`${threadId} ${id}`),
    keep: (threadId: string, row: TranscriptRow, characters: number): void => {
      if (kept > CHECKED_KEPT) {
        rows.clear();
        kept = 0;
      }
      rows.set(`${threadId} ${row.id}`, row);
      kept += ROW_COSTS + characters;
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
