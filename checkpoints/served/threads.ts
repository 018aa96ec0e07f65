/** The threads of the server: what the list, the search and a look at one show. */
import { canonicalJson } from '../../domain/ids.ts';
import type { Clock } from '../../domain/ports.ts';
import {
  COUNT_CAP,
  type Json,
  PAGE_COUNT_CAP,
  type Paging,
  type Scope,
  ServedError,
  type ThreadEnd,
  type ThreadFilter,
  type ThreadRow,
  type Threads,
} from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { contains, isOfGraphs, matchesFilters } from './filters.ts';
import { fitting } from './page-limit.ts';
import { totalOf } from './page-total.ts';
import { scanned } from './thread-scan.ts';

interface Row {
  thread_id: string;
  tenant: string;
  created_at: string;
  updated_at: string;
  state_updated_at: string | null;
  metadata: string;
  config: string;
  status: ThreadRow['status'];
  values: string | null;
  interrupts: string;
  error: string | null;
  ttl_minutes: number | null;
  governed: number;
}

const COLUMNS = 't.*, EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.thread_id) AS governed';
const SORTS: Readonly<Record<string, string>> = {
  thread_id: 't.thread_id',
  status: 't.status',
  created_at: 't.created_at',
  updated_at: 't.updated_at',
  state_updated_at: 't.state_updated_at',
};

const rowOf = (row: Row): ThreadRow => ({
  threadId: row.thread_id,
  tenant: row.tenant,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  stateUpdatedAt: row.state_updated_at,
  metadata: JSON.parse(row.metadata) as Json, // written below
  config: JSON.parse(row.config) as Json, // written below
  status: row.status,
  values: row.values === null ? null : JSON.parse(row.values),
  interrupts: JSON.parse(row.interrupts) as ThreadRow['interrupts'], // written below
  error: row.error === null ? null : JSON.parse(row.error),
  ttlMinutes: row.ttl_minutes,
  governed: row.governed === 1,
});

const graphOf = (thread: ThreadRow): Json => ({ graph_id: thread.metadata['graph_id'] });

export const missingThread = (threadId: string): ServedError => new ServedError('missing', `Thread with ID ${threadId} not found`);

/** Deletes all that a thread has, but not what a webhook still has to tell. Runs inside the caller's transaction. */
export function eraseThread(database: Database, threadId: string): void {
  database.prepare('DELETE FROM run_events WHERE run_id IN (SELECT run_id FROM thread_runs WHERE thread_id = ?)').run(threadId);
  for (const table of ['thread_runs', 'checkpoints', 'writes', 'replaced_writes', 'threads'])
    database.prepare(`DELETE FROM ${table} WHERE thread_id = ?`).run(threadId);
}

