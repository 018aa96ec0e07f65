/** Feedback on runs: of each key the hash of its token, until when it is good, and what was given. It goes with its run. */
import type { Feedback } from '../../domain/feedback.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Json } from '../../domain/served.ts';
import { many, run, type Sql, type Transaction } from '../sql/transaction.ts';

/**
 * @example
 * await feedback.ask('run', [{ key: 'helpful', tokenHash }], clock.now() + 3_600_000);
 * await feedback.give(tokenHash, { score: 1 });
 */
export function createFeedback(sql: Sql, clock: Clock): Feedback {
  return {
    ask: async (runId, keys, expiresAtMs) => sql.write(() => ask(runId, keys, expiresAtMs)),
    give: async (tokenHash, answer) => {
      const nowMs = clock.now();
      const text = 'UPDATE feedback SET answer = $1, given_at = $2 WHERE token_hash = $3 AND expires_at > $4';
      return (await sql.write(() => run(text, [JSON.stringify(answer), new Date(nowMs).toISOString(), tokenHash, nowMs]))) === 1;
    },
    list: async (runId) => {
      const rows = await sql.read(() =>
        many<{ key: string; answer: string; given_at: string }>(
          'SELECT key, answer, given_at FROM feedback WHERE run_id = $1 AND answer IS NOT NULL ORDER BY key',
          [runId],
        ),
      );
      return rows.map((row) => ({ key: row.key, answer: JSON.parse(row.answer) as Json, givenAt: row.given_at })); // written by `give`
    },
  };
}

function* ask(runId: string, keys: Parameters<Feedback['ask']>[1], expiresAtMs: number): Transaction<void> {
  for (const { key, tokenHash } of keys)
    yield* run(
      `INSERT INTO feedback (run_id, key, token_hash, expires_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (run_id, key) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at`,
      [runId, key, tokenHash, expiresAtMs],
    );
}
