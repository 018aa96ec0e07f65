/** What the LangGraph server keeps: threads, runs, assistants, events, items, webhooks, keys; and whose they are. */

import type { CronTick } from './cron-tick.ts';
import type { NewThreadEvent } from './thread-events.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What a custom auth handler lets its user see: members of the row's metadata. An absent member never matches. */
export type Filters = Readonly<Record<string, string | { readonly $eq?: string; readonly $contains?: string | readonly string[] }>>;

/** Whose rows a request may touch. Rows of another tenant, or beside the filters, do not exist for it. */
export interface Scope {
  readonly tenant: string;
  readonly filters?: Filters | undefined;
  /** Graphs whose threads it may touch, and threads that have none yet; undefined: all. */
  readonly graphs?: readonly string[] | undefined;
}

/** The tenant of the local operator, of the command line, and of keys that name none. */
export const DEFAULT_TENANT = 'default';

/** A request that the rows refuse. */
export class ServedError extends Error {
  readonly kind: 'missing' | 'conflict' | 'invalid';
  constructor(kind: 'missing' | 'conflict' | 'invalid', message: string) {
    super(message);
    this.name = 'ServedError';
    this.kind = kind;
  }
}

/** A page of a listing. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Of all pages. Beyond `PAGE_COUNT_CAP` rows at least so many: a page must not cost what the rows behind it would. */
  readonly total: number;
  /** The offset of the next page, when there is one. */
  readonly next: number | null;
}

/** Rows that a count passes at most, so that its cost has an end. */
export const COUNT_CAP = 10_000;
/** Rows that are counted for the total beside a page; who wants more asks for a count. */
export const PAGE_COUNT_CAP = 500;

export interface Paging {
  readonly limit: number;
  readonly offset: number;
  readonly sortBy?: string | undefined;
  readonly sortOrder?: 'asc' | 'desc' | undefined;
}

// ---------------------------------------------------------------- threads

export type ThreadStatus = 'idle' | 'busy' | 'interrupted' | 'error';

export interface ThreadRow {
  readonly threadId: string;
  readonly tenant: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly stateUpdatedAt: string | null;
  readonly metadata: Json;
  readonly config: Json;
  readonly status: ThreadStatus;
  /** The state's values as JSON, after the last run or edit. */
  readonly values: unknown;
  /** Task id -> what it waits for. */
  readonly interrupts: Readonly<Record<string, readonly unknown[]>>;
  readonly error: unknown;
  /** Minutes after the last update until the thread is deleted; null: kept. */
  readonly ttlMinutes: number | null;
  /** A row of the governor's own runs exists: the thread is a governed one. */
  readonly governed: boolean;
}

export interface ThreadFilter {
  readonly ids?: readonly string[] | undefined;
  readonly metadata?: Json | undefined;
  readonly values?: Json | undefined;
  readonly status?: ThreadStatus | undefined;
}

/** How a thread stands after a run or an edit. */
export interface ThreadEnd {
  readonly values?: unknown;
  readonly interrupts?: Readonly<Record<string, readonly unknown[]>>;
  readonly error?: unknown;
  /** Nodes are still to run: at a breakpoint, or after a cancel. */
  readonly paused?: boolean;
}

export interface Threads {
  /** @throws ServedError `conflict` when it exists and `ifExists` is `raise`, or when it is another tenant's. */
  create(
    scope: Scope,
    thread: { threadId: string; metadata: Json; ifExists: 'raise' | 'do_nothing'; ttlMinutes?: number | null },
  ): Promise<ThreadRow>;
  get(scope: Scope, threadId: string): Promise<ThreadRow | undefined>;
  search(scope: Scope, filter: ThreadFilter, paging: Paging): Promise<Page<ThreadRow>>;
  count(scope: Scope, filter: ThreadFilter): Promise<number>;
  /** Merges metadata; sets the time to live. @throws ServedError `missing`. */
  patch(scope: Scope, threadId: string, patch: { metadata?: Json; config?: Json; ttlMinutes?: number | null }): Promise<ThreadRow>;
  /** With its runs, events and checkpoints. @throws ServedError `missing`; `conflict` for a governed thread (`gc` is its end). */
  delete(scope: Scope, threadId: string): Promise<void>;
  /** Deletes all checkpoints but the newest of each namespace. @throws ServedError `missing`, `conflict` for a governed or busy thread. */
  keepLatest(scope: Scope, threadId: string): Promise<void>;
  /** Checkpoints and all, under this metadata; without its runs. @throws ServedError `missing`, `conflict` for a governed thread. */
  copy(scope: Scope, threadId: string, newId: string, metadata: Json): Promise<ThreadRow>;
  settle(threadId: string, end: ThreadEnd): Promise<void>;
  /** Of any tenant: governed threads that wait at a decided gate, with no lease and no open run; at most `limit`. */
  decided(limit: number): Promise<readonly { readonly threadId: string; readonly tenant: string }[]>;
  /** Deletes what has outlived its time to live; at most `limit`. */
  expire(limit: number): Promise<number>;
}

