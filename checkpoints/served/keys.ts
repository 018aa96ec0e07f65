/** API keys: the hash of each secret, whom it acts for, and until when. */

import type { KeyRow, Keys } from '../../domain/keys.ts';
import type { Clock } from '../../domain/ports.ts';
import { ServedError } from '../../domain/served.ts';
import type { Database } from '../database.ts';

interface Row {
  id: string;
  hash: string;
  name: string;
  tenant: string;
  owner: string;
  roles: string;
  graphs: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

// Both JSON columns were written by this file.
const rowOf = (row: Row): KeyRow => ({
  id: row.id,
  hash: row.hash,
  name: row.name,
  tenant: row.tenant,
  owner: row.owner,
  roles: JSON.parse(row.roles) as string[], // as said above
  graphs: row.graphs === null ? null : (JSON.parse(row.graphs) as string[]), // as said above
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

export function createKeys(database: Database, clock: Clock): Keys {
  const stamp = (): string => new Date(clock.now()).toISOString();
  const select = database.prepare('SELECT * FROM api_keys WHERE id = ?');
  const find = (id: string): KeyRow | undefined => {
    const row = select.get(id) as Row | undefined; // the table's columns
    return row === undefined ? undefined : rowOf(row);
  };
  return {
    create: async (key) => {
      if (find(key.id) !== undefined) throw new ServedError('conflict', `key ${key.id}: exists already`);
      const row: KeyRow = { ...key, createdAt: stamp(), revokedAt: null };
      database
        .prepare(
          `INSERT INTO api_keys (id, hash, name, tenant, owner, roles, graphs, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          row.id,
          row.hash,
          row.name,
          row.tenant,
          row.owner,
          JSON.stringify(row.roles),
          row.graphs === null ? null : JSON.stringify(row.graphs),
          row.createdAt,
          row.expiresAt,
        );
      return row;
    },
    get: async (id) => find(id),
    list: async () => {
      const rows = database.prepare('SELECT * FROM api_keys ORDER BY created_at, id').all() as Row[]; // the table's columns
      return rows.map(rowOf);
    },
    revoke: async (id) => {
      // The first time counts: it says since when what the key did is in doubt.
      database.prepare('UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?').run(stamp(), id);
      const row = find(id);
      if (row === undefined) throw new ServedError('missing', `key ${id}: there is no such key`);
      return row;
    },
  };
}
