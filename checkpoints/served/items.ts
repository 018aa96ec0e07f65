/** The items of LangGraph's store: JSON values by tenant, namespace and key, found by the order of the primary key. */
import { toError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { type ItemRow, type Items, type ItemWrite, type Json, type Scope, ServedError } from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { matchesFilters } from './filters.ts';
import { filterWanted, wordsWanted } from './item-filter.ts';
import { LIVE, LONE_SURROGATE, listing, pathOf, pathToWrite } from './item-namespaces.ts';

interface Row {
  namespace: string;
  key: string;
  value: string;
  created_at: string;
  updated_at: string;
  ttl_minutes: number | null;
}

/** A century; dates end somewhere. */
const MAX_TTL_MINUTES = 52_560_000;

const rowOf = (row: Row): ItemRow => ({
  namespace: row.namespace.split('.'),
  key: row.key,
  value: JSON.parse(row.value) as Json, // written below
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** What a custom auth handler's filters look at. */
export const itemDocument = (item: { namespace: readonly string[]; key: string; value: Json }): Json => ({
  ...item.value,
  namespace: item.namespace,
  key: item.key,
});

function textOf({ key, value }: ItemWrite): string {
  if (LONE_SURROGATE.test(key)) throw new ServedError('invalid', `key ${JSON.stringify(key)}: is not whole Unicode`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new ServedError('invalid', `item ${key}: its value must be JSON (${toError(error).message})`);
  }
  if (text?.startsWith('{') !== true)
    throw new ServedError('invalid', `item ${key}: its value must be an object; got ${text?.slice(0, 100)}`);
  return text;
}

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

  // A namespace and those below it are two runs of the primary key: '/' follows '.', which no label contains.
  const found = (range: string): string => `SELECT namespace, key, updated_at FROM items WHERE tenant = @tenant AND ${range}${LIVE}`;
  const newest = 'ORDER BY updated_at DESC, namespace, key LIMIT @most';
  const everywhere = database.prepare<unknown[], Row>(`${found('')} ${newest}`);
  const below = database.prepare<unknown[], Row>(
    `${found('namespace = @path AND ')} UNION ALL ${found("namespace > @path || '.' AND namespace < @path || '/' AND ")} ${newest}`,
  );
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
    search: async ({ tenant, filters }, { namespacePrefix, filter, query, limit, offset, refreshTtl }) => {
      const path = pathOf(namespacePrefix);
      // An iterator that nobody begins would hold the connection.
      if (limit <= 0) return [];
      const now = stamp();
      const tests = [filterWanted(filter), wordsWanted(query)].filter((test) => test !== undefined);
      const all = tests.length === 0 && filters === undefined;
      const rows: Row[] = [];
      const items: ItemRow[] = [];
      let skip = offset;
      // Keys in order first, values one by one after: what is held in memory is the page.
      const keys = (path === '' ? everywhere : below).iterate({
        tenant,
        ...(path !== '' && { path }),
        now,
        most: all && Number.isSafeInteger(offset + limit) ? offset + limit : -1,
      });
      for (const at of keys) {
        if (all && skip-- > 0) continue;
        const row = one.get({ tenant, path: at.namespace, key: at.key, now });
        if (row === undefined) continue;
        const item = rowOf(row);
        if (!all && !(matchesFilters(itemDocument(item), filters) && tests.every((test) => test(item.value)))) continue;
        if (!all && skip-- > 0) continue;
        rows.push(row);
        items.push(item);
        if (items.length >= limit) break;
      }
      refreshIfAsked(tenant, rows, refreshTtl);
      return items;
    },
    namespaces: listing(database, clock),
    expire: async (limit) => sweep.run(stamp(), limit).changes,
  };
}
