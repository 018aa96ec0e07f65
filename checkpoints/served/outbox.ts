/** Webhooks that wait to be sent: put with the end of their run, taken by one process at a time, kept until a target has them. */
import type { Outbox } from '../../domain/outbox.ts';
import type { Clock } from '../../domain/ports.ts';
import { runWebhook, type ToldEnd } from '../../domain/run-webhook.ts';
import { many, one, run, type Sql, type Transaction } from '../sql/transaction.ts';
import { conditions } from './conditions.ts';
import { type Row, runOf } from './queue/run-row.ts';

/** Rows that were given up and are kept for people to look at; older ones go. */
const DEAD_ROWS = 1000;
/** Longest kept error, in characters. */
const ERROR_CHARS = 500;

interface Waiting {
  id: number;
  run_id: string;
  url: string;
  body: string;
  tries: number;
  host: string;
}

type Limits = Parameters<Outbox['take']>[0];
type Taken = Awaited<ReturnType<Outbox['take']>>;

/** Called inside the transaction that ends the run: the end and its webhook are one. `at` is ms since 1970. */
export function* putWebhook(hook: { runId: string; tenant: string; url: string; body: string; at: number }): Transaction<void> {
  yield* run(
    "INSERT INTO outbox (run_id, tenant, url, body, due_at, state, created_at, host) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7)",
    [hook.runId, hook.tenant, hook.url, hook.body, hook.at, new Date(hook.at).toISOString(), hostOf(hook.url)],
  );
}

/** Host and port; the project's own routes, which a path names, are one. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

/** The same for a run that ends without a worker, where it asked for one. `at` is ISO. */
export function* tellEnd(row: Row, end: Pick<ToldEnd, 'status' | 'error'>, at: string): Transaction<void> {
  const run = runOf(row);
  const { webhook: url } = run.kwargs;
  if (typeof url !== 'string') return;
  const body = JSON.stringify(runWebhook(run, { ...end, startedAt: null, endedAt: at }));
  yield* putWebhook({ runId: run.runId, tenant: run.tenant, url, body, at: Date.parse(at) });
}

export function createOutbox(sql: Sql, clock: Clock): Outbox {
  return {
    take: async (limits, holdMs) => sql.write(() => take(limits, clock.now(), holdMs)),
    // What a target has is of no more use here, and rows must not grow without end.
    sent: async ({ id, runId }) => {
      await sql.write(() => run('DELETE FROM outbox WHERE id = $1 AND run_id = $2', [id, runId]));
    },
    failed: async (row, error, delayMs) => sql.write(() => fail(row, error, clock.now(), delayMs)),
    nextDueMs: async () => {
      const first = await sql.read(() => one<{ at: number | null }>("SELECT MIN(due_at) AS at FROM outbox WHERE state = 'waiting'"));
      return first === undefined || first.at === null ? undefined : Math.max(0, first.at - clock.now());
    },
    counts: async () => sql.read(counts),
  };
}

/** Host by host, one of each before a second of any: who has thousands waiting is no more than one of them. */
function* take({ all, perHost, room }: Limits, nowMs: number, holdMs: number): Transaction<Taken> {
  const full = [...room].flatMap(([host, free]) => (free <= 0 ? [host] : []));
  const asked = conditions();
  asked.add("state = 'waiting' AND due_at <= ?", nowMs);
  if (full.length > 0) asked.addNoneOf('host', full);
  const next = yield* many<Pick<Waiting, 'id' | 'host'>>(
    `SELECT id, host FROM (SELECT id, host, due_at, ROW_NUMBER() OVER (PARTITION BY host ORDER BY due_at, id) AS place FROM outbox
       WHERE ${asked.where.join(' AND ')}) AS ranked WHERE place <= $${asked.parameters.length + 1} ORDER BY place, due_at, id LIMIT $${asked.parameters.length + 2}`,
    // Those of full hosts are passed over.
    [...asked.parameters, perHost, all * perHost],
  );
  const left = new Map(room);
  const taken: Waiting[] = [];
  for (const { id, host } of next) {
    const free = left.get(host) ?? perHost;
    if (free <= 0 || taken.length >= all) continue;
    left.set(host, free - 1);
    yield* run('UPDATE outbox SET due_at = $1 WHERE id = $2', [nowMs + holdMs, id]);
    const row = yield* one<Waiting>('SELECT id, run_id, url, body, tries, host FROM outbox WHERE id = $1', [id]);
    if (row !== undefined) taken.push(row);
  }
  return taken.map(({ run_id, ...row }) => ({ ...row, runId: run_id }));
}

/** Tried again after the delay; without one it is given up. */
function* fail({ id, runId }: { id: number; runId: string }, error: string, nowMs: number, delayMs: number | null): Transaction<void> {
  yield* run(
    "UPDATE outbox SET tries = tries + 1, error = $1, state = $2, due_at = $3 WHERE id = $4 AND run_id = $5 AND state = 'waiting'",
    [error.slice(0, ERROR_CHARS), delayMs === null ? 'dead' : 'waiting', nowMs + Math.ceil(delayMs ?? 0), id, runId],
  );
  if (delayMs === null)
    yield* run(
      `DELETE FROM outbox WHERE state = 'dead' AND id <=
         (SELECT kept.id FROM outbox kept WHERE kept.state = 'dead' ORDER BY kept.id DESC LIMIT 1 OFFSET ${DEAD_ROWS})`,
    );
}

function* counts(): Transaction<{ waiting: number; dead: number }> {
  const found = { waiting: 0, dead: 0 };
  for (const state of ['waiting', 'dead'] as const) {
    const row = yield* one<{ rows: number }>('SELECT COUNT(*) AS rows FROM outbox WHERE state = $1', [state]);
    found[state] = row?.rows ?? 0;
  }
  return found;
}
