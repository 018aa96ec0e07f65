/** Crons and their ticks; feedback on runs; the host that each webhook goes to, so that none waits behind another's. */
export const sql = `
CREATE TABLE crons (
  cron_id TEXT PRIMARY KEY, tenant TEXT NOT NULL, owner TEXT NOT NULL, caller TEXT NOT NULL, thread_id TEXT, assistant_id TEXT NOT NULL,
  graph_id TEXT NOT NULL, schedule TEXT NOT NULL, timezone TEXT, end_at INTEGER, enabled INTEGER NOT NULL, on_run_completed TEXT,
  payload TEXT NOT NULL, metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, due_at INTEGER, last TEXT,
  tick_at INTEGER, hold_owner TEXT, hold_until INTEGER
) STRICT;
CREATE INDEX crons_by_created ON crons (tenant, created_at);
CREATE INDEX crons_by_owner ON crons (owner);
CREATE INDEX crons_by_thread ON crons (thread_id) WHERE thread_id IS NOT NULL;
CREATE INDEX crons_due ON crons (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX crons_ticking ON crons (tick_at) WHERE tick_at IS NOT NULL;
CREATE TABLE feedback (
  run_id TEXT NOT NULL, key TEXT NOT NULL, token_hash TEXT NOT NULL, expires_at INTEGER NOT NULL, answer TEXT, given_at TEXT,
  PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX feedback_by_token ON feedback (token_hash);
ALTER TABLE outbox ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_by_host ON outbox (host, due_at, id) WHERE state = 'waiting';
`;
