/** The first schema. A migration is never changed once it was released. */
const amounts = (prefix: string): string =>
  ['cost', 'input_tokens', 'output_tokens', 'model_calls', 'tool_calls', 'agents']
    .map((name) => `${prefix}_${name} INTEGER NOT NULL DEFAULT 0`)
    .join(', ');

export const sql = `
CREATE TABLE runs (
  thread_id TEXT PRIMARY KEY, input TEXT NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL,
  reason TEXT, interrupt_id TEXT, epoch INTEGER NOT NULL, lease_host TEXT, lease_pid INTEGER, lease_ticks INTEGER,
  lease_until INTEGER, cancel_requested INTEGER NOT NULL, machine_ms INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE attempts (
  thread_id TEXT NOT NULL, stage TEXT NOT NULL, inputs TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (thread_id, stage, inputs), UNIQUE (thread_id, stage, number)
) STRICT;
CREATE TABLE accounts (
  thread_id TEXT NOT NULL, account TEXT NOT NULL,
  cap_cost INTEGER, cap_tokens INTEGER, cap_model_calls INTEGER, cap_tool_calls INTEGER, cap_agents INTEGER,
  ${amounts('settled')}, ${amounts('reserved')},
  PRIMARY KEY (thread_id, account)
) STRICT;
CREATE TABLE extensions (thread_id TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (thread_id, account, id)) STRICT;
CREATE TABLE reservations (
  id INTEGER PRIMARY KEY, thread_id TEXT NOT NULL, effect TEXT NOT NULL, epoch INTEGER NOT NULL, accounts TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'orphaned')),
  role TEXT NOT NULL, agent TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL, ${amounts('held')}
) STRICT;
CREATE INDEX reservations_by_thread ON reservations (thread_id, state);
CREATE INDEX reservations_by_effect ON reservations (effect, state);
CREATE TABLE effects (
  key TEXT PRIMARY KEY, thread_id TEXT NOT NULL, kind TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL, agent TEXT NOT NULL,
  request_hash TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('started', 'done', 'failed')), tries INTEGER NOT NULL,
  result TEXT, before TEXT, after TEXT
) STRICT;
CREATE INDEX effects_by_thread ON effects (thread_id);
CREATE TABLE transcripts (
  thread_id TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, agent TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (thread_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE approvals (
  id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, gate TEXT NOT NULL, round INTEGER NOT NULL, digest TEXT NOT NULL, subject TEXT NOT NULL,
  required TEXT NOT NULL, shown TEXT NOT NULL, status TEXT NOT NULL, votes TEXT NOT NULL, decided_at TEXT, used_by TEXT, created_at TEXT NOT NULL,
  UNIQUE (thread_id, gate, digest, round)
) STRICT;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, thread_id TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_thread ON audit (thread_id, seq);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_chains BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
  OR NEW.previous <> COALESCE((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), NEW.previous)
BEGIN SELECT RAISE(ABORT, 'audit records must chain'); END;
`;
