/** The guard that every saver wears: strict, fenced, stamped and grouped writes, whatever database keeps them. */
import type { RunnableConfig } from '@langchain/core/runnables';
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  copyCheckpoint,
  INTERRUPT,
  type PendingWrite,
  RESUME,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import { StopError, toError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/ports.ts';
import type { Sql, Transaction } from '../sql/transaction.ts';
import { assertCheckpoint } from './readable.ts';
import { strictSerializer } from './serializer.ts';
import { type GroupedWrite, WriteGroups } from './write-groups.ts';

export interface CheckpointRow {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly parentId: string | null;
  readonly type: string;
  readonly checkpoint: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface WriteRow {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
  readonly index: number;
  readonly channel: string;
  readonly type: string;
  readonly value: Uint8Array;
}

/** What a guard is put on: a saver that reads, and its writes as pieces of a transaction. */
export interface GuardedTables {
  /** Its `getTuple` without an id gives the checkpoint that was inserted last, not the one with the largest id. */
  readonly reader: Pick<BaseCheckpointSaver, 'getTuple' | 'list' | 'deleteThread'>;
  /** Inserts, or replaces the row of the same id. */
  insertCheckpoint(row: CheckpointRow): Transaction<void>;
  /** Inserts if absent; with `replace` the row that is there goes. */
  insertWrite(row: WriteRow, replace: boolean): Transaction<void>;
  /** Removes the write of this place, where there is one. */
  removeWrite(place: Omit<WriteRow, 'channel' | 'type' | 'value'>): Transaction<void>;
  /** Removes what this task wrote to this channel, in all checkpoints of the thread. */
  removeWrites(threadId: string, taskId: string, channel: string): Transaction<void>;
}

/** Throws in a transaction when a lease is stale. */
export type AssertFence = (fence: Fence) => Transaction<void>;

/** The task that a command's own writes stand under: no node's. */
const NULL_TASK_ID = '00000000-0000-0000-0000-000000000000';

type Place = { threadId: string; namespace: string; checkpointId: string | undefined };

/**
 * - a value that cannot be stored is an error with its path, and nothing is written
 * - latest is the newest inserted, not the largest id: a clock that goes back must not run finished steps again (langgraphjs#2854)
 * - under a project's graph no write rejects: before 1.5 Node ends at a saver's rejection that LangGraph leaves unseen (langgraphjs#2838)
 * - every write checks the fence in its own transaction; the writes of a step share the one of the checkpoint that ends it
 * - an answer that a task has taken reaches no later question, and a task that has its answer waits for none
 * - `run_id` is stamped into the metadata, so that the same input delivered again continues; so are the names of the graph's nodes
 */
export class GuardedSaver extends BaseCheckpointSaver {
  readonly #tables: GuardedTables;
  readonly #groups: WriteGroups;
  readonly #fences = new Map<string, Fence>();
  readonly #failed = new Set<string>();
  readonly #broken = new Map<string, (error: Error) => void>();
  readonly #stamps = new Map<string, Readonly<Record<string, unknown>>>();
  /** Writes that are being serialized: what comes after them waits until they have joined their group. */
  readonly #coming = new Map<string, Set<Promise<unknown>>>();

  constructor(sql: Sql, tables: GuardedTables, assertFence: AssertFence) {
    super(strictSerializer());
    this.#tables = tables;
    this.#groups = new WriteGroups(sql, (threadId) => {
      const fence = this.#fences.get(threadId);
      return fence === undefined ? undefined : () => assertFence(fence);
    });
  }

  /**
   * Writes of this thread are refused unless this lease is current. With `broken`, the first write that fails is told to it, no later
   * one is made and none rejects: a graph may come with an older LangGraph, and any looks at its saver's promises only later.
   * `stamp` goes into the metadata of every checkpoint, so that a history can be searched by it.
   */
  guard(fence: Fence, broken?: (error: Error) => void, stamp?: Readonly<Record<string, unknown>>): void {
    this.#groups.commit(fence.threadId);
    this.#fences.set(fence.threadId, fence);
    if (stamp !== undefined) this.#stamps.set(fence.threadId, stamp);
    if (broken !== undefined) this.#broken.set(fence.threadId, broken);
  }

  unguard(threadId: string): void {
    this.#groups.commit(threadId);
    this.#fences.delete(threadId);
    this.#broken.delete(threadId);
    this.#stamps.delete(threadId);
    this.#failed.delete(threadId);
  }

  /** Commits what waits; what is written later goes to a closed database. */
  close(): void {
    this.#groups.commitAll();
  }

  /** @throws StopError `STATE_TAMPERED` for a row that cannot be read; a damaged checkpoint must never look like a new thread. */
  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const threadId: unknown = config.configurable?.['thread_id'];
    if (typeof threadId === 'string') await this.#settled(threadId);
    try {
      const tuple = await this.#tables.reader.getTuple(config);
      if (tuple !== undefined) assertCheckpoint(tuple.checkpoint);
      return tuple;
    } catch (error) {
      throw unreadable(config, error);
    }
  }

  /** @throws StopError `STATE_TAMPERED`. */
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    await this.#groups.settled();
    try {
      for await (const tuple of this.#tables.reader.list(config, options)) {
        assertCheckpoint(tuple.checkpoint);
        yield tuple;
      }
    } catch (error) {
      throw unreadable(config, error);
    }
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#settled(threadId);
    await this.#tables.reader.deleteThread(threadId);
  }

  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const place = placeOf(config);
    await this.#told(place.threadId, () => this.#put(place, config, checkpoint, metadata));
    return { configurable: { thread_id: place.threadId, checkpoint_ns: place.namespace, checkpoint_id: checkpoint.id } };
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const { threadId, namespace, checkpointId } = placeOf(config);
    if (checkpointId === undefined) throw new Error('Missing checkpoint_id field in config.configurable.');
    await this.#told(threadId, () => this.#putWrites({ threadId, namespace, checkpointId }, writes, taskId));
  }

  async #put(place: Place, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<void> {
    const { threadId, namespace } = place;
    const stamped = this.#stamped(place, config, metadata);
    const [[type, body], [, meta]] = await Promise.all([this.serde.dumpsTyped(copyCheckpoint(checkpoint)), this.serde.dumpsTyped(stamped)]);
    const parentId = place.checkpointId ?? null;
    const row: CheckpointRow = { threadId, namespace, checkpointId: checkpoint.id, parentId, type, checkpoint: body, metadata: meta };
    await this.#arrived(threadId);
    const done = this.#join(threadId, {
      point: `put:${levelOf(place)}:${metadata.source}`,
      rows: () => this.#tables.insertCheckpoint(row),
    });
    this.#groups.commit(threadId);
    await done;
    await new Promise((resume) => setImmediate(resume)); // timers and HTTP must not starve behind a busy graph
  }

  async #putWrites(place: Place & { checkpointId: string }, writes: PendingWrite[], taskId: string): Promise<void> {
    const { threadId } = place;
    const joining = this.#prepared(place, writes, taskId).then((write) => ({ done: this.#join(threadId, write) }));
    const coming = this.#coming.get(threadId) ?? new Set();
    this.#coming.set(threadId, coming.add(joining));
    try {
      await (await joining).done;
    } finally {
      coming.delete(joining);
      if (coming.size === 0 && this.#coming.get(threadId) === coming) this.#coming.delete(threadId);
    }
  }

  async #prepared(place: Place & { checkpointId: string }, writes: PendingWrite[], taskId: string): Promise<GroupedWrite> {
    const rows = await Promise.all(
      writes.map(async ([channel, value], index): Promise<WriteRow> => {
        const [type, body] = await this.serde.dumpsTyped(value);
        return { ...place, taskId, index: WRITES_IDX_MAP[channel] ?? index, channel, type, value: body };
      }),
    );
    const replace = writes.every(([channel]) => channel in WRITES_IDX_MAP);
    const special = writes.map(([channel]) => channel).find((channel) => channel in WRITES_IDX_MAP);
    const tables = this.#tables;
    return {
      point: `writes:${levelOf(place)}:${special ?? 'values'}`,
      *rows() {
        for (const row of rows) yield* tables.insertWrite(row, replace);
        yield* outdated(tables, { ...place, taskId }, writes);
      },
    };
  }

  /** All writes that were given before have joined their group, or cannot be stored. */
  async #arrived(threadId: string): Promise<void> {
    const coming = this.#coming.get(threadId);
    if (coming !== undefined) await Promise.allSettled(coming);
  }

  /** All that was given before is committed, or refused. */
  async #settled(threadId: string): Promise<void> {
    await this.#arrived(threadId);
    await this.#groups.settled(threadId);
  }

  #stamped(place: Place, config: RunnableConfig, metadata: CheckpointMetadata): CheckpointMetadata {
    const runId: unknown = config.configurable?.['run_id'] ?? config.metadata?.['run_id'];
    const nodes: unknown = place.namespace === '' ? config.metadata?.['nodes'] : undefined;
    return {
      ...this.#stamps.get(place.threadId),
      ...metadata,
      ...(runId === undefined ? {} : { run_id: runId }),
      ...(nodes === undefined ? {} : { nodes }),
    };
  }

  async #join(threadId: string, write: GroupedWrite): Promise<void> {
    // After the first that failed was told: one that was on its way.
    if (this.#failed.has(threadId)) return;
    await this.#groups.join(threadId, write);
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
}

