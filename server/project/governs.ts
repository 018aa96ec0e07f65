/**
 * What a graph brings that keeps a record of its threads: generic code asks it before a run is put, and in place of running, editing and
 * showing by itself. It knows nothing of what is recorded.
 */
import type { StreamMode } from '@langchain/langgraph';
import type { Json, Scope, ServedRun } from '../../domain/served.ts';
import type { StreamChunk } from '../../runtime/options.ts';
import type { RunCreate } from '../api/schemas.ts';
import type { Caller } from '../auth/caller.ts';
import type { OwnEvents } from '../protocol/convert.ts';
import type { Snapshot } from '../threads/views.ts';

/** What a client asks of a thread before its run is put. */
export interface GovernedAsk {
  readonly threadId: string;
  /** A stateless run: the thread is made for it. */
  readonly temporary: boolean;
  readonly body: Omit<RunCreate, 'assistant_id'>;
  /** Default: the caller's tenant. */
  readonly scope?: Scope;
  /** Default: the governor. */
  readonly graphId?: string;
  /** Of a thread that is made here. */
  readonly metadata?: Json;
}

export interface GovernedOptions {
  /** Cancels: the thread ends `cancelled`, resumable. A `FencedError` as its reason only lets go. */
  readonly signal: AbortSignal;
  /** Stops at the next checkpoint; the run is to be given back. */
  readonly drain: AbortSignal;
  readonly modes: readonly StreamMode[];
  readonly subgraphs: boolean;
  readonly interruptBefore?: readonly string[] | '*' | undefined;
  readonly interruptAfter?: readonly string[] | '*' | undefined;
  emit(chunk: StreamChunk): Promise<void>;
  /** Where the mode `events` was asked for: writes one of them. */
  readonly event?: ((data: unknown) => Promise<void>) | undefined;
}

export interface GovernedEnd {
  readonly status: 'success' | 'interrupted' | 'error';
  readonly values: unknown;
  /** Task id -> what it waits for. */
  readonly interrupts: Readonly<Record<string, readonly unknown[]>>;
  readonly error: { readonly error: string; readonly message: string } | null;
  /** True when it stopped for the drain: give the run back, it is not done. */
  readonly drained: boolean;
}

export interface StateEdit {
  readonly values?: unknown;
  readonly asNode?: string | undefined;
  readonly goto?: string | undefined;
  /** Another than the newest: a fork. */
  readonly checkpointId?: string | undefined;
}

export interface Governs {
  /** What it gives lies over the kwargs of the run. @throws Problem for what this thread cannot be asked now. */
  admit(caller: Caller, ask: GovernedAsk): Promise<{ readonly kwargs: Json }>;
  /** Runs a served run of its thread to rest. @throws FencedError when the lease of the run or of the thread was lost. */
  run(run: ServedRun, options: GovernedOptions): Promise<GovernedEnd>;
  /** One a run: what it says of its own in the events of protocol v2. */
  protocolEvents(): OwnEvents;
  /** @throws Problem 403 */
  assertEditable(caller: Caller, threadId: string): Promise<void>;
  /** Writes a checkpoint, and gives it in the words of the API. Nothing runs. */
  edit(caller: Caller, threadId: string, edit: StateEdit): Promise<Json | null>;
  /** The newest state. @throws StopError `STATE_TAMPERED` */
  latest(threadId: string): Promise<Snapshot>;
  /** How clients see the states of a thread, as its records stand now; `brief`: without what was said at its gates. */
  shown(threadId: string, brief?: boolean): Promise<(snapshot: Snapshot) => Snapshot>;
  /** A client marks the thread as resolved: it is cancelled, and nothing waits. @throws Problem 403, 404, 409. */
  resolve(caller: Caller, scope: Scope, threadId: string): Promise<{ readonly checkpoint: Json | null; readonly detail: string }>;
}
