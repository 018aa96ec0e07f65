/** Assistants: a graph with its settings, in versions; the system's own are made from the graphs that are served. */
import { canonicalJson } from '../../domain/ids.ts';
import type { Clock } from '../../domain/ports.ts';
import {
  type AssistantFilter,
  type AssistantPatch,
  type AssistantRow,
  type Assistants,
  COUNT_CAP,
  DEFAULT_TENANT,
  type Json,
  type Paging,
  type Scope,
  ServedError,
} from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { defineFilterFunctions } from './filters.ts';
import { fitting } from './page-limit.ts';
import { totalOf } from './page-total.ts';

/** Versions kept of one assistant; older ones go, the current one never does. */
export const VERSIONS_CAP = 1000;

const SORTABLE: Readonly<Record<string, string>> = {
  assistant_id: 'assistant_id',
  graph_id: 'graph_id',
  name: 'name',
  created_at: 'created_at',
  updated_at: 'updated_at',
};

interface Row {
  assistant_id: string;
  tenant: string | null;
  graph_id: string;
  name: string;
  description: string | null;
  config: string;
  context: string | null;
  metadata: string;
  version: number;
  created_at: string;
  updated_at: string;
}

// The JSON columns below were written by this file.
const rowOf = (row: Row): AssistantRow => ({
  assistantId: row.assistant_id,
  tenant: row.tenant,
  graphId: row.graph_id,
  name: row.name,
  description: row.description,
  config: JSON.parse(row.config) as Json, // as said above
  context: row.context === null ? null : JSON.parse(row.context),
  metadata: JSON.parse(row.metadata) as Json, // as said above
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** A system assistant has no tenant and no owner: everybody sees it, whatever the filters say. */
const VISIBLE = '(tenant IS NULL OR (tenant = @tenant AND json_allowed(metadata, @filters)))';
const FOUND = `${VISIBLE} AND (@graph IS NULL OR graph_id = @graph)
  AND (@graphs IS NULL OR graph_id IN (SELECT value FROM json_each(@graphs)))
  AND (@name IS NULL OR folded_contains(name, @name)) AND (@part IS NULL OR json_contains(metadata, @part))`;

export function createAssistants(database: Database, clock: Clock): Assistants {
  defineFilterFunctions(database);
  // SQLite's own lower() knows no letter beyond ASCII.
  database.function('folded_contains', { deterministic: true }, (text: unknown, part: unknown) =>
    String(text).toLowerCase().includes(String(part).toLowerCase()) ? 1 : 0,
  );
  const stamp = (): string => new Date(clock.now()).toISOString();
  const transact = <Result>(work: () => Result): Result => database.transaction(work).immediate();

  const one = (scope: Scope, id: string): AssistantRow | undefined => {
    const row = database.prepare(`SELECT * FROM assistants WHERE assistant_id = @id AND ${VISIBLE}`).get({ id, ...seen(scope) }) as
      | Row
      | undefined; // the table's columns
    return row === undefined ? undefined : rowOf(row);
  };
  const known = (scope: Scope, id: string): AssistantRow => {
    const row = one(scope, id);
    if (row === undefined) throw new ServedError('missing', `assistant ${id}: there is no such assistant`);
    return row;
  };
  const changeable = (scope: Scope, id: string): AssistantRow => {
    const row = known(scope, id);
    // All tenants share it; only the operator's own tenant, in full sight of its rows, may change what they all get.
    if (row.tenant === null && (scope.tenant !== DEFAULT_TENANT || scope.filters !== undefined))
      throw new ServedError(
        'conflict',
        `assistant ${id}: is the system's own for graph "${row.graphId}"; create another one for this graph`,
      );
    return row;
  };
  const save = (row: AssistantRow): AssistantRow => {
    database
      .prepare(
        `INSERT INTO assistants (assistant_id, tenant, graph_id, name, description, config, context, metadata, version, created_at, updated_at)
         VALUES (@id, @tenant, @graph, @name, @description, @config, @context, @metadata, @version, @created, @updated)
         ON CONFLICT (assistant_id) DO UPDATE SET graph_id = @graph, name = @name, description = @description, config = @config,
           context = @context, metadata = @metadata, version = @version, updated_at = @updated`,
      )
      .run({ ...columns(row), tenant: row.tenant, created: row.createdAt, updated: row.updatedAt });
    return row;
  };
  const saveVersion = (row: AssistantRow): AssistantRow => {
    save(row);
    database
      .prepare(
        `INSERT INTO assistant_versions (assistant_id, version, graph_id, name, description, config, context, metadata, created_at)
         VALUES (@id, @version, @graph, @name, @description, @config, @context, @metadata, @at)`,
      )
      .run({ ...columns(row), at: row.updatedAt });
    database
      .prepare('DELETE FROM assistant_versions WHERE assistant_id = ? AND version <= ?')
      .run(row.assistantId, row.version - VERSIONS_CAP);
    return row;
  };
  const fresh = (row: Omit<AssistantRow, 'version' | 'createdAt' | 'updatedAt'>): AssistantRow => {
    const at = stamp();
    return saveVersion({ ...row, version: 1, createdAt: at, updatedAt: at });
  };

  /** A first version is as the project says: nobody has changed it. */
  const follow = (row: AssistantRow, said: Pick<AssistantRow, 'description' | 'config' | 'context'>): void => {
    const { description, config, context } = row;
    if (canonicalJson({ description, config, context }) === canonicalJson(said)) return;
    const changed = columns(save({ ...row, ...said, updatedAt: stamp() }));
    database
      .prepare('UPDATE assistant_versions SET description = ?, config = ?, context = ? WHERE assistant_id = ? AND version = 1')
      .run(changed.description, changed.config, changed.context, row.assistantId);
  };

  return {
    seed: async (system) =>
      transact(() => {
        for (const { assistantId, graphId, description = null, config = {}, context = {} } of system) {
          const found = database.prepare('SELECT * FROM assistants WHERE assistant_id = ?').get(assistantId) as Row | undefined; // the table's columns
          if (found === undefined)
            fresh({
              assistantId,
              tenant: null,
              graphId,
              name: graphId,
              description,
              config,
              context,
              metadata: { created_by: 'system' },
            });
          else if (found.version === 1) follow(rowOf(found), { description, config, context });
        }
      }),
    create: async (scope, assistant, ifExists) =>
      transact(() => {
        const taken = database.prepare('SELECT 1 FROM assistants WHERE assistant_id = ?').get(assistant.assistantId) !== undefined;
        if (!taken) return fresh({ ...assistant, tenant: scope.tenant });
        const found = one(scope, assistant.assistantId);
        if (found === undefined || ifExists === 'raise')
          throw new ServedError('conflict', `assistant ${assistant.assistantId}: exists already`);
        return found;
      }),
    get: async (scope, id) => one(scope, id),
    search: async (scope, filter, paging) => {
      const found = { ...seen(scope), ...asked(filter) };
      const { limit, offset } = paging;
      let more = false;
      const page = function* (): Generator<Row> {
        let left = limit;
        for (const row of database
          .prepare(`SELECT * FROM assistants WHERE ${FOUND} ORDER BY ${order(paging)} LIMIT @limit OFFSET @offset`)
          .iterate({ ...found, limit: limit + 1, offset }) as Iterable<Row>) {
          // the table's columns
          more = left === 0;
          if (more) return;
          left -= 1;
          yield row;
        }
      };
      const rows = fitting(page());
      const total = totalOf({ offset, rows: rows.length, more }, (most) => count(database, found, most));
      return { rows: rows.map(rowOf), total, next: more ? offset + limit : null };
    },
    count: async (scope, filter) => count(database, { ...seen(scope), ...asked(filter) }, COUNT_CAP),
    patch: async (scope, id, patch) =>
      transact(() => {
        const row = changeable(scope, id);
        if (row.tenant === null && patch.graphId !== undefined && patch.graphId !== row.graphId)
          throw new ServedError('conflict', `assistant ${id}: is the system's own for graph "${row.graphId}"; its graph cannot be changed`);
        const { last } = database.prepare('SELECT max(version) AS last FROM assistant_versions WHERE assistant_id = ?').get(id) as {
          last: number;
        }; // its first version was saved with it
        return saveVersion({ ...row, ...changes(row, patch), version: last + 1, updatedAt: stamp() });
      }),
    delete: async (scope, id) =>
      transact(() => {
        const row = known(scope, id);
        if (row.tenant === null)
          throw new ServedError('conflict', `assistant ${id}: is the system's own; remove graph "${row.graphId}" from langgraph.json`);
        database.prepare('DELETE FROM assistants WHERE assistant_id = ?').run(id);
        database.prepare('DELETE FROM assistant_versions WHERE assistant_id = ?').run(id);
      }),
    versions: async (scope, id, { limit, offset, metadata }) => {
      const row = known(scope, id);
      const versions = fitting(
        database
          .prepare(
            `SELECT *, created_at AS updated_at FROM assistant_versions
           WHERE assistant_id = ? AND json_contains(metadata, ?) ORDER BY version DESC LIMIT ? OFFSET ?`,
          )
          .iterate(id, json(metadata), limit, offset) as Iterable<Row>, // the table's columns and the one named here
      );
      return versions.map((version) => rowOf({ ...version, tenant: row.tenant }));
    },
    setLatest: async (scope, id, version) =>
      transact(() => {
        const row = changeable(scope, id);
        const found = database
          .prepare('SELECT *, created_at AS updated_at FROM assistant_versions WHERE assistant_id = ? AND version = ?')
          .get(id, version) as Row | undefined; // the table's columns and the one named here
        if (found === undefined) throw new ServedError('missing', `assistant ${id}: has no version ${version}`);
        return save({ ...rowOf({ ...found, tenant: row.tenant }), createdAt: row.createdAt, updatedAt: stamp() });
      }),
  };
}

function count(database: Database, found: Record<string, unknown>, most: number): number {
  const { total } = database
    .prepare(`SELECT count(*) AS total FROM (SELECT 1 FROM assistants WHERE ${FOUND} LIMIT @most)`)
    .get({ ...found, most }) as { total: number }; // an aggregate always has one row
  return total;
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const seen = (scope: Scope) => ({ tenant: scope.tenant, filters: json(scope.filters) });
const asked = (filter: AssistantFilter) => ({
  graph: filter.graphId ?? null,
  graphs: json(filter.graphIds),
  name: filter.name ?? null,
  part: json(filter.metadata),
});

/** Rows of the same moment stand in the order they came. */
function order({ sortBy = 'created_at', sortOrder = 'desc' }: Paging): string {
  const column = Object.hasOwn(SORTABLE, sortBy) ? SORTABLE[sortBy] : undefined;
  if (column === undefined)
    throw new ServedError('invalid', `sort_by: must be one of ${Object.keys(SORTABLE).join(', ')}; got ${JSON.stringify(sortBy)}`);
  const direction = sortOrder === 'asc' ? 'ASC' : 'DESC';
  return `${column} ${direction}, rowid ${direction}`;
}

const columns = (row: AssistantRow) => ({
  id: row.assistantId,
  graph: row.graphId,
  name: row.name,
  description: row.description,
  config: JSON.stringify(row.config),
  context: row.context === null ? null : json(row.context),
  metadata: JSON.stringify(row.metadata),
  version: row.version,
});

/** Metadata is merged, everything else replaced. */
function changes(row: AssistantRow, patch: AssistantPatch): Partial<AssistantRow> {
  return {
    ...(patch.graphId === undefined ? {} : { graphId: patch.graphId }),
    ...(patch.name === undefined ? {} : { name: patch.name }),
    ...(patch.description === undefined ? {} : { description: patch.description }),
    ...(patch.config === undefined ? {} : { config: patch.config }),
    ...(patch.context === undefined ? {} : { context: patch.context }),
    ...(patch.metadata === undefined ? {} : { metadata: { ...row.metadata, ...patch.metadata } }),
  };
}
