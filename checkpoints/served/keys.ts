/** API keys: the hash of each secret, whom it acts for, and until when. */
import type { KeyRow, Keys } from '../../domain/keys.ts';
import type { Clock } from '../../domain/ports.ts';
import { ServedError } from '../../domain/served.ts';
import { many, one, run, type Sql, type Transaction } from '../sql/transaction.ts';

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

export function createKeys(sql: Sql, clock: Clock): Keys {
  const stamp = (): string => new Date(clock.now()).toISOString();
  return {
    create: async (key) => sql.write(() => create({ ...key, createdAt: stamp(), revokedAt: null })),
    get: async (id) => sql.read(() => find(id)),
    list: async () => {
      const rows = await sql.read(() => many<Row>('SELECT * FROM api_keys ORDER BY created_at, id'));
      return rows.map(rowOf);
    },
    revoke: async (id) => sql.write(() => revoke(id, stamp())),
  };
}

function* find(id: string): Transaction<KeyRow | undefined> {
  const row = yield* one<Row>('SELECT * FROM api_keys WHERE id = $1', [id]);
  return row === undefined ? undefined : rowOf(row);
}

function* create(key: KeyRow): Transaction<KeyRow> {
  if ((yield* find(key.id)) !== undefined) throw new ServedError('conflict', `key ${key.id}: exists already`);
  yield* run(
    `INSERT INTO api_keys (id, hash, name, tenant, owner, roles, graphs, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      key.id,
      key.hash,
      key.name,
      key.tenant,
      key.owner,
      JSON.stringify(key.roles),
      key.graphs === null ? null : JSON.stringify(key.graphs),
      key.createdAt,
      key.expiresAt,
    ],
  );
  return key;
}

/** The first time counts: it says since when what the key did is in doubt. */
function* revoke(id: string, at: string): Transaction<KeyRow> {
  yield* run('UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2', [at, id]);
  const row = yield* find(id);
  if (row === undefined) throw new ServedError('missing', `key ${id}: there is no such key`);
  return row;
}
