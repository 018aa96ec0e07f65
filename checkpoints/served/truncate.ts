/** Empties the server's tables for conformance tests; system assistants and governed runs survive it. */
import { run, type Transaction } from '../sql/transaction.ts';

export type Truncated = { readonly [part in 'runs' | 'threads' | 'assistants' | 'store' | 'checkpointer']?: boolean | undefined };

export function* truncateServed(what: Truncated): Transaction<void> {
  const mine = 'thread_id NOT IN (SELECT thread_id FROM runs)';
  const statements = [
    ...(what.runs === true
      ? [
          ...[
            'run_events',
            'thread_events',
            'thread_streams',
            'thread_runs',
            'replaced_writes',
            'outbox',
            'idempotency',
            'crons',
            'feedback',
          ].map((table) => `DELETE FROM ${table}`),
          `UPDATE threads SET status = rest WHERE status = 'busy' AND ${mine}`,
        ]
      : []),
    ...(what.checkpointer === true ? [`DELETE FROM checkpoints WHERE ${mine}`, `DELETE FROM writes WHERE ${mine}`] : []),
    ...(what.threads === true ? [`DELETE FROM threads WHERE ${mine}`] : []),
    ...(what.assistants === true
      ? [
          'DELETE FROM assistants WHERE tenant IS NOT NULL',
          'DELETE FROM assistant_versions WHERE assistant_id NOT IN (SELECT assistant_id FROM assistants)',
        ]
      : []),
    ...(what.store === true ? ['DELETE FROM items'] : []),
  ];
  for (const statement of statements) yield* run(statement);
}
