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
  settled_cost INTEGER NOT NULL DEFAULT 0, settled_input_tokens INTEGER NOT NULL DEFAULT 0, settled_output_tokens INTEGER NOT NULL DEFAULT 0, settled_model_calls INTEGER NOT NULL DEFAULT 0, settled_tool_calls INTEGER NOT NULL DEFAULT 0, settled_agents INTEGER NOT NULL DEFAULT 0, reserved_cost INTEGER NOT NULL DEFAULT 0, reserved_input_tokens INTEGER NOT NULL DEFAULT 0, reserved_output_tokens INTEGER NOT NULL DEFAULT 0, reserved_model_calls INTEGER NOT NULL DEFAULT 0, reserved_tool_calls INTEGER NOT NULL DEFAULT 0, reserved_agents INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (thread_id, account)
) STRICT;
CREATE TABLE extensions (thread_id TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, add_cost INTEGER NOT NULL DEFAULT 0, add_tokens INTEGER NOT NULL DEFAULT 0, add_model_calls INTEGER NOT NULL DEFAULT 0, add_tool_calls INTEGER NOT NULL DEFAULT 0, add_agents INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (thread_id, account, id)) STRICT;
CREATE TABLE reservations (
  id INTEGER PRIMARY KEY, thread_id TEXT NOT NULL, effect TEXT NOT NULL, epoch INTEGER NOT NULL, accounts TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'orphaned')),
  role TEXT NOT NULL, agent TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL, held_cost INTEGER NOT NULL DEFAULT 0, held_input_tokens INTEGER NOT NULL DEFAULT 0, held_output_tokens INTEGER NOT NULL DEFAULT 0, held_model_calls INTEGER NOT NULL DEFAULT 0, held_tool_calls INTEGER NOT NULL DEFAULT 0, held_agents INTEGER NOT NULL DEFAULT 0
, asked_cost INTEGER, asked_input_tokens INTEGER, asked_output_tokens INTEGER, asked_model_calls INTEGER, asked_tool_calls INTEGER, asked_agents INTEGER, model TEXT, price TEXT) STRICT;
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
  scope TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, answer TEXT, created_at TEXT NOT NULL, owner TEXT, PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
