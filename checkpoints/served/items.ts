/** The items of LangGraph's store: JSON values by tenant, namespace and key, found by the order of the primary key. */

import type { Items, ItemWrite } from '../../domain/items.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Scope, ServedError } from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { matchesFilters } from './filters.ts';
import { listing } from './item-namespaces.ts';
import { itemDocument, LIVE, pathOf, pathToWrite, type Row, rowOf, textOf } from './item-row.ts';
import { searching } from './item-search.ts';

/** A century; dates end somewhere. */
const MAX_TTL_MINUTES = 52_560_000;

export function createItems(database: Database, clock: Clock): Items {
  const stamp = (afterMinutes = 0): string => new Date(clock.now() + afterMinutes * 60_000).toISOString();

  const one = database.prepare<unknown[], Row>(
    `SELECT * FROM items WHERE tenant = @tenant AND namespace = @path AND key = @key AND ${LIVE}`,
  );
  const insert = database.prepare(
    `INSERT INTO items (tenant, namespace, key, value, created_at, updated_at, ttl_minutes, expires_at)
     VALUES (@tenant, @path, @key, @value, @now, @now, @ttl, @expires)
     ON CONFLICT (tenant, namespace, key) DO UPDATE SET
       created_at = CASE WHEN expires_at <= @now THEN excluded.created_at ELSE created_at END,
       value = excluded.value, updated_at = excluded.updated_at, ttl_minutes = excluded.ttl_minutes, expires_at = excluded.expires_at`,
  );
  const remove = database.prepare('DELETE FROM items WHERE tenant = @tenant AND namespace = @path AND key = @key');
  const touch = database.prepare('UPDATE items SET expires_at = @expires WHERE tenant = @tenant AND namespace = @path AND key = @key');
  const sweep = database.prepare(
    `DELETE FROM items WHERE (tenant, namespace, key) IN
       (SELECT tenant, namespace, key FROM items WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  );

  const search = searching(database, (tenant, path, key) => one.get({ tenant, path, key, now: stamp() }));

  const writeNow = (scope: Scope, write: ItemWrite): void => {
    const { tenant, filters } = scope;
    const { namespace, key, value, ttlMinutes: ttl = null } = write;
    const path = value === null ? pathOf(namespace) : pathToWrite(namespace);
    const now = stamp();
    const hidden = filters === undefined ? undefined : one.get({ tenant, path, key, now });
    if (hidden !== undefined && !matchesFilters(itemDocument(rowOf(hidden)), filters))
      throw new ServedError('missing', `item ${key} of ${path}: there is no such item`);
    if (value === null) {
      remove.run({ tenant, path, key });
      return;
    }
    if (ttl !== null && !(ttl > 0 && ttl <= MAX_TTL_MINUTES))
      throw new ServedError('invalid', `ttl ${ttl}: must be minutes above 0, at most ${MAX_TTL_MINUTES}`);
    insert.run({ tenant, path, key, value: textOf(write), now, ttl, expires: ttl === null ? null : stamp(ttl) });
  };
  const writeAll = database.transaction((scope: Scope, writes: readonly ItemWrite[]) => {
    for (const write of writes) writeNow(scope, write);
  });
  const refresh = database.transaction((tenant: string, rows: readonly Row[]) => {
    for (const { namespace: path, key, ttl_minutes: ttl } of rows) if (ttl !== null) touch.run({ tenant, path, key, expires: stamp(ttl) });
  });
  const refreshIfAsked = (tenant: string, rows: readonly Row[], asked = true): void => {
    if (asked && rows.some((row) => row.ttl_minutes !== null)) refresh.immediate(tenant, rows);
  };

  return {
    put: async (scope, item) => writeAll.immediate(scope, [item]),
    delete: async (scope, namespace, key) => writeAll.immediate(scope, [{ namespace, key, value: null }]),
    write: async (scope, writes) => writeAll.immediate(scope, writes),
    get: async ({ tenant, filters }, namespace, key, refreshTtl) => {
      const row = one.get({ tenant, path: pathOf(namespace), key, now: stamp() });
      if (row === undefined) return undefined;
      const item = rowOf(row);
      if (!matchesFilters(itemDocument(item), filters)) return undefined;
      refreshIfAsked(tenant, [row], refreshTtl);
      return item;
    },
    search: async (scope, options) => {
      const found = await search(scope, stamp(), options);
      refreshIfAsked(
        scope.tenant,
        found.map(({ row }) => row),
        options.refreshTtl,
      );
      return found.map(({ item }) => item);
    },
    namespaces: listing(database, clock),
    expire: async (limit) => sweep.run(stamp(), limit).changes,
  };
}
