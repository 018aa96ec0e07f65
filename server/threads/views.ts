/** What LangGraph holds, in the words of its HTTP API. */
import { toError } from '../../domain/errors.ts';
import type { Json, ServedRun, ThreadRow } from '../../domain/served.ts';
import { toJson } from '../http/endpoint.ts';

export interface Configured {
  readonly configurable?: {
    readonly thread_id?: unknown;
    readonly checkpoint_id?: unknown;
    readonly checkpoint_ns?: unknown;
    readonly checkpoint_map?: unknown;
  };
}

/** The parts of LangGraph's StateSnapshot that clients see. */
export interface Snapshot {
  readonly values: unknown;
  readonly next: readonly string[];
  readonly tasks: readonly SnapshotTask[];
  readonly metadata?: unknown;
  readonly createdAt?: string | undefined;
  readonly config: Configured;
  readonly parentConfig?: Configured | undefined;
}

interface SnapshotTask {
  readonly id: string;
  readonly name: string;
  readonly path?: unknown;
  readonly error?: unknown;
  readonly interrupts?: readonly { readonly id?: string; readonly value?: unknown }[];
  readonly state?: unknown;
  readonly result?: unknown;
}

/** `checkpoint` of the API; null without a checkpoint. `taskOnly`: also without a checkpoint id. */
export function checkpointOf(config: unknown, taskOnly = false): Json | null {
  const found = (config as Configured | null | undefined)?.configurable; // any config
  if (found === undefined || typeof found.thread_id !== 'string') return null;
  if (typeof found.checkpoint_id !== 'string' && !taskOnly) return null;
  return {
    thread_id: found.thread_id,
    checkpoint_id: found.checkpoint_id ?? null,
    checkpoint_ns: found.checkpoint_ns || '',
    checkpoint_map: found.checkpoint_map ?? null,
  };
}

const isConfig = (value: unknown): value is Configured => typeof value === 'object' && value !== null && 'configurable' in value;
const isSnapshot = (value: unknown): value is Snapshot =>
  typeof value === 'object' && value !== null && 'values' in value && 'next' in value;

/** A checkpoint keeps of an error its name and its message. */
function errorText(error: unknown): string {
  if (error instanceof Error || typeof error !== 'object' || error === null) return toError(error).message;
  const { name, message } = error as { name?: unknown; message?: unknown }; // as the serializer wrote it
  return typeof message === 'string' ? `${typeof name === 'string' ? `${name}: ` : ''}${message}` : toError(error).message;
}

export function stateOf(snapshot: Snapshot): Json {
  return { ...innerStateOf(snapshot), interrupts: snapshot.tasks.flatMap((task) => task.interrupts ?? []) };
}

/** A subgraph's state, inside of its task: the questions stand at the tasks. */
function innerStateOf(snapshot: Snapshot): Json {
  return {
    values: snapshot.values,
    next: snapshot.next,
    tasks: snapshot.tasks.map((task) => ({
      id: task.id,
      name: task.name,
      path: task.path,
      error: task.error === undefined || task.error === null ? null : errorText(task.error),
      interrupts: task.interrupts ?? [],
      checkpoint: isConfig(task.state) ? (task.state.configurable ?? null) : null,
      state: isSnapshot(task.state) ? innerStateOf(task.state) : null,
      result: task.result ?? null,
    })),
    metadata: snapshot.metadata ?? {},
    created_at: snapshot.createdAt ?? null,
    checkpoint: checkpointOf(snapshot.config),
    parent_checkpoint: checkpointOf(snapshot.parentConfig),
  };
}

/** Task id -> its interrupts. */
export function interruptsOf(snapshot: Snapshot): Record<string, readonly unknown[]> {
  const waiting = snapshot.tasks.filter((task) => (task.interrupts ?? []).length > 0);
  return Object.fromEntries(waiting.map((task) => [task.id, task.interrupts ?? []]));
}

/** How a state leaves its thread, as the thread's row keeps it: its messages flat, nothing in it that only this process knows. */
export function standing(snapshot: Snapshot): {
  readonly values: unknown;
  readonly interrupts: Record<string, readonly unknown[]>;
  readonly paused: boolean;
} {
  const plain = JSON.parse(toJson({ values: snapshot.values ?? null, interrupts: interruptsOf(snapshot) })) as Pick<
    ReturnType<typeof standing>,
    'values' | 'interrupts'
  >; // written on this line
  return { ...plain, paused: snapshot.next.length > 0 };
}

export function threadView(thread: ThreadRow): Record<string, unknown> {
  return {
    thread_id: thread.threadId,
    created_at: thread.createdAt,
    updated_at: thread.updatedAt,
    state_updated_at: thread.stateUpdatedAt ?? thread.updatedAt,
    metadata: thread.metadata,
    config: thread.config,
    status: thread.status,
    values: thread.values,
    interrupts: thread.interrupts,
    error: thread.error,
  };
}

export function runView(run: ServedRun): Record<string, unknown> {
  return {
    run_id: run.runId,
    thread_id: run.threadId,
    assistant_id: run.assistantId,
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    status: run.status,
    metadata: run.metadata,
    kwargs: run.kwargs,
    multitask_strategy: run.multitask,
  };
}

/** `{ error, message }`, as the last event of a failed run has it. */
export function failureOf(thrown: unknown): { error: string; message: string } {
  const error = toError(thrown);
  return { error: error.name, message: error.message };
}

/** Picks members by name; undefined: all of them. */
export function selected(row: Record<string, unknown>, select: readonly string[] | undefined): Record<string, unknown> {
  if (select === undefined) return row;
  return Object.fromEntries(select.filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name]]));
}