export function createThreads(database: Database, clock: Clock): Threads {
  const stamp = (): string => new Date(clock.now()).toISOString();
  const select = database.prepare(`SELECT ${COLUMNS} FROM threads t WHERE t.thread_id = ?`);
  database.function('json_contains', { deterministic: true }, (value: unknown, part: unknown) =>
    typeof value === 'string' && typeof part === 'string' && contains(JSON.parse(value), JSON.parse(part)) ? 1 : 0,
  );
  database.function('json_matches', { deterministic: true }, (metadata: unknown, filters: unknown) =>
    typeof metadata === 'string' && typeof filters === 'string' && matchesFilters(JSON.parse(metadata), JSON.parse(filters)) ? 1 : 0,
  );
  const get = (scope: Scope, threadId: string): ThreadRow | undefined => {
    const row = select.get(threadId) as Row | undefined; // the table's columns
    if (row === undefined || row.tenant !== scope.tenant) return undefined;
    const thread = rowOf(row);
    return matchesFilters(thread.metadata, scope.filters) && isOfGraphs(thread.metadata, scope) ? thread : undefined;
  };
  const need = (scope: Scope, threadId: string): ThreadRow => {
    const thread = get(scope, threadId);
    if (thread === undefined) throw missingThread(threadId);
    return thread;
  };
  const notGoverned = (thread: ThreadRow): void => {
    if (thread.governed)
      throw new ServedError(
        'conflict',
        `thread ${thread.threadId} is a governed run: its record is kept; "governor gc" removes what it no longer needs`,
      );
  };
  const expiry = (ttlMinutes: number | null): string | null =>
    ttlMinutes === null ? null : new Date(clock.now() + ttlMinutes * 60_000).toISOString();

  return {
    create: async (scope, { threadId, metadata, ifExists, ttlMinutes = null }) => {
      const at = stamp();
      const write = database.transaction(() => {
        const done = database
          .prepare(
            `INSERT OR IGNORE INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts, ttl_minutes, expires_at)
             VALUES (?, ?, ?, ?, ?, '{}', 'idle', '{}', ?, ?)`,
          )
          .run(threadId, scope.tenant, at, at, canonicalJson(metadata), ttlMinutes, expiry(ttlMinutes));
        const known = get(scope, threadId);
        // Also where it is another tenant's: who guesses ids learns no more than that this one is taken.
        if (known === undefined || (done.changes === 0 && ifExists === 'raise'))
          throw new ServedError('conflict', `thread ${threadId} already exists`);
        return known;
      });
      return write.immediate();
    },
    get: async (scope, threadId) => get(scope, threadId),
    search: async (scope, filter, paging) => {
      const query = searchOf(scope, filter, paging);
      if (query.told === 'by JSON') {
        const end = paging.offset + paging.limit;
        const ids = await scanned(database, query, filter, Math.max(PAGE_COUNT_CAP, end + 1));
        const found = function* (): Generator<Row> {
          for (const id of ids.slice(paging.offset, end)) if (get(scope, id) !== undefined) yield select.get(id) as Row; // the table's columns
        };
        return { rows: fitting(found()).map(rowOf), total: ids.length, next: ids.length > end ? end : null };
      }
      let more = false;
      const page = function* (): Generator<Row> {
        let left = paging.limit;
        for (const row of database
          .prepare(`SELECT ${COLUMNS} FROM ${query.from} WHERE ${query.where.join(' AND ')} ORDER BY ${query.order} LIMIT ? OFFSET ?`)
          .iterate(...query.values, paging.limit + 1, paging.offset) as Iterable<Row>) {
          // the table's columns
          more = left === 0;
          if (more) return;
          left -= 1;
          yield row;
        }
      };
      const rows = fitting(page());
      const total = totalOf({ offset: paging.offset, rows: rows.length, more }, (most) => counted(database, query, most));
      return { rows: rows.map(rowOf), total, next: more ? paging.offset + paging.limit : null };
    },
    count: async (scope, filter) => {
      const query = searchOf(scope, filter, { limit: 0, offset: 0 });
      return query.told === 'by JSON' ? (await scanned(database, query, filter, COUNT_CAP)).length : counted(database, query, COUNT_CAP);
    },
    patch: async (scope, threadId, patch) => {
      const write = database.transaction(() => {
        const thread = need(scope, threadId);
        const ttl = patch.ttlMinutes === undefined ? thread.ttlMinutes : patch.ttlMinutes;
        database
          .prepare('UPDATE threads SET metadata = ?, config = ?, ttl_minutes = ?, expires_at = ?, updated_at = ? WHERE thread_id = ?')
          .run(
            // Which graph a governed thread is on says who may see it.
            canonicalJson({ ...thread.metadata, ...patch.metadata, ...(thread.governed ? graphOf(thread) : {}) }),
            canonicalJson({ ...thread.config, ...patch.config }),
            ttl,
            expiry(ttl),
            stamp(),
            threadId,
          );
        return need({ tenant: scope.tenant }, threadId);
      });
      return write.immediate();
    },
    delete: async (scope, threadId) => {
      const write = database.transaction(() => {
        notGoverned(need(scope, threadId));
        eraseThread(database, threadId);
      });
      write.immediate();
    },
    keepLatest: async (scope, threadId) => {
      const write = database.transaction(() => {
        const thread = need(scope, threadId);
        notGoverned(thread);
        if (thread.status === 'busy') throw new ServedError('conflict', `thread ${threadId} is busy: a run is pending or running`);
        database
          .prepare(
            `DELETE FROM checkpoints WHERE thread_id = ? AND rowid NOT IN
               (SELECT max(rowid) FROM checkpoints WHERE thread_id = ? GROUP BY checkpoint_ns)`,
          )
          .run(threadId, threadId);
        database
          .prepare(
            `DELETE FROM writes WHERE thread_id = ? AND (checkpoint_ns, checkpoint_id) NOT IN
               (SELECT checkpoint_ns, checkpoint_id FROM checkpoints WHERE thread_id = ?)`,
          )
          .run(threadId, threadId);
      });
      write.immediate();
    },
    copy: async (scope, threadId, newId, metadata) => {
      const write = database.transaction(() => {
        const thread = need(scope, threadId);
        notGoverned(thread);
        const at = stamp();
        database
          .prepare(
            `INSERT INTO threads (thread_id, tenant, created_at, updated_at, state_updated_at, metadata, config, status, rest, "values", interrupts, error)
             SELECT ?, tenant, ?, ?, state_updated_at, ?, config, rest, rest, "values", interrupts, error
             FROM threads WHERE thread_id = ?`,
          )
          .run(newId, at, at, canonicalJson(metadata), threadId);
        // In their order: the latest is the newest inserted.
        database
          .prepare(
            `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
             SELECT ?, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, CAST(replace(CAST(metadata AS TEXT), ?, ?) AS BLOB)
             FROM checkpoints WHERE thread_id = ? ORDER BY rowid`,
          )
          .run(newId, threadId, newId, threadId);
        database
          .prepare(
            `INSERT INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value)
             SELECT ?, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value FROM writes WHERE thread_id = ? ORDER BY rowid`,
          )
          .run(newId, threadId);
        return need({ tenant: scope.tenant }, newId);
      });
      return write.immediate();
    },
    settle: async (threadId, end) => {
      settleThread(database, threadId, end, stamp());
    },
    decided: async (limit) => {
      const rows = database
        .prepare(
          `SELECT t.thread_id, t.tenant FROM runs r JOIN threads t ON t.thread_id = r.thread_id
           WHERE r.status = 'waiting' AND (r.lease_until IS NULL OR r.lease_until < ?)
             AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.thread_id = r.thread_id AND a.status = 'pending')
             AND EXISTS (SELECT 1 FROM approvals a WHERE a.thread_id = r.thread_id AND a.status IN ('approved', 'edited', 'rejected'))
             AND NOT EXISTS (SELECT 1 FROM thread_runs o WHERE o.thread_id = r.thread_id AND o.status IN ('pending', 'running'))
           LIMIT ?`,
        )
        .all(clock.now(), limit) as { thread_id: string; tenant: string }[]; // the selected columns
      return rows.map(({ thread_id: threadId, tenant }) => ({ threadId, tenant }));
    },
    expire: async (limit) => {
      const write = database.transaction(() => {
        const due = database
          .prepare(
            `SELECT thread_id FROM threads t WHERE expires_at IS NOT NULL AND expires_at <= ? AND status <> 'busy'
               AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.thread_id) LIMIT ?`,
          )
          .all(stamp(), limit) as { thread_id: string }[]; // the selected column
        for (const { thread_id } of due) eraseThread(database, thread_id);
        return due.length;
      });
      return write.immediate();
    },
  };
}

