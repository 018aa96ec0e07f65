/** The events of a run, kept with it: dense ids, written before anybody sees them. */
import { FencedError } from '../../domain/errors.ts';
import type { EventRow, Events } from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { holds } from './queue.ts';

export function createEvents(database: Database): Events {
  const insert = database.prepare('INSERT INTO run_events (run_id, seq, event, data) VALUES (?, ?, ?, ?)');
  const latest = database.prepare('SELECT COALESCE(MAX(seq), -1) AS seq FROM run_events WHERE run_id = ?');
  const after = database.prepare('SELECT seq, event, data FROM run_events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?');
  const last = (runId: string): number => (latest.get(runId) as { seq: number }).seq; // max
  return {
    append: async (lease, events) => {
      const write = database.transaction(() => {
        if (!holds(database, lease)) throw new FencedError(lease.threadId, lease.epoch);
        let seq = last(lease.runId);
        for (const { event, data } of events) {
          seq += 1;
          insert.run(lease.runId, seq, event, data);
        }
        return seq;
      });
      return write.immediate();
    },
    read: async (runId, afterSeq, limit, maxBytes) => {
      const rows: EventRow[] = [];
      let bytes = 0;
      for (const row of after.iterate(runId, afterSeq, limit) as Iterable<EventRow>) {
        // the selected columns
        rows.push(row);
        bytes += row.data.length;
        if (bytes >= maxBytes) break;
      }
      return rows;
    },
    last: async (runId) => last(runId),
    trim: async (runId, below) => {
      database.prepare('DELETE FROM run_events WHERE run_id = ? AND seq < ?').run(runId, below);
    },
    prune: async (before, limit) => {
      const write = database.transaction(() => {
        const runs = database
          .prepare(
            `SELECT run_id FROM thread_runs r WHERE r.status NOT IN ('pending', 'running') AND r.updated_at < ?
               AND EXISTS (SELECT 1 FROM run_events e WHERE e.run_id = r.run_id) LIMIT ?`,
          )
          .all(before, limit) as { run_id: string }[]; // the selected column
        for (const { run_id } of runs) database.prepare('DELETE FROM run_events WHERE run_id = ?').run(run_id);
        return runs.length;
      });
      return write.immediate();
    },
  };
}
