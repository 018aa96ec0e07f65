/** The guarded saver: SqliteSaver's tables and meaning, with the faults of version 1.0 closed. */
import type { RunnableConfig } from '@langchain/core/runnables';
import {
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  copyCheckpoint,
  type PendingWrite,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { StopError, toError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Fence } from '../domain/ports.ts';
import { assertFence, type Database } from './database.ts';
import { strictSerializer } from './serializer.ts';
import { contains } from './served/filters.ts';
import { keepReplaced } from './served/take-back.ts';
import { type SqliteSql, sqliteSql } from './sql/sqlite.ts';

/** Checkpoints that a listing reads at once, each with its whole state. */
const LISTED = 5;
/** A name that is no path to SQLite, whatever stands in it. */
const PLAIN = /^\w+$/;

type Place = { threadId: string; namespace: string; checkpointId: string | undefined };

/**
 * - latest is the newest inserted, not the largest id: a clock that goes back must not run finished steps again (langgraphjs#2854)
 * - under a project's graph no write rejects: before 1.5 Node ends at a saver's rejection that LangGraph leaves unseen (langgraphjs#2838)
 * - every write checks the fence in its own transaction
 * - `run_id` is stamped into the metadata, so that the same input delivered again continues; so are the names of the graph's nodes
 */
export class GuardedSaver extends SqliteSaver {
  readonly #database: Database;
  readonly #sql: SqliteSql;
  readonly #assert: (fence: Fence) => void;
  readonly #fences = new Map<string, Fence>();
  readonly #failed = new Set<string>();
  readonly #broken = new Map<string, (error: Error) => void>();
  readonly #stamps = new Map<string, Readonly<Record<string, unknown>>>();

  /** `assert` throws when a lease is stale; it runs inside the transaction of each write. Default: the governor's own leases. */
  constructor(database: Database, assert = (fence: Fence): void => assertFence(database, fence)) {
    super(database, strictSerializer());
    this.#database = database;
    this.#sql = sqliteSql(database);
    this.#assert = assert;
    this.setup();
    const latest = this.withoutCheckpoint.source.replace('ORDER BY checkpoint_id DESC LIMIT 1', 'ORDER BY rowid DESC LIMIT 1');
    this.withoutCheckpoint = database.prepare(latest);
  }

  /**
   * Writes of this thread are refused unless this lease is current. With `broken`, the first write that fails is told to it, no later
   * one is made and none rejects: a graph may come with an older LangGraph, and any looks at its saver's promises only later.
   * `stamp` goes into the metadata of every checkpoint, so that a history can be searched by it.
   */
  guard(fence: Fence, broken?: (error: Error) => void, stamp?: Readonly<Record<string, unknown>>): void {
    this.#fences.set(fence.threadId, fence);
    if (stamp !== undefined) this.#stamps.set(fence.threadId, stamp);
    if (broken !== undefined) this.#broken.set(fence.threadId, broken);
  }

  unguard(threadId: string): void {
    this.#fences.delete(threadId);
    this.#broken.delete(threadId);
    this.#stamps.delete(threadId);
    this.#failed.delete(threadId);
  }

  /** @throws StopError `STATE_TAMPERED` for a row that cannot be read; a damaged checkpoint must never look like a new thread. */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    try {
      return await super.getTuple(config);
    } catch (error) {
      const place = placeOf(config);
      throw new StopError(
        'STATE_TAMPERED',
        `thread ${place.threadId}: checkpoint ${place.checkpointId ?? '(the latest)'} cannot be read: ${toError(error).message.slice(0, 300)}`,
        { cause: error },
      );
    }
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

  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const place = placeOf(config);
    await this.#told(place.threadId, () => this.#put(place, config, checkpoint, metadata));
    return { configurable: { thread_id: place.threadId, checkpoint_ns: place.namespace, checkpoint_id: checkpoint.id } };
  }

  async #told(threadId: string, write: () => Promise<void>): Promise<void> {
    const tell = this.#broken.get(threadId);
    if (tell === undefined) return write();
    if (this.#failed.has(threadId)) return;
    try {
      await write();
    } catch (error) {
      if (this.#failed.has(threadId)) return;
      this.#failed.add(threadId);
      tell(toError(error));
    }
  }

  async #put(place: Place, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<void> {
    const runId = config.configurable?.['run_id'] ?? config.metadata?.['run_id'];
    const nodes: unknown = place.namespace === '' ? config.metadata?.['nodes'] : undefined;
    const stamped = {
      ...this.#stamps.get(place.threadId),
      ...metadata,
      ...(runId === undefined ? {} : { run_id: runId }),
      ...(nodes === undefined ? {} : { nodes }),
    };
    const [[type, body], [, meta]] = await Promise.all([this.serde.dumpsTyped(copyCheckpoint(checkpoint)), this.serde.dumpsTyped(stamped)]);
    this.#write(place.threadId, `put:${levelOf(place)}:${sourceOf(metadata)}`, () => {
      this.#database
        .prepare(
          `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
             parent_checkpoint_id = excluded.parent_checkpoint_id, type = excluded.type, checkpoint = excluded.checkpoint, metadata = excluded.metadata`,
        )
        .run(place.threadId, place.namespace, checkpoint.id, place.checkpointId ?? null, type, body, meta);
    });
    await new Promise((resume) => setImmediate(resume)); // timers and HTTP must not starve behind a busy graph
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const place = placeOf(config);
    if (place.checkpointId === undefined) throw new Error('Missing checkpoint_id field in config.configurable.');
    await this.#told(place.threadId, () => this.#putWrites(place, writes, taskId));
  }

  async #putWrites(place: Place, writes: PendingWrite[], taskId: string): Promise<void> {
    const rows = await Promise.all(
      writes.map(async ([channel, value], index) => {
        const [type, body] = await this.serde.dumpsTyped(value);
        return [
          place.threadId,
          place.namespace,
          place.checkpointId,
          taskId,
          WRITES_IDX_MAP[channel] ?? index,
          channel,
          type,
          body,
        ] as const;
      }),
    );
    const special = writes.every(([channel]) => channel in WRITES_IDX_MAP);
    this.#write(
      place.threadId,
      `writes:${levelOf(place)}:${writes.map(([channel]) => channel).find((channel) => channel in WRITES_IDX_MAP) ?? 'values'}`,
      () => {
        const insert = this.#database.prepare(
          `INSERT OR ${special ? 'REPLACE' : 'IGNORE'} INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        );
        for (const row of rows) {
          const [threadId, namespace, checkpointId, task, index] = row;
          if (special) this.#sql.write(() => keepReplaced({ threadId, namespace, checkpointId: checkpointId ?? '', taskId: task, index }));
          insert.run(...row);
        }
      },
    );
  }

  #write(threadId: string, point: string, work: () => void): void {
    failpoint(`${point}:before`);
    const fence = this.#fences.get(threadId);
    this.#database
      .transaction(() => {
        if (fence !== undefined) this.#assert(fence);
        work();
        failpoint(`${point}:inside`);
      })
      .immediate();
    failpoint(`${point}:after`);
  }
}

const levelOf = (place: Place): string => (place.namespace === '' ? 'top' : 'nested');
const sourceOf = (metadata: CheckpointMetadata): string => `${metadata.source}`;

function placeOf(config: RunnableConfig): Place {
  const configurable = config.configurable;
  if (configurable === undefined) throw new Error('Empty configuration supplied.');
  const threadId: unknown = configurable['thread_id'];
  if (typeof threadId !== 'string' || threadId === '') throw new Error('Missing "thread_id" field in passed "config.configurable".');
  return {
    threadId,
    namespace: String(configurable['checkpoint_ns'] ?? ''),
    checkpointId: configurable['checkpoint_id'] as string | undefined,
  }; // LangGraph's own field
}
