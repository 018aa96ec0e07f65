/** The effect journal: before and after every paid or outward effect, in one transaction with ledger, transcript and audit. */
import { failpoint } from '../domain/failpoint.ts';
import type { EffectStart, Effects } from '../domain/ports.ts';
import type { AuditCore } from './audit.ts';
import { assertFence, type Database } from './database.ts';
import type { LedgerCore } from './ledger.ts';
import type { TranscriptsCore } from './transcripts.ts';

interface Row {
  key: string;
  state: 'started' | 'done' | 'failed';
  request_hash: string;
  tries: number;
  result: string | null;
  before: string | null;
  after: string | null;
}

export function createJournal(database: Database, parts: { ledger: LedgerCore; transcripts: TranscriptsCore; audit: AuditCore }): Effects {
  const { ledger, transcripts, audit } = parts;
  const select = database.prepare('SELECT * FROM effects WHERE key = ?');
  const find = (key: string): Row | undefined => select.get(key) as Row | undefined; // the table's columns
  const insert = database.prepare(
    `INSERT INTO effects (key, thread_id, kind, stage, attempt, agent, request_hash, state, tries, before)
     VALUES (@key, @thread, @kind, @stage, @attempt, @agent, @requestHash, 'started', 1, @before)
     ON CONFLICT (key) DO UPDATE SET state = 'started', tries = tries + 1, request_hash = @requestHash, before = COALESCE(@before, before)`,
  );
  const done = database.prepare("UPDATE effects SET state = 'done', result = ?, after = ? WHERE key = ?");
  const failed = database.prepare("UPDATE effects SET state = 'failed' WHERE key = ? AND state = 'started'");
  return {
    start: async (fence, effect, options) => {
      const start = database.transaction((): EffectStart => {
        assertFence(database, fence);
        const found = find(effect.key);
        const threadId = fence.threadId;
        if (found?.state === 'done') {
          const requestDiffers = found.request_hash !== effect.requestHash;
          if (requestDiffers)
            audit.appendNow({
              threadId,
              actor: 'governor',
              action: 'effect-differs',
              stage: effect.stage,
              attempt: effect.attempt,
              facts: { key: effect.key, kind: effect.kind },
            });
          return { kind: 'done', result: found.result ?? '', before: found.before, after: found.after, requestDiffers };
        }
        if (found?.state === 'started') ledger.settle(effect.key, 'all', 'orphaned');
        if (options.reserve !== undefined) {
          const refusal = ledger.reserve(fence, effect, options.reserve);
          if (refusal !== undefined) {
            audit.appendNow({
              threadId,
              actor: `agent:${effect.agent}`,
              action: 'budget-refused',
              stage: effect.stage,
              attempt: effect.attempt,
              code: 'BUDGET_REFUSED',
              facts: { ...refusal, kind: effect.kind, role: effect.role },
            });
            return { kind: 'refused', refusal };
          }
        }
        const interrupted = found?.state === 'started';
        // The state to come back to is the one of the first try, not of a half-done one.
        insert.run({ ...effect, thread: threadId, before: interrupted ? null : (options.before ?? null) });
        if (options.audit !== undefined) audit.appendNow(options.audit);
        const tries = (found?.tries ?? 0) + 1;
        return interrupted ? { kind: 'interrupted', tries, before: found.before } : { kind: 'go', tries };
      });
      const point = `start:${effect.kind}:${effect.stage}`;
      failpoint(`${point}:before`);
      const answer = start.immediate();
      failpoint(`${point}:after`);
      audit.anchor();
      return answer;
    },
    finish: async (fence, key, outcome) => {
      const point = `finish:${outcome.audit?.[0]?.action ?? 'effect'}`;
      const finish = database.transaction(() => {
        assertFence(database, fence);
        done.run(outcome.result, outcome.after ?? null, key);
        ledger.settle(key, outcome.actual ?? 'all', 'settled');
        transcripts.insertRows(fence.threadId, outcome.rows ?? []);
        for (const entry of outcome.audit ?? []) audit.appendNow(entry);
        failpoint(`${point}:inside`);
      });
      failpoint(`${point}:before`);
      finish.immediate();
      failpoint(`${point}:after`);
      audit.anchor();
    },
    fail: async (fence, key, outcome) => {
      const fail = database.transaction(() => {
        assertFence(database, fence);
        failed.run(key);
        ledger.settle(key, outcome.actual, 'settled');
        for (const entry of outcome.audit ?? []) audit.appendNow(entry);
      });
      failpoint('fail:effect:before');
      fail.immediate();
      failpoint('fail:effect:after');
      audit.anchor();
    },
    peek: async (key) => {
      const found = find(key);
      return found === undefined ? undefined : { state: found.state, result: found.result, before: found.before };
    },
  };
}
