/** The effect journal: before and after every paid or outward effect, in one transaction with ledger, transcript and audit. */
import type { AuditEntry } from '../domain/audit.ts';
import type { Refusal } from '../domain/budget.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { EffectId, EffectStart, Effects, Fence, RecordedEffect } from '../domain/ports.ts';
import type { AuditCore } from './audit/audit.ts';
import { assertFence } from './fence.ts';
import { reserve, settle } from './ledger.ts';
import { many, one, run, type Sql, type Transaction } from './sql/transaction.ts';
import { insertRows, type TranscriptsCore } from './transcripts.ts';

interface Row {
  key: string;
  state: 'started' | 'done' | 'failed';
  request_hash: string;
  tries: number;
  result: string | null;
  before: string | null;
  after: string | null;
}

type StartOptions = Parameters<Effects['start']>[2];
type Outcome = Parameters<Effects['finish']>[2];

const FIND = 'SELECT * FROM effects WHERE key = $1';
const findAll = (keys: number): string =>
  `SELECT * FROM effects WHERE key IN (${Array.from({ length: keys }, (_, index) => `$${index + 1}`).join(', ')})`;
const START = `INSERT INTO effects (key, thread_id, kind, stage, attempt, agent, request_hash, state, tries, before)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 'started', 1, $8)
  ON CONFLICT (key) DO UPDATE SET state = 'started', tries = effects.tries + 1, request_hash = excluded.request_hash,
    before = COALESCE(excluded.before, effects.before)`;
const DONE = "UPDATE effects SET state = 'done', result = $2, after = $3 WHERE key = $1";
const FAILED = "UPDATE effects SET state = 'failed' WHERE key = $1 AND state = 'started'";

/** An effect's start is synced, since money and the outside follow it; its end where it cannot be repeated. */
export function createJournal(
  { sql, relaxed }: { sql: Sql; relaxed: Sql },
  stores: { audit: AuditCore; transcripts: TranscriptsCore },
): Effects {
  const { audit, transcripts } = stores;
  return {
    start: async (fence, effect, options) => {
      const point = `start:${effect.kind}:${effect.stage}`;
      failpoint(`${point}:before`);
      const answer = await sql.write(() => start(audit, fence, effect, options));
      failpoint(`${point}:after`);
      await audit.anchor();
      return answer;
    },
    finish: async (fence, key, outcome) => {
      const point = `finish:${outcome.audit?.[0]?.action ?? 'effect'}`;
      failpoint(`${point}:before`);
      await (outcome.repeatable === true ? relaxed : sql).write(function* () {
        yield* finish(audit, fence, key, outcome);
        failpoint(`${point}:inside`);
      });
      failpoint(`${point}:after`);
      transcripts.stored(fence.threadId, outcome.rows ?? []);
      if (outcome.repeatable !== true) await audit.anchor();
    },
    once: async (fence, effect, reservation, outcome) => {
      const point = `once:${effect.kind}:${effect.stage}`;
      failpoint(`${point}:before`);
      const answer = await relaxed.write(function* () {
        const begun = yield* start(audit, fence, effect, { reserve: reservation });
        if (begunAnew(begun)) yield* finish(audit, fence, effect.key, outcome);
        failpoint(`${point}:inside`);
        return begun;
      });
      failpoint(`${point}:after`);
      if (begunAnew(answer)) transcripts.stored(fence.threadId, outcome.rows);
      return answer;
    },
    fail: async (fence, key, { actual, audit: entries = [] }) => {
      failpoint('fail:effect:before');
      await sql.write(function* () {
        yield* assertFence(fence);
        yield* run(FAILED, [key]);
        yield* settle(key, actual, 'settled');
        yield* audit.record(entries);
      });
      failpoint('fail:effect:after');
      await audit.anchor();
    },
    peek: async (key) => (await peekAll(sql, [key]))[0],
    peekAll: (keys) => peekAll(sql, keys),
  };
}

async function peekAll(sql: Sql, keys: readonly string[]): Promise<(RecordedEffect | undefined)[]> {
  const rows = await sql.read(() => many<Row>(findAll(keys.length), keys));
  return keys.map((key) => {
    const found = rows.find((row) => row.key === key);
    return found === undefined ? undefined : { state: found.state, result: found.result, before: found.before };
  });
}

function* start(audit: AuditCore, fence: Fence, effect: EffectId, options: StartOptions): Transaction<EffectStart> {
  yield* assertFence(fence);
  const { threadId } = fence;
  const found = yield* one<Row>(FIND, [effect.key]);
  if (found?.state === 'done') {
    const requestDiffers = found.request_hash !== effect.requestHash;
    if (requestDiffers) yield* audit.record([differing(threadId, effect)]);
    return { kind: 'done', result: found.result ?? '', before: found.before, after: found.after, requestDiffers };
  }
  const interrupted = found?.state === 'started';
  if (interrupted) yield* settle(effect.key, 'all', 'orphaned');
  const refusal = options.reserve === undefined ? undefined : yield* reserve(fence, effect, options.reserve);
  if (refusal !== undefined) {
    yield* audit.record([refused(threadId, effect, refusal)]);
    return { kind: 'refused', refusal };
  }
  // The state to come back to is the one of the first try, not of a half-done one.
  const before = interrupted ? null : (options.before ?? null);
  const { key, kind, stage, attempt, agent, requestHash } = effect;
  yield* run(START, [key, threadId, kind, stage, attempt, agent, requestHash, before]);
  if (options.audit !== undefined) yield* audit.record([options.audit]);
  const tries = (found?.tries ?? 0) + 1;
  return interrupted ? { kind: 'interrupted', tries, before: found.before } : { kind: 'go', tries };
}

function* finish(audit: AuditCore, fence: Fence, key: string, outcome: Outcome): Transaction<void> {
  yield* assertFence(fence);
  yield* run(DONE, [key, outcome.result, outcome.after ?? null]);
  yield* settle(key, outcome.actual ?? 'all', 'settled');
  yield* insertRows(fence.threadId, outcome.rows ?? []);
  yield* audit.record(outcome.audit ?? []);
}

const begunAnew = ({ kind }: EffectStart): boolean => kind === 'go' || kind === 'interrupted';

const differing = (threadId: string, effect: EffectId): AuditEntry => ({
  threadId,
  actor: 'governor',
  action: 'effect-differs',
  stage: effect.stage,
  attempt: effect.attempt,
  facts: { key: effect.key, kind: effect.kind },
});

const refused = (threadId: string, effect: EffectId, refusal: Refusal): AuditEntry => ({
  threadId,
  actor: `agent:${effect.agent}`,
  action: 'budget-refused',
  stage: effect.stage,
  attempt: effect.attempt,
  code: 'BUDGET_REFUSED',
  facts: { ...refusal, kind: effect.kind, role: effect.role },
});
