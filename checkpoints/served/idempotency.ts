/** Answers kept under a client's key: the first request begins it, the same request gets its answer, another is refused. */

import type { Idempotency, KeptAnswer } from '../../domain/idempotency.ts';
import type { Clock, LeaseOwner } from '../../domain/ports.ts';
import type { Database } from '../database.ts';
import { isAlive, thisProcess } from '../owner.ts';

/** A request that began and kept no answer for this long has died, in ms: also on another host, whose processes cannot be asked about. */
const STALE_MS = 60_000;

interface Row {
  request_hash: string;
  answer: string | null;
  created_at: string;
  owner: string | null;
}

export function createIdempotency(database: Database, clock: Clock): Idempotency {
  const stamp = (ms: number): string => new Date(ms).toISOString();
  const self = JSON.stringify(thisProcess());
  const find = database.prepare('SELECT request_hash, answer, created_at, owner FROM idempotency WHERE scope = ? AND key = ?');
  const insert = database.prepare('INSERT INTO idempotency (scope, key, request_hash, created_at, owner) VALUES (?, ?, ?, ?, ?)');
  const renew = database.prepare('UPDATE idempotency SET created_at = ?, owner = ? WHERE scope = ? AND key = ?');
  const isUnderWay = ({ created_at: at, owner }: Row): boolean =>
    at > stamp(clock.now() - STALE_MS) && (owner === null || isAlive(JSON.parse(owner) as LeaseOwner)); // written below
  const begin = database.transaction((scope: string, key: string, requestHash: string): 'begun' | 'busy' | 'differs' | KeptAnswer => {
    const now = clock.now();
    const row = find.get(scope, key) as Row | undefined; // the selected columns
    if (row === undefined) {
      insert.run(scope, key, requestHash, stamp(now), self);
      return 'begun';
    }
    // Before staleness: whoever was slow and is not dead may still keep an answer here, and it must be this request's.
    if (row.request_hash !== requestHash) return 'differs';
    if (row.answer !== null) return JSON.parse(row.answer) as KeptAnswer; // written by `keep`
    if (isUnderWay(row)) return 'busy';
    renew.run(stamp(now), self, scope, key);
    return 'begun';
  });
  return {
    begin: async (scope, key, requestHash) => begin.immediate(scope, key, requestHash),
    keep: async (scope, key, answer) => {
      database
        .prepare('UPDATE idempotency SET answer = ? WHERE scope = ? AND key = ? AND answer IS NULL')
        .run(JSON.stringify(answer), scope, key);
    },
    drop: async (scope, key) => {
      database.prepare('DELETE FROM idempotency WHERE scope = ? AND key = ? AND answer IS NULL').run(scope, key);
    },
    prune: async (before, limit) =>
      database
        .prepare(
          'DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)',
        )
        .run(before, limit).changes,
  };
}
