/** Answers kept under a client's key: the first request begins it, the same request gets its answer, another is refused. */
import type { Idempotency, KeptAnswer } from '../../domain/idempotency.ts';
import type { Clock, LeaseOwner } from '../../domain/ports.ts';
import { isAlive, thisProcess } from '../owner.ts';
import { one, run, type Sql, type Transaction } from '../sql/transaction.ts';

/** A request that began and kept no answer for this long has died, in ms: also on another host, whose processes cannot be asked about. */
const STALE_MS = 60_000;

interface Row {
  request_hash: string;
  answer: string | null;
  created_at: string;
  owner: string | null;
}

interface Request {
  readonly scope: string;
  readonly key: string;
  readonly requestHash: string;
  readonly nowMs: number;
  /** Who asks, as JSON text. */
  readonly owner: string;
}

const stamp = (ms: number): string => new Date(ms).toISOString();

export function createIdempotency(sql: Sql, clock: Clock): Idempotency {
  const owner = JSON.stringify(thisProcess());
  return {
    begin: async (scope, key, requestHash) => sql.write(() => begin({ scope, key, requestHash, nowMs: clock.now(), owner })),
    keep: async (scope, key, answer) => {
      const text = 'UPDATE idempotency SET answer = $1 WHERE scope = $2 AND key = $3 AND answer IS NULL';
      await sql.write(() => run(text, [JSON.stringify(answer), scope, key]));
    },
    drop: async (scope, key) => {
      await sql.write(() => run('DELETE FROM idempotency WHERE scope = $1 AND key = $2 AND answer IS NULL', [scope, key]));
    },
    prune: async (before, limit) =>
      sql.write(() =>
        run(
          `DELETE FROM idempotency WHERE (scope, key) IN
             (SELECT scope, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)`,
          [before, limit],
        ),
      ),
  };
}

function* begin(request: Request): Transaction<'begun' | 'busy' | 'differs' | KeptAnswer> {
  const { scope, key, requestHash, nowMs, owner } = request;
  const row = yield* one<Row>('SELECT request_hash, answer, created_at, owner FROM idempotency WHERE scope = $1 AND key = $2', [
    scope,
    key,
  ]);
  if (row === undefined) {
    yield* run('INSERT INTO idempotency (scope, key, request_hash, created_at, owner) VALUES ($1, $2, $3, $4, $5)', [
      scope,
      key,
      requestHash,
      stamp(nowMs),
      owner,
    ]);
    return 'begun';
  }
  // Before staleness: whoever was slow and is not dead may still keep an answer here, and it must be this request's.
  if (row.request_hash !== requestHash) return 'differs';
  if (row.answer !== null) return JSON.parse(row.answer) as KeptAnswer; // written by `keep`
  if (isUnderWay(row, nowMs)) return 'busy';
  yield* run('UPDATE idempotency SET created_at = $1, owner = $2 WHERE scope = $3 AND key = $4', [stamp(nowMs), owner, scope, key]);
  return 'begun';
}

const isUnderWay = ({ created_at: at, owner }: Row, nowMs: number): boolean =>
  at > stamp(nowMs - STALE_MS) && (owner === null || isAlive(JSON.parse(owner) as LeaseOwner)); // written by `begin`