// ---------------------------------------------------------------- runs

export const SERVED_STATUSES = ['pending', 'running', 'error', 'success', 'timeout', 'interrupted'] as const;
export type ServedStatus = (typeof SERVED_STATUSES)[number];
export type Multitask = 'reject' | 'rollback' | 'interrupt' | 'enqueue';
export type CancelAction = 'interrupt' | 'rollback';

export interface ServedRun {
  readonly runId: string;
  readonly threadId: string;
  readonly tenant: string;
  readonly assistantId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly status: ServedStatus;
  readonly metadata: Json;
  /** What the graph is called with; verbatim, so that the same is delivered again after a crash. */
  readonly kwargs: Json;
  /** Who asked, for the graph's config; no reader of the run sees it. */
  readonly caller: Json;
  readonly multitask: Multitask;
  /** How often a worker has begun it. */
  readonly attempt: number;
  /** Its thread is deleted with its end. */
  readonly temporary: boolean;
  /** The final values, for those who wait; null before the end. */
  readonly output: unknown;
  /** `{ error, message }` of the failure. */
  readonly error: unknown;
}

export interface NewRun {
  readonly runId: string;
  readonly threadId: string;
  readonly assistantId: string;
  readonly metadata: Json;
  readonly kwargs: Json;
  readonly caller: Json;
  readonly multitask: Multitask;
  readonly temporary: boolean;
  readonly afterMs: number;
  /** What to do when the thread is not there. */
  readonly ifNotExists: 'create' | 'reject';
  /** Metadata and config that the thread takes over. */
  readonly threadMetadata: Json;
  readonly threadConfig: Json;
  /** The tick of a cron that it is made for: once, in one transaction with it. */
  readonly tick?: CronTick | undefined;
}

/** Proof of holding a run: its thread's epoch when it was claimed. */
export interface RunLease {
  readonly runId: string;
  readonly threadId: string;
  readonly epoch: number;
  /** It was begun before, and died or was given back. */
  readonly again: boolean;
}

/** A run and its place among the runs of its thread: higher than of those that were put before. */
export interface Begun {
  readonly run: ServedRun;
  readonly place: number;
}

export interface RunEnd extends ThreadEnd {
  readonly status: Exclude<ServedStatus, 'pending' | 'running'>;
  /** What those who wait are given. */
  readonly output?: unknown;
  /** Told to this address, by the outbox. `body` is JSON text. */
  readonly webhook?: { readonly url: string; readonly body: string } | undefined;
  /** Take back what the run has done to its thread, and the run itself. */
  readonly rollback?: boolean;
  /** The run was refused before it did anything: its thread stays as it was. */
  readonly untouched?: boolean;
  /** The last of its events for those who follow the thread, and how many characters of events the thread keeps. */
  readonly told?: { readonly events: readonly NewThreadEvent[]; readonly mostCharacters: number } | undefined;
}

