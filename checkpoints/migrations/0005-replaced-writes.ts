/** What a run wrote over while it ran: to be there again when the run is taken back. */
export const sql = `
CREATE TABLE replaced_writes (
  run_id TEXT NOT NULL, thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL,
  idx INTEGER NOT NULL, channel TEXT NOT NULL, type TEXT, value BLOB, PRIMARY KEY (run_id, checkpoint_ns, checkpoint_id, task_id, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX replaced_writes_by_thread ON replaced_writes (thread_id);
`;
