/**
 * From here on each thread has an audit chain of its own, and their heads are sealed into one chain. What was recorded before stays in
 * the one chain that it has (`number` is null there), on whose last record the first seal stands.
 */
export const sql = `
ALTER TABLE audit ADD COLUMN number INTEGER;
DROP TRIGGER audit_chains;
CREATE TRIGGER audit_chains BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
  OR NEW.number IS NULL
  OR NEW.number <> COALESCE((SELECT number FROM audit WHERE thread_id = NEW.thread_id ORDER BY seq DESC LIMIT 1), 0) + 1
  OR (NEW.number > 1 AND NEW.previous <> (SELECT hash FROM audit WHERE thread_id = NEW.thread_id ORDER BY seq DESC LIMIT 1))
BEGIN SELECT RAISE(ABORT, 'audit records must chain'); END;
CREATE TABLE audit_seals (
  number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, thread_id TEXT NOT NULL, records INTEGER NOT NULL, head TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_seals_by_seq ON audit_seals (seq);
CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_seals_are_dense BEFORE INSERT ON audit_seals
WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit_seals)
BEGIN SELECT RAISE(ABORT, 'audit seals must chain'); END;
`;
