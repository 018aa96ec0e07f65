/** The content-addressed transcript chains. */
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import type { TranscriptRow, Transcripts } from '../domain/ports.ts';
import { assertFence, type Database } from './database.ts';

interface Row {
  parent: string | null;
  agent: string;
  message: string;
}

export interface TranscriptsCore {
  /** Inserts if absent, inside the caller's transaction. */
  insertRows(threadId: string, rows: readonly TranscriptRow[]): void;
}

/** How much of checked rows a process keeps, in characters; a row costs some beside its text. */
const CHECKED_KEPT = 32_000_000;
const ROW_COSTS = 400;

export function createTranscripts(database: Database): Transcripts & TranscriptsCore {
  const insert = database.prepare('INSERT OR IGNORE INTO transcripts (thread_id, id, parent, agent, message) VALUES (?, ?, ?, ?, ?)');
  const one = database.prepare('SELECT parent, agent, message FROM transcripts WHERE thread_id = ? AND id = ?');
  const insertRows = (threadId: string, rows: readonly TranscriptRow[]): void => {
    for (const row of rows) insert.run(threadId, row.id, row.parent, row.agent, JSON.stringify(row.message));
  };
  // An id is the digest of the row and of all rows before it: what was checked once holds for this process.
  const checked = new Map<string, TranscriptRow>();
  let kept = 0;
  const verified = (threadId: string, id: string): TranscriptRow => {
    const place = `${threadId} ${id}`;
    const known = checked.get(place);
    if (known !== undefined) return known;
    const found = one.get(threadId, id) as Row | undefined; // the selected columns
    if (found === undefined) throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} is missing`);
    const message = messageOf(found.message);
    if (message === undefined || digestOf({ parent: found.parent, agent: found.agent, message }) !== id)
      throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} was changed`);
    const row: TranscriptRow = { id, parent: found.parent, agent: found.agent, message };
    if (kept > CHECKED_KEPT) {
      checked.clear();
      kept = 0;
    }
    checked.set(place, row);
    kept += ROW_COSTS + found.message.length;
    return row;
  };
  return {
    insertRows,
    append: async (fence, rows) => {
      const write = database.transaction(() => {
        assertFence(database, fence);
        insertRows(fence.threadId, rows);
      });
      write.immediate();
    },
    chain: async (threadId, head) => {
      const rows: TranscriptRow[] = [];
      for (let id: string | null = head; id !== null; ) {
        const row = verified(threadId, id);
        rows.push(row);
        id = row.parent;
      }
      return rows.reverse();
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