export interface Queue {
  /**
   * All or nothing, durable when it returns. Applies the multitask strategy: `reject` is a conflict, `interrupt` and `rollback` ask
   * the runs before it to stop. @throws ServedError `missing`, `conflict`.
   */
  put(scope: Scope, runs: readonly NewRun[]): Promise<readonly ServedRun[]>;
  get(scope: Scope, threadId: string | undefined, runId: string): Promise<ServedRun | undefined>;
  list(
    scope: Scope,
    threadId: string,
    options: { limit: number; offset: number; status?: ServedStatus | undefined; metadata?: Json | undefined },
  ): Promise<readonly ServedRun[]>;
  /**
   * The oldest run that is due and whose thread nobody runs; a run whose lease died comes first. `held`: what this process works on,
   * however late its heartbeats are.
   */
  claim(held?: ReadonlySet<string>): Promise<{ run: ServedRun; lease: RunLease } | undefined>;
  /** Ms until a delayed run is due or a lease runs out; undefined: nothing waits. */
  nextDueMs(): Promise<number | undefined>;
  heartbeat(lease: RunLease): Promise<'held' | 'lost' | CancelAction>;
  /** In one transaction: the run's end, its thread's state, the webhook. False when fenced. */
  finish(lease: RunLease, end: RunEnd): Promise<boolean>;
  /** The tasks of its thread that have asked something since the run first began: no answer that it came with is for them. */
  askedSince(lease: RunLease): Promise<ReadonlySet<string>>;
  /** Gives a run back, to be begun again by whoever comes next (drain). */
  giveBack(lease: RunLease): Promise<void>;
  /** Pending runs end at once; running ones are told by the next heartbeat. Returns the ids it concerned. */
  cancel(
    scope: Scope,
    which: { threadId?: string | undefined; runIds?: readonly string[] | undefined; status?: 'pending' | 'running' | 'all' | undefined },
    action: CancelAction,
  ): Promise<readonly string[]>;
  /** @throws ServedError `missing`; `conflict` while it runs. */
  delete(scope: Scope, threadId: string, runId: string): Promise<void>;
  /** The oldest run of the thread behind this place that no longer waits. */
  nextBegun(threadId: string, after: number): Promise<Begun | undefined>;
  /** The place of the thread's last run that has ended; 0: none has. */
  lastEnded(threadId: string): Promise<number>;
  counts(): Promise<Readonly<Record<ServedStatus, number>>>;
  /** Deletes runs that ended before `before` (ISO) and whose thread is gone; at most `limit`. */
  prune(before: string, limit: number): Promise<number>;
}

// ---------------------------------------------------------------- events

export interface EventRow {
  /** Dense, from 0. */
  readonly seq: number;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
}

export interface Events {
  /** Durable when it returns; the ids follow the last one. @throws FencedError when the lease is stale. */
  append(lease: RunLease, events: readonly { event: string; data: string }[]): Promise<number>;
  /** Strictly after `afterSeq` (-1: from the start), at most `limit` rows and about `maxBytes` of data. */
  read(runId: string, afterSeq: number, limit: number, maxBytes: number): Promise<readonly EventRow[]>;
  last(runId: string): Promise<number>;
  /** Deletes events below this id: a run keeps at most so many bytes. The last one always stays, so that ids go on. */
  trim(runId: string, below: number): Promise<void>;
  /** Deletes the events of runs that ended before `before` (ISO); at most `limit` runs. */
  prune(before: string, limit: number): Promise<number>;
}

// ---------------------------------------------------------------- assistants

export interface AssistantRow {
  readonly assistantId: string;
  /** Null for a system assistant: everybody sees it. */
  readonly tenant: string | null;
  readonly graphId: string;
  readonly name: string;
  readonly description: string | null;
  readonly config: Json;
  readonly context: unknown;
  readonly metadata: Json;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface AssistantFilter {
  readonly graphId?: string | undefined;
  /** The graphs that the caller may use; undefined: all. */
  readonly graphIds?: readonly string[] | undefined;
  /** Part of the name, in any case. */
  readonly name?: string | undefined;
  readonly metadata?: Json | undefined;
}

export interface AssistantPatch {
  readonly graphId?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly config?: Json | undefined;
  readonly context?: unknown;
  readonly metadata?: Json | undefined;
}

export interface SystemAssistant {
  readonly assistantId: string;
  readonly graphId: string;
  readonly description?: string | undefined;
  /** Default `{}`. */
  readonly config?: Json;
  /** Default `{}`. */
  readonly context?: Json;
}

export interface Assistants {
  /** Makes the system assistants equal to the graphs that are served; others stay, so that their threads can be read. */
  seed(system: readonly SystemAssistant[]): Promise<void>;
  create(
    scope: Scope,
    assistant: Omit<AssistantRow, 'tenant' | 'version' | 'createdAt' | 'updatedAt'>,
    ifExists: 'raise' | 'do_nothing',
  ): Promise<AssistantRow>;
  get(scope: Scope, assistantId: string): Promise<AssistantRow | undefined>;
  search(scope: Scope, filter: AssistantFilter, paging: Paging): Promise<Page<AssistantRow>>;
  count(scope: Scope, filter: AssistantFilter): Promise<number>;
  /** Each patch is a new version. @throws ServedError `missing`; `conflict` for a system assistant's graph. */
  patch(scope: Scope, assistantId: string, patch: AssistantPatch): Promise<AssistantRow>;
  delete(scope: Scope, assistantId: string): Promise<void>;
  /** Newest first. */
  versions(scope: Scope, assistantId: string, options: Paging & { metadata?: Json | undefined }): Promise<readonly AssistantRow[]>;
  /** Makes an earlier version the current one. @throws ServedError `missing`. */
  setLatest(scope: Scope, assistantId: string, version: number): Promise<AssistantRow>;
}
