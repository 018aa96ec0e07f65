/** The tables of the LangGraph server. A governed run is a thread of it from its first moment, whoever started it. */
export const sql = `
CREATE TABLE threads (
  thread_id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, state_updated_at TEXT,
  metadata TEXT NOT NULL, config TEXT NOT NULL, status TEXT NOT NULL, "values" TEXT, interrupts TEXT NOT NULL, error TEXT,
  ttl_minutes REAL, expires_at TEXT, epoch INTEGER NOT NULL DEFAULT 0, rest TEXT NOT NULL DEFAULT 'idle'
) STRICT;
CREATE INDEX threads_by_created ON threads (tenant, created_at);
CREATE INDEX threads_by_updated ON threads (tenant, updated_at);
CREATE INDEX threads_by_state ON threads (tenant, state_updated_at);
CREATE INDEX threads_by_status ON threads (tenant, status, created_at);
CREATE INDEX threads_by_expiry ON threads (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE thread_metadata (
  tenant TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, created_at TEXT NOT NULL, thread_id TEXT NOT NULL,
  PRIMARY KEY (tenant, key, value, created_at, thread_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER thread_metadata_insert AFTER INSERT ON threads BEGIN
  INSERT INTO thread_metadata SELECT NEW.tenant, key, CAST(value AS TEXT), NEW.created_at, NEW.thread_id
  FROM json_each(NEW.metadata) WHERE type IN ('text', 'integer', 'real', 'true', 'false');
END;
CREATE TRIGGER thread_metadata_update AFTER UPDATE OF metadata ON threads WHEN NEW.metadata <> OLD.metadata BEGIN
  DELETE FROM thread_metadata WHERE (tenant, key, value, created_at, thread_id) IN
    (SELECT OLD.tenant, key, CAST(value AS TEXT), OLD.created_at, OLD.thread_id FROM json_each(OLD.metadata) WHERE type IN ('text', 'integer', 'real', 'true', 'false'));
  INSERT INTO thread_metadata SELECT NEW.tenant, key, CAST(value AS TEXT), NEW.created_at, NEW.thread_id
  FROM json_each(NEW.metadata) WHERE type IN ('text', 'integer', 'real', 'true', 'false');
END;
CREATE TRIGGER thread_metadata_delete AFTER DELETE ON threads BEGIN
  DELETE FROM thread_metadata WHERE (tenant, key, value, created_at, thread_id) IN
    (SELECT OLD.tenant, key, CAST(value AS TEXT), OLD.created_at, OLD.thread_id FROM json_each(OLD.metadata) WHERE type IN ('text', 'integer', 'real', 'true', 'false'));
END;
CREATE TABLE thread_runs (
  seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL, tenant TEXT NOT NULL, assistant_id TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, status TEXT NOT NULL, metadata TEXT NOT NULL, kwargs TEXT NOT NULL,
  caller TEXT NOT NULL, multitask TEXT NOT NULL, temporary INTEGER NOT NULL, due_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER, lease_host TEXT, lease_pid INTEGER, lease_ticks INTEGER, lease_until INTEGER, mark_checkpoints INTEGER, mark_writes INTEGER, cancel TEXT, output TEXT, error TEXT
) STRICT;
CREATE INDEX thread_runs_by_thread ON thread_runs (thread_id, seq);
CREATE INDEX thread_runs_open ON thread_runs (status, due_at, seq) WHERE status IN ('pending', 'running');
CREATE INDEX thread_runs_open_by_thread ON thread_runs (thread_id, seq) WHERE status IN ('pending', 'running');
CREATE INDEX thread_runs_ended ON thread_runs (updated_at) WHERE status NOT IN ('pending', 'running');
CREATE TABLE run_events (run_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run_id, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE assistants (
  assistant_id TEXT PRIMARY KEY, tenant TEXT, graph_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT, config TEXT NOT NULL,
  context TEXT, metadata TEXT NOT NULL, version INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX assistants_by_graph ON assistants (graph_id, created_at);
CREATE TABLE assistant_versions (
  assistant_id TEXT NOT NULL, version INTEGER NOT NULL, graph_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT, config TEXT NOT NULL,
  context TEXT, metadata TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (assistant_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE items (
  tenant TEXT NOT NULL, namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  ttl_minutes REAL, expires_at TEXT, PRIMARY KEY (tenant, namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX items_by_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, tenant TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')), error TEXT, created_at TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE state = 'waiting';
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL, name TEXT NOT NULL, tenant TEXT NOT NULL, owner TEXT NOT NULL, roles TEXT NOT NULL, graphs TEXT,
  created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
) STRICT;
CREATE TABLE idempotency (
  scope TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, answer TEXT, created_at TEXT NOT NULL, PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts)
  SELECT thread_id, 'default', created_at, updated_at, json_object('graph_id', 'governor'), '{}', 'idle', '{}' FROM runs;
CREATE INDEX runs_waiting ON runs (thread_id) WHERE status = 'waiting';
CREATE TRIGGER runs_are_threads AFTER INSERT ON runs BEGIN
  INSERT OR IGNORE INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts)
  VALUES (NEW.thread_id, 'default', NEW.created_at, NEW.updated_at, json_object('graph_id', 'governor'), '{}', 'idle', '{}');
END;
CREATE TRIGGER runs_show_in_threads AFTER UPDATE OF status, lease_pid ON runs
WHEN NOT EXISTS (SELECT 1 FROM thread_runs WHERE thread_id = NEW.thread_id AND status IN ('pending', 'running')) BEGIN
  UPDATE threads SET updated_at = NEW.updated_at,
    rest = CASE NEW.status WHEN 'waiting' THEN 'interrupted' WHEN 'stopped' THEN 'error' WHEN 'running' THEN 'interrupted' ELSE 'idle' END,
    status = CASE NEW.status WHEN 'waiting' THEN 'interrupted' WHEN 'stopped' THEN 'error'
    WHEN 'running' THEN CASE WHEN NEW.lease_pid IS NULL THEN 'interrupted' ELSE 'busy' END ELSE 'idle' END
  WHERE thread_id = NEW.thread_id;
END;
-- The trigger says how each older run shows.
UPDATE runs SET status = status;
`;