CREATE INDEX runs_waiting ON runs (thread_id) WHERE status = 'waiting';
CREATE TABLE replaced_writes (
  run_id TEXT NOT NULL, thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL,
  idx INTEGER NOT NULL, channel TEXT NOT NULL, type TEXT, value BLOB, PRIMARY KEY (run_id, checkpoint_ns, checkpoint_id, task_id, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX replaced_writes_by_thread ON replaced_writes (thread_id);
CREATE TABLE checkpoints (
  thread_id TEXT NOT NULL,
  checkpoint_ns TEXT NOT NULL DEFAULT '',
  checkpoint_id TEXT NOT NULL,
  parent_checkpoint_id TEXT,
  type TEXT,
  checkpoint BLOB,
  metadata BLOB,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
);
CREATE TABLE writes (
  thread_id TEXT NOT NULL,
  checkpoint_ns TEXT NOT NULL DEFAULT '',
  checkpoint_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  idx INTEGER NOT NULL,
  channel TEXT NOT NULL,
  type TEXT,
  value BLOB,
  PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
INSERT INTO "runs" ("thread_id", "input", "status", "stage", "attempt", "reason", "interrupt_id", "epoch", "lease_host", "lease_pid", "lease_ticks", "lease_until", "cancel_requested", "machine_ms", "created_at", "updated_at") VALUES ('00000000-0000-4000-8000-000000000002', '{"base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","configDigest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","goal":"Add a sum","pipelineVersion":1,"repo":"/repository","starter":"local:ada"}', 'running', 'baseline', 0, NULL, NULL, 1, NULL, NULL, NULL, NULL, 0, 0, '2026-01-01T00:00:01.000Z', '2026-01-01T00:00:13.000Z');
INSERT INTO "runs" ("thread_id", "input", "status", "stage", "attempt", "reason", "interrupt_id", "epoch", "lease_host", "lease_pid", "lease_ticks", "lease_until", "cancel_requested", "machine_ms", "created_at", "updated_at") VALUES ('00000000-0000-4000-8000-000000000001', '{"base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","configDigest":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","goal":"Add a sum","pipelineVersion":1,"repo":"/repository","starter":"local:ada"}', 'waiting', 'approve_release', 1, 'null', 'interrupt', 1, NULL, NULL, NULL, NULL, 0, 0, '2026-01-01T00:00:02.000Z', '2026-01-01T00:00:11.000Z');
INSERT INTO "attempts" ("thread_id", "stage", "inputs", "number") VALUES ('00000000-0000-4000-8000-000000000001', 'build', 'inputs', 1);
INSERT INTO "attempts" ("thread_id", "stage", "inputs", "number") VALUES ('00000000-0000-4000-8000-000000000002', 'build', 'inputs', 1);
INSERT INTO "accounts" ("thread_id", "account", "cap_cost", "cap_tokens", "cap_model_calls", "cap_tool_calls", "cap_agents", "settled_cost", "settled_input_tokens", "settled_output_tokens", "settled_model_calls", "settled_tool_calls", "settled_agents", "reserved_cost", "reserved_input_tokens", "reserved_output_tokens", "reserved_model_calls", "reserved_tool_calls", "reserved_agents") VALUES ('00000000-0000-4000-8000-000000000001', 'run', 1500, 5000, 10, NULL, NULL, 20, 10, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO "accounts" ("thread_id", "account", "cap_cost", "cap_tokens", "cap_model_calls", "cap_tool_calls", "cap_agents", "settled_cost", "settled_input_tokens", "settled_output_tokens", "settled_model_calls", "settled_tool_calls", "settled_agents", "reserved_cost", "reserved_input_tokens", "reserved_output_tokens", "reserved_model_calls", "reserved_tool_calls", "reserved_agents") VALUES ('00000000-0000-4000-8000-000000000002', 'run', 1500, 5000, 10, NULL, NULL, 20, 10, 5, 1, 0, 0, 30, 10, 5, 1, 0, 0);
INSERT INTO "extensions" ("thread_id", "account", "id", "add_cost", "add_tokens", "add_model_calls", "add_tool_calls", "add_agents") VALUES ('00000000-0000-4000-8000-000000000001', 'run', 'early', 500, 0, 0, 0, 0);
INSERT INTO "extensions" ("thread_id", "account", "id", "add_cost", "add_tokens", "add_model_calls", "add_tool_calls", "add_agents") VALUES ('00000000-0000-4000-8000-000000000002', 'run', 'early', 500, 0, 0, 0, 0);
INSERT INTO "reservations" ("id", "thread_id", "effect", "epoch", "accounts", "state", "role", "agent", "stage", "attempt", "held_cost", "held_input_tokens", "held_output_tokens", "held_model_calls", "held_tool_calls", "held_agents", "asked_cost", "asked_input_tokens", "asked_output_tokens", "asked_model_calls", "asked_tool_calls", "asked_agents", "model", "price") VALUES (1, '00000000-0000-4000-8000-000000000001', 'done 1', 1, '["run"]', 'settled', 'lead', 'lead', 'build', 1, 20, 10, 5, 1, 0, 0, 30, 10, 5, 1, 0, 0, 'm', '{"cachedInputMicroUsdPerMillion":1,"inputMicroUsdPerMillion":1,"outputMicroUsdPerMillion":2}');
INSERT INTO "reservations" ("id", "thread_id", "effect", "epoch", "accounts", "state", "role", "agent", "stage", "attempt", "held_cost", "held_input_tokens", "held_output_tokens", "held_model_calls", "held_tool_calls", "held_agents", "asked_cost", "asked_input_tokens", "asked_output_tokens", "asked_model_calls", "asked_tool_calls", "asked_agents", "model", "price") VALUES (2, '00000000-0000-4000-8000-000000000002', 'done 2', 1, '["run"]', 'settled', 'lead', 'lead', 'build', 1, 20, 10, 5, 1, 0, 0, 30, 10, 5, 1, 0, 0, 'm', '{"cachedInputMicroUsdPerMillion":1,"inputMicroUsdPerMillion":1,"outputMicroUsdPerMillion":2}');
INSERT INTO "reservations" ("id", "thread_id", "effect", "epoch", "accounts", "state", "role", "agent", "stage", "attempt", "held_cost", "held_input_tokens", "held_output_tokens", "held_model_calls", "held_tool_calls", "held_agents", "asked_cost", "asked_input_tokens", "asked_output_tokens", "asked_model_calls", "asked_tool_calls", "asked_agents", "model", "price") VALUES (3, '00000000-0000-4000-8000-000000000002', 'begun 2', 1, '["run"]', 'reserved', 'lead', 'lead', 'build', 1, 30, 10, 5, 1, 0, 0, 30, 10, 5, 1, 0, 0, NULL, NULL);
INSERT INTO "effects" ("key", "thread_id", "kind", "stage", "attempt", "agent", "request_hash", "state", "tries", "result", "before", "after") VALUES ('done 1', '00000000-0000-4000-8000-000000000001', 'model', 'build', 1, 'lead', 'hash', 'done', 1, 'answer', NULL, NULL);
INSERT INTO "effects" ("key", "thread_id", "kind", "stage", "attempt", "agent", "request_hash", "state", "tries", "result", "before", "after") VALUES ('done 2', '00000000-0000-4000-8000-000000000002', 'model', 'build', 1, 'lead', 'hash', 'done', 1, 'answer', NULL, NULL);
INSERT INTO "effects" ("key", "thread_id", "kind", "stage", "attempt", "agent", "request_hash", "state", "tries", "result", "before", "after") VALUES ('begun 2', '00000000-0000-4000-8000-000000000002', 'model', 'build', 1, 'lead', 'hash', 'started', 1, NULL, NULL, NULL);
INSERT INTO "transcripts" ("thread_id", "id", "parent", "agent", "message") VALUES ('00000000-0000-4000-8000-000000000001', '35a14d9e83b1895c1a181ec604dd3dd46dffebfab0853db4da17288451241f91', NULL, 'lead', '{"role":"user","content":"Do it"}');
INSERT INTO "transcripts" ("thread_id", "id", "parent", "agent", "message") VALUES ('00000000-0000-4000-8000-000000000001', 'f659eac968b65b7201f60fde7e15dc4c8c1ad5030a5d51db07120697dac26890', '35a14d9e83b1895c1a181ec604dd3dd46dffebfab0853db4da17288451241f91', 'lead', '{"role":"assistant","content":"Done","toolCalls":[]}');
INSERT INTO "transcripts" ("thread_id", "id", "parent", "agent", "message") VALUES ('00000000-0000-4000-8000-000000000002', '35a14d9e83b1895c1a181ec604dd3dd46dffebfab0853db4da17288451241f91', NULL, 'lead', '{"role":"user","content":"Do it"}');
INSERT INTO "transcripts" ("thread_id", "id", "parent", "agent", "message") VALUES ('00000000-0000-4000-8000-000000000002', 'f659eac968b65b7201f60fde7e15dc4c8c1ad5030a5d51db07120697dac26890', '35a14d9e83b1895c1a181ec604dd3dd46dffebfab0853db4da17288451241f91', 'lead', '{"role":"assistant","content":"Done","toolCalls":[]}');
INSERT INTO "approvals" ("id", "thread_id", "gate", "round", "digest", "subject", "required", "shown", "status", "votes", "decided_at", "used_by", "created_at") VALUES ('2a5467ab56afff49ffca71afba32c735', '00000000-0000-4000-8000-000000000001', 'release', 1, 'd', '{"digest":"d","tree":"e"}', '{"role":"approver","min":1,"notStarter":false}', '{}', 'pending', '[]', NULL, NULL, '2026-01-01T00:00:08.000Z');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (1, '00000000-0000-4000-8000-000000000001', '{"action":"run-start","actor":"local:ada","at":"2026-01-01T00:00:05.000Z","threadId":"00000000-0000-4000-8000-000000000001"}', 'de77053a62c008f936229cc3448e88521b38af7c79546039b10c9a30d0c8da68', 'c3a1ec77ea68bbf3ccee9c77b040538bc81baf719687cd60246f3df2b7464811');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (2, '00000000-0000-4000-8000-000000000001', '{"action":"model-call","actor":"agent:lead","at":"2026-01-01T00:00:06.000Z","attempt":1,"facts":{"index":1},"stage":"build","threadId":"00000000-0000-4000-8000-000000000001"}', 'c3a1ec77ea68bbf3ccee9c77b040538bc81baf719687cd60246f3df2b7464811', 'b974ad7caa3195d8bc3ec3b1e41169a2a5fee0fd0b8b271c9610f6a13107f0ee');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (3, '00000000-0000-4000-8000-000000000001', '{"action":"model-answer","actor":"agent:lead","at":"2026-01-01T00:00:07.000Z","attempt":1,"facts":{"index":1},"stage":"build","threadId":"00000000-0000-4000-8000-000000000001"}', 'b974ad7caa3195d8bc3ec3b1e41169a2a5fee0fd0b8b271c9610f6a13107f0ee', '8f8b9b38f3b2363ed7b292fcf5f75e7616a708e601a42638468b5c7bd6026208');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (4, '00000000-0000-4000-8000-000000000001', '{"action":"approval-request","actor":"governor","at":"2026-01-01T00:00:09.000Z","facts":{"approval":"2a5467ab56afff49ffca71afba32c735","gate":"release","min":1,"role":"approver","subject":"d"},"threadId":"00000000-0000-4000-8000-000000000001"}', '8f8b9b38f3b2363ed7b292fcf5f75e7616a708e601a42638468b5c7bd6026208', '0c3cb139fba5847b3c11a6f9f8307c34bbb3fa08bb97601f475b3a01337bcb4c');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (5, '00000000-0000-4000-8000-000000000002', '{"action":"run-start","actor":"local:ada","at":"2026-01-01T00:00:14.000Z","threadId":"00000000-0000-4000-8000-000000000002"}', '0c3cb139fba5847b3c11a6f9f8307c34bbb3fa08bb97601f475b3a01337bcb4c', '1ace91a4526b9d47715dc56d724ec5e5d3c835299def361ed5d05940ebb9ac5a');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (6, '00000000-0000-4000-8000-000000000002', '{"action":"model-call","actor":"agent:lead","at":"2026-01-01T00:00:15.000Z","attempt":1,"facts":{"index":1},"stage":"build","threadId":"00000000-0000-4000-8000-000000000002"}', '1ace91a4526b9d47715dc56d724ec5e5d3c835299def361ed5d05940ebb9ac5a', '8e760bd4f7398e248726eca4f27e378e6c27894570129ee91073ce62f354185c');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (7, '00000000-0000-4000-8000-000000000002', '{"action":"model-answer","actor":"agent:lead","at":"2026-01-01T00:00:16.000Z","attempt":1,"facts":{"index":1},"stage":"build","threadId":"00000000-0000-4000-8000-000000000002"}', '8e760bd4f7398e248726eca4f27e378e6c27894570129ee91073ce62f354185c', '706e827e89ac2432a78cfae3820a2f2ea1f8df77f3b21258b1f5f762ae6ccbcb');
INSERT INTO "audit" ("seq", "thread_id", "body", "previous", "hash") VALUES (8, '00000000-0000-4000-8000-000000000002', '{"action":"model-call","actor":"agent:lead","at":"2026-01-01T00:00:17.000Z","attempt":1,"facts":{"index":2},"stage":"build","threadId":"00000000-0000-4000-8000-000000000002"}', '706e827e89ac2432a78cfae3820a2f2ea1f8df77f3b21258b1f5f762ae6ccbcb', 'e9608f55f596e3d045616b41fb338231658cab9bfd6b2ed1e8a5c250b4669339');
INSERT INTO "threads" ("thread_id", "tenant", "created_at", "updated_at", "state_updated_at", "metadata", "config", "status", "values", "interrupts", "error", "ttl_minutes", "expires_at", "epoch", "rest") VALUES ('00000000-0000-4000-8000-000000000002', 'default', '2026-01-01T00:00:01.000Z', '2026-01-01T00:00:13.000Z', NULL, '{"graph_id":"governor"}', '{}', 'interrupted', NULL, '{}', NULL, NULL, NULL, 0, 'interrupted');
INSERT INTO "threads" ("thread_id", "tenant", "created_at", "updated_at", "state_updated_at", "metadata", "config", "status", "values", "interrupts", "error", "ttl_minutes", "expires_at", "epoch", "rest") VALUES ('00000000-0000-4000-8000-000000000001', 'default', '2026-01-01T00:00:02.000Z', '2026-01-01T00:00:11.000Z', NULL, '{"graph_id":"governor"}', '{}', 'interrupted', NULL, '{}', NULL, NULL, NULL, 0, 'interrupted');
INSERT INTO "thread_metadata" ("tenant", "key", "value", "created_at", "thread_id") VALUES ('default', 'graph_id', 'governor', '2026-01-01T00:00:01.000Z', '00000000-0000-4000-8000-000000000002');
INSERT INTO "thread_metadata" ("tenant", "key", "value", "created_at", "thread_id") VALUES ('default', 'graph_id', 'governor', '2026-01-01T00:00:02.000Z', '00000000-0000-4000-8000-000000000001');
INSERT INTO "checkpoints" ("thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata") VALUES ('00000000-0000-4000-8000-000000000001', '', 'f0000000-0000-6000-8000-000000000000', NULL, 'json', X'7b2276223a342c226964223a2266303030303030302d303030302d363030302d383030302d303030303030303030303030222c227473223a22323032362d30312d30315430303a30303a30302e3030305a222c226368616e6e656c5f76616c756573223a7b22726f757465223a226275696c64227d2c226368616e6e656c5f76657273696f6e73223a7b7d2c2276657273696f6e735f7365656e223a7b7d7d', X'7b22736f75726365223a226c6f6f70222c2273746570223a312c22706172656e7473223a7b7d7d');
INSERT INTO "checkpoints" ("thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata") VALUES ('00000000-0000-4000-8000-000000000001', '', '10000000-0000-6000-8000-000000000000', 'f0000000-0000-6000-8000-000000000000', 'json', X'7b2276223a342c226964223a2231303030303030302d303030302d363030302d383030302d303030303030303030303030222c227473223a22323032362d30312d30315430303a30303a30302e3030305a222c226368616e6e656c5f76616c756573223a7b22726f757465223a22617070726f7665227d2c226368616e6e656c5f76657273696f6e73223a7b7d2c2276657273696f6e735f7365656e223a7b7d7d', X'7b22736f75726365223a226c6f6f70222c2273746570223a322c22706172656e7473223a7b7d7d');
INSERT INTO "checkpoints" ("thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata") VALUES ('00000000-0000-4000-8000-000000000002', '', 'f0000000-0000-6000-8000-000000000000', NULL, 'json', X'7b2276223a342c226964223a2266303030303030302d303030302d363030302d383030302d303030303030303030303030222c227473223a22323032362d30312d30315430303a30303a30302e3030305a222c226368616e6e656c5f76616c756573223a7b22726f757465223a226275696c64227d2c226368616e6e656c5f76657273696f6e73223a7b7d2c2276657273696f6e735f7365656e223a7b7d7d', X'7b22736f75726365223a226c6f6f70222c2273746570223a312c22706172656e7473223a7b7d7d');
INSERT INTO "checkpoints" ("thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata") VALUES ('00000000-0000-4000-8000-000000000002', '', '10000000-0000-6000-8000-000000000000', 'f0000000-0000-6000-8000-000000000000', 'json', X'7b2276223a342c226964223a2231303030303030302d303030302d363030302d383030302d303030303030303030303030222c227473223a22323032362d30312d30315430303a30303a30302e3030305a222c226368616e6e656c5f76616c756573223a7b22726f757465223a22617070726f7665227d2c226368616e6e656c5f76657273696f6e73223a7b7d2c2276657273696f6e735f7365656e223a7b7d7d', X'7b22736f75726365223a226c6f6f70222c2273746570223a322c22706172656e7473223a7b7d7d');
INSERT INTO "writes" ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "type", "value") VALUES ('00000000-0000-4000-8000-000000000001', '', '10000000-0000-6000-8000-000000000000', 'task', 0, 'route', 'json', X'226465706c6f7922');
INSERT INTO "writes" ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "channel", "type", "value") VALUES ('00000000-0000-4000-8000-000000000002', '', '10000000-0000-6000-8000-000000000000', 'task', 0, 'route', 'json', X'226465706c6f7922');
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_chains BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
  OR NEW.previous <> COALESCE((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), NEW.previous)
BEGIN SELECT RAISE(ABORT, 'audit records must chain'); END;
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
PRAGMA user_version = 6;
