/** The content-addressed transcript chains. */
import { StopError } from '../domain/errors.ts';
import { digestOf } from '../domain/ids.ts';
import type { ChatMessage, TranscriptRow, Transcripts } from '../domain/ports.ts';
import { assertFence, type Database } from './database.ts';

interface Row {
  id: string;
  parent: string | null;
  agent: string;
  message: string;
}

export interface TranscriptsCore {
  /** Inserts if absent, inside the caller's transaction. */
  insertRows(threadId: string, rows: readonly TranscriptRow[]): void;
}

/** Rows of chains whose ids were checked by this process; a row never changes once it is checked. */
const CHECKED_KEPT = 20_000;

export function createTranscripts(database: Database): Transcripts & TranscriptsCore {
  const insert = database.prepare('INSERT OR IGNORE INTO transcripts (thread_id, id, parent, agent, message) VALUES (?, ?, ?, ?, ?)');
  const one = database.prepare('SELECT id, parent, agent, message FROM transcripts WHERE thread_id = ? AND id = ?');
  const insertRows = (threadId: string, rows: readonly TranscriptRow[]): void => {
    for (const row of rows) insert.run(threadId, row.id, row.parent, row.agent, JSON.stringify(row.message));
  };
  const checked = new Map<string, { text: string; row: TranscriptRow }>();
  const verified = (threadId: string, id: string): TranscriptRow => {
    const found = one.get(threadId, id) as Row | undefined; // the selected columns
    if (found === undefined) throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} is missing`);
    const known = checked.get(id);
    if (known !== undefined && known.text === found.message && known.row.parent === found.parent && known.row.agent === found.agent)
      return known.row;
    const message = JSON.parse(found.message) as ChatMessage; // its digest is checked on the next line
    const row: TranscriptRow = { id, parent: found.parent, agent: found.agent, message };
    if (digestOf({ parent: row.parent, agent: row.agent, message }) !== id)
      throw new StopError('STATE_TAMPERED', `transcript of thread ${threadId}: row ${id} was changed`);
    if (checked.size >= CHECKED_KEPT) checked.clear();
    checked.set(id, { text: found.message, row });
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