/**
 * What these writes make untrue. LangGraph leaves both: the next run without an answer would give the last one to the next question of
 * the node, and a question of parallel tasks would be listed until the last of them is answered.
 */
function* outdated(
  tables: GuardedTables,
  place: { readonly taskId: string } & Place & { checkpointId: string },
  writes: PendingWrite[],
): Transaction<void> {
  const { threadId, taskId } = place;
  if (taskId === NULL_TASK_ID) return;
  const channels = writes.map(([channel]) => channel);
  if (channels.includes(RESUME)) yield* tables.removeWrites(threadId, NULL_TASK_ID, RESUME);
  if (channels.some((channel) => !(channel in WRITES_IDX_MAP)))
    yield* tables.removeWrite({ ...place, index: WRITES_IDX_MAP[INTERRUPT] ?? 0 });
}

const levelOf = (place: Place): string => (place.namespace === '' ? 'top' : 'nested');

function placeOf(config: RunnableConfig): Place {
  const configurable = config.configurable;
  if (configurable === undefined) throw new Error('Empty configuration supplied.');
  const threadId: unknown = configurable['thread_id'];
  if (typeof threadId !== 'string' || threadId === '') throw new Error('Missing "thread_id" field in passed "config.configurable".');
  return {
    threadId,
    namespace: String(configurable['checkpoint_ns'] ?? ''),
    checkpointId: configurable['checkpoint_id'] as string | undefined, // LangGraph's own field
  };
}

function unreadable(config: RunnableConfig, error: unknown): StopError {
  const { thread_id: threadId, checkpoint_id: checkpointId } = config.configurable ?? {};
  const what = `thread ${String(threadId)}: checkpoint ${String(checkpointId ?? '(the latest)')}`;
  return new StopError('STATE_TAMPERED', `${what} cannot be read: ${toError(error).message.slice(0, 300)}`, { cause: error });
}
