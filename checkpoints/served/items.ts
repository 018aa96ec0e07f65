/** The items of LangGraph's store: JSON values by tenant, namespace and key, found by the order of the primary key. */
import type { Items, ItemWrite } from '../../domain/items.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Scope, ServedError } from '../../domain/served.ts';
import { run, type Sql, type Transaction } from '../sql/transaction.ts';
import { matchesFilters } from './filters.ts';
import { listNamespaces } from './item-namespaces.ts';
import { itemDocument, pathOf, pathToWrite, type Row, readItem, rowOf, textOf } from './item-row.ts';
import { searchItems } from './item-search.ts';

/** A century; dates end somewhere. */
const MAX_TTL_MINUTES = 52_560_000;

export function createItems(sql: Sql, clock: Clock): Items {
  const now = (): string => stamp(clock.now());
  const write = async (scope: Scope, writes: readonly ItemWrite[]): Promise<void> => sql.write(() => writeAll(scope, writes, clock.now()));
  const refreshIfAsked = async (tenant: string, rows: readonly Row[], asked = true): Promise<void> => {
    if (asked && rows.some((row) => row.ttl_minutes !== null)) await sql.write(() => refresh(tenant, rows, clock.now()));
  };
  return {
    put: async (scope, item) => write(scope, [item]),
    delete: async (scope, namespace, key) => write(scope, [{ namespace, key, value: null }]),
    write,
    get: async ({ tenant, filters }, namespace, key, refreshTtl) => {
      const path = pathOf(namespace);
      const row = await sql.read(() => readItem({ tenant, path, key }, now()));
      if (row === undefined) return undefined;
      const item = rowOf(row);
      if (!matchesFilters(itemDocument(item), filters)) return undefined;
      await refreshIfAsked(tenant, [row], refreshTtl);
      return item;
    },
    search: async (scope, options) => {
      const found = await searchItems(sql, scope, now(), options);
      const rows = found.map(({ row }) => row);
      await refreshIfAsked(scope.tenant, rows, options.refreshTtl);
      return found.map(({ item }) => item);
    },
    namespaces: async (scope, options) => sql.read(() => listNamespaces(scope, options, now())),
    expire: async (limit) =>
      sql.write(() =>
        run(
          `DELETE FROM items WHERE (tenant, namespace, key) IN
             (SELECT tenant, namespace, key FROM items WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)`,
          [now(), limit],
        ),
      ),
  };
}

const stamp = (nowMs: number, afterMinutes = 0): string => new Date(nowMs + afterMinutes * 60_000).toISOString();

function* writeAll(scope: Scope, writes: readonly ItemWrite[], nowMs: number): Transaction<void> {
  for (const item of writes) yield* writeOne(scope, item, nowMs);
}

function* writeOne({ tenant, filters }: Scope, write: ItemWrite, nowMs: number): Transaction<void> {
  const { namespace, key, value, ttlMinutes: ttl = null } = write;
  const path = value === null ? pathOf(namespace) : pathToWrite(namespace);
  const now = stamp(nowMs);
  const hidden = filters === undefined ? undefined : yield* readItem({ tenant, path, key }, now);
  if (hidden !== undefined && !matchesFilters(itemDocument(rowOf(hidden)), filters))
    throw new ServedError('missing', `item ${key} of ${path}: there is no such item`);
  if (value === null) {
    yield* run('DELETE FROM items WHERE tenant = $1 AND namespace = $2 AND key = $3', [tenant, path, key]);
    return;
  }
  if (ttl !== null && !(ttl > 0 && ttl <= MAX_TTL_MINUTES))
    throw new ServedError('invalid', `ttl ${ttl}: must be minutes above 0, at most ${MAX_TTL_MINUTES}`);
  yield* run(
    `INSERT INTO items (tenant, namespace, key, value, created_at, updated_at, ttl_minutes, expires_at)
     VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
     ON CONFLICT (tenant, namespace, key) DO UPDATE SET
       created_at = CASE WHEN items.expires_at <= $5 THEN excluded.created_at ELSE items.created_at END,
       value = excluded.value, updated_at = excluded.updated_at, ttl_minutes = excluded.ttl_minutes, expires_at = excluded.expires_at`,
    [tenant, path, key, textOf(write), now, ttl, ttl === null ? null : stamp(nowMs, ttl)],
  );
}

function* refresh(tenant: string, rows: readonly Row[], nowMs: number): Transaction<void> {
  for (const { namespace, key, ttl_minutes: ttl } of rows)
    if (ttl !== null)
      yield* run('UPDATE items SET expires_at = $1 WHERE tenant = $2 AND namespace = $3 AND key = $4', [
        stamp(nowMs, ttl),
        tenant,
        namespace,
        key,
      ]);
}