/**
 * Sets what a run or an edit left. The status is busy while a run is open, else what the end says; an end that says nothing (a run
 * that was taken back, or never began) leaves the thread as it rested before. Inside any transaction.
 */
export function settleThread(database: Database, threadId: string, end: ThreadEnd, at: string): void {
  const row = database.prepare('SELECT "values", interrupts, error FROM threads WHERE thread_id = ?').get(threadId) as
    | Pick<Row, 'values' | 'interrupts' | 'error'>
    | undefined; // the selected columns
  if (row === undefined) return;
  const interrupts = end.interrupts === undefined ? row.interrupts : JSON.stringify(end.interrupts);
  const unchanged = [end.values, end.interrupts, end.error, end.paused].every((said) => said === undefined);
  const error = end.error === undefined ? null : JSON.stringify(end.error);
  const rest = unchanged ? null : error !== null ? 'error' : end.paused === true || interrupts !== '{}' ? 'interrupted' : 'idle';
  database
    .prepare(
      `UPDATE threads SET "values" = ?, interrupts = ?, error = ?, updated_at = ?, state_updated_at = COALESCE(?, state_updated_at), rest = COALESCE(?, rest),
         expires_at = CASE WHEN ttl_minutes IS NULL THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%fZ', ?, '+' || ttl_minutes || ' minutes') END,
         status = CASE WHEN EXISTS (SELECT 1 FROM thread_runs r WHERE r.thread_id = ? AND r.status IN ('pending', 'running')) THEN 'busy' ELSE COALESCE(?, rest) END
       WHERE thread_id = ?`,
    )
    .run(
      end.values === undefined ? row.values : JSON.stringify(end.values),
      interrupts,
      unchanged ? row.error : error,
      at,
      unchanged ? null : at,
      rest,
      at,
      threadId,
      rest,
      threadId,
    );
}

