/** The events of threads over all their runs (protocol v2); the counter outlives the events. */
export const sql = `
CREATE TABLE thread_events (
  thread_id TEXT NOT NULL, seq INTEGER NOT NULL, run_id TEXT NOT NULL, channel TEXT NOT NULL, name TEXT, method TEXT NOT NULL,
  namespace TEXT NOT NULL, characters INTEGER NOT NULL, params TEXT NOT NULL, PRIMARY KEY (thread_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_events_by_run ON thread_events (run_id, channel);
CREATE TABLE thread_streams (thread_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, characters INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
