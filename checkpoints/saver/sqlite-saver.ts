/** LangGraph's SqliteSaver under the guard: its tables and its reading, with the faults of version 1.0 closed. */
import type { RunnableConfig } from '@langchain/core/runnables';
import type { CheckpointListOptions, CheckpointTuple } from '@langchain/langgraph-checkpoint';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import type { Database } from '../database.ts';
import { assertFence } from '../fence.ts';
import { contains } from '../served/filters.ts';
import { keepReplaced } from '../served/take-back.ts';
import { sqliteSql } from '../sql/sqlite.ts';
import { one, run, type Transaction } from '../sql/transaction.ts';
import { type AssertFence, type CheckpointRow, GuardedSaver, type GuardedTables, type WriteRow } from './guarded-saver.ts';
import { strictSerializer } from './serializer.ts';

/** Checkpoints that a listing reads at once, each with its whole state. */
const LISTED = 5;
/** A name that is no path to SQLite, whatever stands in it. */
const PLAIN = /^\w+$/;

const CHECKPOINT = `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
    parent_checkpoint_id = excluded.parent_checkpoint_id, type = excluded.type, checkpoint = excluded.checkpoint, metadata = excluded.metadata`;
const WRITE = `INSERT INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING`;
/** Numbers the new row before the old one goes: deleted first, the table's last row would give its number to the one in its place. */
const REPLACE = `INSERT OR REPLACE INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

/**
 * Its commits are relaxed: from the checkpoint before, the journal gives the same again.
 * `assert` throws when a lease is stale; it runs inside the transaction of each write. Default: the governor's own leases.
 */
export function guardedSqliteSaver(database: Database, assert: AssertFence = assertFence): GuardedSaver {
  const tables: GuardedTables = {
    reader: new InsertedOrderSaver(database, strictSerializer()),
    insertCheckpoint,
    insertWrite,
    removeWrite,
    removeWrites,
  };
  return new GuardedSaver(sqliteSql(database, 'relaxed'), tables, assert);
}

function* insertCheckpoint(row: CheckpointRow): Transaction<void> {
  const { threadId, namespace, checkpointId, parentId, type, checkpoint, metadata } = row;
  yield* run(CHECKPOINT, [threadId, namespace, checkpointId, parentId, type, checkpoint, metadata]);
}

function* insertWrite(row: WriteRow, replace: boolean): Transaction<void> {
  const { threadId, namespace, checkpointId, taskId, index, channel, type, value } = row;
  const place = [threadId, namespace, checkpointId, taskId, index] as const;
  // Not updated in place: what a run wrote is known by being newer than its start.
  if (replace) yield* keepReplaced(row);
  yield* run(replace ? REPLACE : WRITE, [...place, channel, type, value]);
}

function* removeWrite({
  threadId,
  namespace,
  checkpointId,
  taskId,
  index,
}: Parameters<GuardedTables['removeWrite']>[0]): Transaction<void> {
  const place = [threadId, namespace, checkpointId, taskId, index] as const;
  const where = 'thread_id = $1 AND checkpoint_ns = $2 AND checkpoint_id = $3 AND task_id = $4 AND idx = $5';
  if ((yield* one(`SELECT idx FROM writes WHERE ${where}`, place)) === undefined) return;
  yield* keepReplaced({ threadId, namespace, checkpointId, taskId, index });
  yield* run(`DELETE FROM writes WHERE ${where}`, place);
}

function* removeWrites(threadId: string, taskId: string, channel: string): Transaction<void> {
  yield* run('DELETE FROM writes WHERE thread_id = $1 AND task_id = $2 AND channel = $3', [threadId, taskId, channel]);
}

/** SqliteSaver, read in the order of insertion and a few at a time. */
class InsertedOrderSaver extends SqliteSaver {
  constructor(...[database, serializer]: ConstructorParameters<typeof SqliteSaver>) {
    super(database, serializer);
    this.setup();
    const latest = this.withoutCheckpoint.source.replace('ORDER BY checkpoint_id DESC LIMIT 1', 'ORDER BY rowid DESC LIMIT 1');
    this.withoutCheckpoint = database.prepare(latest);
  }

  /**
   * A few at a time: SqliteSaver reads all that it may give before it gives the first. It also takes a filter's names for paths into the
   * metadata, and compares objects by the order of their members.
   */
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const asked = Object.entries(options.filter ?? {}).filter(([, value]) => value !== undefined);
    const simple = asked.filter(([name, value]) => PLAIN.test(name) && (typeof value !== 'object' || value === null));
    const filter = Object.fromEntries(simple);
    const rest = Object.fromEntries(asked.filter((one) => !simple.includes(one)));
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let before = options.before;
    for (let found = LISTED; found === LISTED && left > 0; ) {
      found = 0;
      for await (const tuple of super.list(config, { ...options, filter, limit: LISTED, ...(before === undefined ? {} : { before }) })) {
        found += 1;
        before = tuple.config;
        if (!contains(tuple.metadata, rest)) continue;
        yield tuple;
        left -= 1;
        if (left <= 0) return;
      }
    }
  }
}