interface Query {
  readonly from: string;
  readonly where: readonly string[];
  readonly order: string;
  readonly values: readonly unknown[];
  /** By JSON: the rows that these rules find are still to be looked at. */
  readonly told: 'by rules' | 'by JSON';
}

type Tag = readonly [key: string, value: string | number | boolean];

/**
 * A member of the metadata that is asked for by value leads, by its own index; so a search costs what it finds. A `+` keeps SQLite from
 * walking all threads of the tenant where another index knows better.
 */
function searchOf(scope: Scope, filter: ThreadFilter, paging: Paging): Query {
  const where: string[] = [];
  const values: unknown[] = [];
  const direction = paging.sortOrder === 'asc' ? 'ASC' : 'DESC';
  const sortBy = paging.sortBy ?? 'created_at';
  const sort = SORTS[sortBy] ?? 't.created_at';
  const leading = Object.entries({ ...filter.metadata, ...equalities(scope) })
    .filter((entry): entry is [string, Tag[1]] => isTagged(entry[1]))
    .toSorted((a, b) => rank(a) - rank(b))[0];
  // What most threads share is no help where they are wanted in another order.
  const byTag = leading !== undefined && filter.ids === undefined && (sortBy === 'created_at' || rank(leading) === 0);
  if (byTag) {
    where.push('m.tenant = ?', 'm.key = ?', 'm.value = ?');
    values.push(scope.tenant, leading[0], typeof leading[1] === 'boolean' ? String(Number(leading[1])) : String(leading[1]));
  } else {
    where.push(filter.ids !== undefined || sortBy === 'thread_id' ? '+t.tenant = ?' : 't.tenant = ?');
    values.push(scope.tenant);
  }
  if (filter.ids !== undefined) {
    where.push('t.thread_id IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(filter.ids));
  }
  if (filter.status !== undefined) {
    where.push('t.status = ?');
    values.push(filter.status);
  }
  const members = Object.keys(filter.metadata ?? {});
  // The index keeps text alone: what may also be a number's is looked at again.
  const told =
    byTag &&
    members.length === 1 &&
    filter.metadata?.[leading[0]] === leading[1] &&
    typeof leading[1] === 'string' &&
    /^[^\d-]/.test(leading[1]);
  const byJson = Object.keys(filter.values ?? {}).length > 0 || (members.length > 0 && leading === undefined);
  if (members.length > 0 && !told && !byJson) {
    where.push('json_contains(t.metadata, ?)');
    values.push(JSON.stringify(filter.metadata));
  }
  if (scope.filters !== undefined) {
    where.push('json_matches(t.metadata, ?)');
    values.push(JSON.stringify(scope.filters));
  }
  if (scope.graphs !== undefined) {
    where.push("coalesce(json_extract(t.metadata, '$.graph_id') IN (SELECT value FROM json_each(?)), 1)");
    values.push(JSON.stringify(scope.graphs));
  }
  const columns = byTag && sortBy === 'created_at' ? ['m.created_at', 'm.thread_id'] : [sort, ...(TIES[sortBy] ?? ['t.thread_id'])];
  return {
    from: byTag ? 'thread_metadata m JOIN threads t ON t.thread_id = m.thread_id' : 'threads t',
    where,
    order: columns.map((column) => `${column} ${direction}`).join(', '),
    values,
    told: byJson ? 'by JSON' : 'by rules',
  };
}

/** What comes after the column that is sorted by, as its index has it. */
const TIES: Readonly<Record<string, readonly string[]>> = { thread_id: [], status: ['t.created_at', 't.thread_id'] };

const isTagged = (value: unknown): value is Tag[1] =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value));

/** What most threads share leads last: their graph, a yes or no. */
const rank = ([key, value]: Tag): number => (key === 'graph_id' ? 3 : key === 'assistant_id' ? 2 : typeof value === 'boolean' ? 1 : 0);

function equalities(scope: Scope): Record<string, unknown> {
  const entries = Object.entries(scope.filters ?? {}).map(([key, rule]) => [key, typeof rule === 'string' ? rule : rule.$eq] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function counted(database: Database, query: Query, most: number): number {
  const from = query.where.every((rule) => rule.startsWith('m.')) ? 'thread_metadata m' : query.from;
  const row = database
    .prepare(`SELECT count(*) AS total FROM (SELECT 1 FROM ${from} WHERE ${query.where.join(' AND ')} LIMIT ?)`)
    .get(...query.values, most) as { total: number }; // count
  return row.total;
}
