/** Webhooks that wait to be sent: put with the end of their run, taken by one process at a time, kept until a target has them. */

import type { Outbox } from '../../domain/outbox.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Database } from '../database.ts';

/** Rows that were given up and are kept for people to look at; older ones go. */
const DEAD_ROWS = 1000;
/** Longest kept error, in characters. */
const ERROR_CHARS = 500;

interface Row {
  id: number;
  run_id: string;
  url: string;
  body: string;
  tries: number;
}

/** Called inside the transaction that ends the run: the end and its webhook are one. `at` is ms since 1970. */
export function putWebhook(database: Database, hook: { runId: string; tenant: string; url: string; body: string; at: number }): void {
  database
    .prepare("INSERT INTO outbox (run_id, tenant, url, body, due_at, state, created_at) VALUES (?, ?, ?, ?, ?, 'waiting', ?)")
    .run(hook.runId, hook.tenant, hook.url, hook.body, hook.at, new Date(hook.at).toISOString());
}

export function createOutbox(database: Database, clock: Clock): Outbox {
  const due = database.prepare(
    "SELECT id, run_id, url, body, tries FROM outbox WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?",
  );
  const hold = database.prepare('UPDATE outbox SET due_at = ? WHERE id = ?');
  const first = database.prepare("SELECT MIN(due_at) AS at FROM outbox WHERE state = 'waiting'");
  const count = database.prepare('SELECT COUNT(*) AS rows FROM outbox WHERE state = ?');
  const bury = database.prepare(
    `DELETE FROM outbox WHERE state = 'dead' AND id <= (SELECT id FROM outbox WHERE state = 'dead' ORDER BY id DESC LIMIT 1 OFFSET ${DEAD_ROWS})`,
  );
  const countOf = (state: string): number => (count.get(state) as { rows: number }).rows; // an aggregate always has one row
  return {
    take: async (limit, holdMs) => {
      const now = clock.now();
      const take = database.transaction(() => {
        const rows = due.all(now, limit) as Row[]; // the selected columns
        for (const row of rows) hold.run(now + holdMs, row.id);
        return rows.map(({ run_id, ...row }) => ({ ...row, runId: run_id }));
      });
      return take.immediate();
    },
    // What a target has is of no more use here, and rows must not grow without end.
    sent: async ({ id, runId }) => {
      database.prepare('DELETE FROM outbox WHERE id = ? AND run_id = ?').run(id, runId);
    },
    failed: async ({ id, runId }, error, delayMs) => {
      const kept = error.slice(0, ERROR_CHARS);
      const fail = database.transaction(() => {
        database
          .prepare(
            "UPDATE outbox SET tries = tries + 1, error = ?, state = ?, due_at = ? WHERE id = ? AND run_id = ? AND state = 'waiting'",
          )
          .run(kept, delayMs === null ? 'dead' : 'waiting', clock.now() + Math.ceil(delayMs ?? 0), id, runId);
        if (delayMs === null) bury.run();
      });
      fail.immediate();
    },
    nextDueMs: async () => {
      const { at } = first.get() as { at: number | null }; // an aggregate always has one row
      return at === null ? undefined : Math.max(0, at - clock.now());
    },
    counts: async () => ({ waiting: countOf('waiting'), dead: countOf('dead') }),
  };
}
