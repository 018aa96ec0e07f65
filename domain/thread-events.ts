/** The events of a thread over all its runs, as protocol v2 tells them (`docs/protocol.md`): dense numbers that go on for as long as it lives. */

/** What a client can ask for; a named one (`custom:<name>`) is a part of `custom`. */
/** How long events of an ended run are kept, in ms. */
export const KEEP_EVENTS_MS = 3600 * 1000;

export const CHANNELS = ['values', 'updates', 'messages', 'tools', 'lifecycle', 'input', 'tasks', 'checkpoints', 'custom'] as const;
export type Channel = (typeof CHANNELS)[number];

export interface NewThreadEvent {
  readonly channel: Channel;
  /** Of an event of `custom` that has a name. */
  readonly name?: string | undefined;
  /** `input.requested` is of the channel `input`; most methods are their channel. */
  readonly method: string;
  readonly namespace: readonly string[];
  /** JSON text of `{ namespace, timestamp, node?, data }`. */
  readonly params: string;
}

export interface ThreadEvent extends NewThreadEvent {
  /** Dense, from 1, over all runs of the thread; also its `event_id`. */
  readonly seq: number;
}

export interface ReadThreadEvents {
  /** Strictly after; 0: from the start. */
  readonly after: number;
  /** Up to and with. */
  readonly through: number;
  readonly channels: readonly Channel[];
  /** Of this run alone. */
  readonly runId?: string | undefined;
  readonly limit: number;
  /** About so many characters of `params`; one event always fits. */
  readonly maxCharacters: number;
}

/** Who writes: a run, under the lease of its thread. */
interface Writer {
  readonly runId: string;
  readonly threadId: string;
  readonly epoch: number;
}

export interface ThreadEvents {
  /** The thread keeps at most `mostCharacters` of `params`: the oldest go. @returns the last number. @throws FencedError when the lease is stale. */
  append(lease: Writer, events: readonly NewThreadEvent[], mostCharacters: number): Promise<number>;
  read(threadId: string, what: ReadThreadEvents): Promise<readonly ThreadEvent[]>;
  /** The last number of each thread that has one, also where its event is gone. */
  lasts(threadIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Is there an event of this run? */
  has(runId: string): Promise<boolean>;
  /**
   * Deletes the events of runs that ended before `before` (ISO), at most of `limit` runs. What a thread waits for, and that it waits,
   * stays until a later run has ended.
   */
  prune(before: string, limit: number): Promise<number>;
}

/** Of a run that was taken from the queue before it began. `at` is ms since 1970. */
export const neverBegan = (at: number): NewThreadEvent => ({
  channel: 'lifecycle',
  method: 'lifecycle',
  namespace: [],
  params: JSON.stringify({ namespace: [], timestamp: at, data: { event: 'interrupted' } }),
});
