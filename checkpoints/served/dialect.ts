/** What the statements of the server's stores need of SQLite beyond its tables: functions that look into JSON, and rows in their order of arrival. */
import type Sqlite from 'better-sqlite3';
import type { Filters } from '../../domain/served.ts';
import { contains, isOfGraphs, matchesFilters } from './filters.ts';

/**
 * Defines them for this connection; they touch no file. The stores call them by these names and know nothing else of a database that
 * another has not, so Postgres defines the same names, in its schema (true is 1, false is 0, a null second argument is true):
 *
 * - `json_contains(value, part)`: `part IS NULL OR value::jsonb @> part::jsonb`
 * - `json_allowed(metadata, filters)`: `matchesFilters`, as a loop over `jsonb_each(filters)`
 * - `json_of_graphs(metadata, graphs)`: `COALESCE(graphs::jsonb ? (metadata::jsonb ->> 'graph_id'), true)`
 * - `folded_contains(text, part)`: `position(lower(part) IN lower(text)) > 0`; SQLite's own `lower` knows no letter beyond ASCII
 * - `renamed(bytes, old, new)`: `convert_to(replace(convert_from(bytes, 'UTF8'), old, new), 'UTF8')`
 * - `checkpoints_by_arrival`, `writes_by_arrival`, `assistants_by_arrival`: the table, and `arrival`, which is larger for each row that
 *   came later. SQLite has its `rowid` for that; in Postgres it is an identity column.
 */
export function defineDialect(database: Sqlite.Database): void {
  // A listing calls with the same second text for every row.
  const [lastPart, lastFilters, lastGraphs] = [remember(), remember(), remember()];
  const define = (name: string, holds: (value: unknown, asked: string) => boolean): void => {
    database.function(name, { deterministic: true }, (value: unknown, asked: unknown) =>
      typeof asked !== 'string' || holds(value, asked) ? 1 : 0,
    );
  };
  define('json_contains', (value, part) => typeof value === 'string' && contains(JSON.parse(value), lastPart(part)));
  define('json_allowed', (text, filters) => {
    const metadata = read(text);
    return isObject(metadata) && matchesFilters(metadata, lastFilters(filters) as Filters); // written from Filters; each is checked again
  });
  define('json_of_graphs', (text, graphs) => {
    const metadata = read(text);
    return isObject(metadata) && isOfGraphs(metadata, { graphs: lastGraphs(graphs) as readonly string[] }); // written from a scope's
  });
  define('folded_contains', (text, part) => String(text).toLowerCase().includes(part.toLowerCase()));
  database.function('renamed', { deterministic: true }, (bytes: unknown, before: unknown, after: unknown) =>
    Buffer.from(textOf(bytes).replaceAll(String(before), String(after))),
  );
  for (const table of ['checkpoints', 'writes', 'assistants'])
    database.exec(`CREATE TEMP VIEW IF NOT EXISTS ${table}_by_arrival AS SELECT rowid AS arrival, * FROM main.${table}`);
}

const read = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (bytes: unknown): string => (bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : String(bytes));

function remember(): (text: string) => unknown {
  let last: { text: string; value: unknown } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: JSON.parse(text) };
    return last.value;
  };
}
