/** An extension keeps what it adds, so that one that comes before its account is not lost when the account opens. */
const columns = ['cost', 'tokens', 'model_calls', 'tool_calls', 'agents'].map((name) => `add_${name}`);

export const sql = columns.map((name) => `ALTER TABLE extensions ADD COLUMN ${name} INTEGER NOT NULL DEFAULT 0;`).join('\n');
