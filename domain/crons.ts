/** Crons: runs that are put again and again by a schedule, each tick once, as whoever made the cron. */
import type { CronTick } from './cron-tick.ts';
import type { Json, Page, Paging, Scope } from './served.ts';

/** What became of the newest tick. */
export interface CronLast {
  /** The moment that the schedule names, ISO. */
  readonly tick: string;
  /** When it was made, ISO. */
  readonly at: string;
  readonly runId?: string;
  readonly threadId?: string;
  /** Why there is no run. */
  readonly error?: { readonly error: string; readonly message: string };
}

export interface CronRow {
  readonly cronId: string;
  readonly tenant: string;
  /** The principal that its runs are made as. */
  readonly owner: string;
  /** How the server knows that principal again; shown to nobody. */
  readonly caller: Json;
  /** Null: each tick has a thread of its own. */
  readonly threadId: string | null;
  readonly assistantId: string;
  readonly graphId: string;
  readonly schedule: string;
  /** IANA name; null: UTC. */
  readonly timezone: string | null;
  /** Ms since 1970 after which nothing ticks. */
  readonly endAt: number | null;
  readonly enabled: boolean;
  readonly onRunCompleted: 'delete' | 'keep' | null;
  /** What each run is put with. */
  readonly payload: Json;
  readonly metadata: Json;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The next tick, in ms since 1970; null: none comes. */
  readonly dueAt: number | null;
  readonly last: CronLast | null;
}

export type NewCron = Omit<CronRow, 'createdAt' | 'updatedAt' | 'last'>;

/** Members that a change may change. */
export type CronPatch = Partial<
  Pick<
    CronRow,
    'owner' | 'caller' | 'schedule' | 'timezone' | 'endAt' | 'enabled' | 'onRunCompleted' | 'payload' | 'metadata' | 'dueAt' | 'graphId'
  >
>;

export interface CronFilter {
  readonly assistantId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly metadata?: Json | undefined;
}

export interface Crons {
  /** @throws ServedError `conflict` where there are as many as `most` of this owner, or of all. */
  create(cron: NewCron, most: { readonly perOwner: number; readonly all: number }): Promise<CronRow>;
  get(scope: Scope, cronId: string): Promise<CronRow | undefined>;
  search(scope: Scope, filter: CronFilter, paging: Paging): Promise<Page<CronRow>>;
  count(scope: Scope, filter: CronFilter): Promise<number>;
  /** @throws ServedError `missing`. */
  patch(scope: Scope, cronId: string, patch: CronPatch): Promise<CronRow>;
  /** @throws ServedError `missing`. */
  delete(scope: Scope, cronId: string): Promise<void>;
  /** Of any tenant, the longest due first: what nobody has begun a tick of. */
  due(limit: number): Promise<readonly CronRow[]>;
  /** True for one process alone: it makes the run of this tick. `nextMs` is due after it. */
  begin(cron: CronRow, tickMs: number, nextMs: number | null): Promise<boolean>;
  /** Ticks that were begun by a process that died, or took too long: they are this process's now. Those of `atWork` it still makes: it keeps them. */
  takeOver(limit: number, atWork?: readonly string[]): Promise<readonly (CronTick & { readonly cron: CronRow })[]>;
  /** The tick has no run. False where it is no longer this process's. Where it has one, the queue says so with the run (`NewRun.tick`). */
  refuse(tick: CronTick, error: NonNullable<CronLast['error']>): Promise<boolean>;
  /** Ms until a tick is due, or may be taken over; undefined: none. */
  nextDueMs(): Promise<number | undefined>;
}
