/** Who began the request of a key: when that process is dead, the key is free at once. */
export const sql = 'ALTER TABLE idempotency ADD COLUMN owner TEXT;';
