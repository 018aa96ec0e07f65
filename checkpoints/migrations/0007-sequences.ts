/** What is listed in the order it came has a column for it: other databases have no `rowid`, and number such a column by themselves. */
const numbered = (table: string, key: string): string => `
ALTER TABLE ${table} ADD COLUMN seq INTEGER;
UPDATE ${table} SET seq = rowid;
CREATE INDEX ${table}_by_seq ON ${table} (seq);
CREATE TRIGGER ${table}_are_numbered AFTER INSERT ON ${table} BEGIN
  UPDATE ${table} SET seq = NEW.rowid WHERE ${key} = NEW.${key};
END;
`;

export const sql = numbered('runs', 'thread_id') + numbered('approvals', 'id');
