/** What the rooms ask of each other. Every port is async, so that another backend is only another folder. */
import type { AuditEntry, AuditRecord, AuditVerdict } from './audit.ts';
import type { Account, Amounts, Caps, Price, Refusal, Totals, Usage } from './budget.ts';
import type { Envelope, FileRef, Gate } from './handoff.ts';
import type { Picture, ToolResult } from './picture.ts';
import type { Role } from './roles.ts';
import type { RunStatus, StopReason } from './run.ts';
import type { Stage } from './stages.ts';
import type { Vote } from './vote.ts';

/** Time comes in from outside. */
export interface Clock {
  /** Milliseconds since 1970; may jump. For stamps only. */
  now(): number;
  /** Milliseconds that never go back. For waits and limits. */
  monotonic(): number;
}

/** Proof of holding a thread's lease; every write of a run carries it and is refused (`FencedError`) when it is stale. */
export interface Fence {
  readonly threadId: string;
  readonly epoch: number;
}

// ---------------------------------------------------------------- runs

/** What a thread is asked to do; written once, never changed. */
export interface RunInput {
  readonly goal: string;
  /** Absolute path of the repository. */
  readonly repo: string;
  readonly base: string;
  readonly starter: string;
  /** Digests that the run captured at its start (invariant 12). */
  readonly pipelineVersion: number;
  readonly configDigest: string;
}

export interface RunRow {
  readonly threadId: string;
  readonly input: RunInput;
  readonly status: RunStatus;
  readonly stage: Stage;
  readonly attempt: number;
  readonly reason: StopReason | null;
  /** The LangGraph interrupt the run waits on, when waiting. */
  readonly interruptId: string | null;
  readonly epoch: number;
  readonly lease: LeaseOwner | null;
  /** True while the lease has not run out and its process (where it can be asked) is alive. */
  readonly live: boolean;
  readonly cancelRequested: boolean;
  readonly machineMs: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The process that holds a lease. `startTicks` tells a reused pid apart (field 22 of /proc/<pid>/stat). */
export interface LeaseOwner {
  readonly host: string;
  readonly pid: number;
  readonly startTicks: number;
}

export interface Runs {
  /** Inserts; the same thread with the same input is a no-op, with another input a UsageError. */
  create(threadId: string, input: RunInput): Promise<RunRow>;
  get(threadId: string): Promise<RunRow | undefined>;
  /** Newest first. */
  list(): Promise<RunRow[]>;
  /** A full id, a unique prefix, or `last`. @throws UsageError naming the word and what matches. */
  resolve(word: string): Promise<RunRow>;
  /** Takes the lease with a higher epoch; a cancel that was asked for before is not about it. @param seen the epoch that was looked at. @throws UsageError `THREAD_BUSY` while another live process has it, or where one had it since. */
  acquire(threadId: string, seen?: number): Promise<Fence>;
  /** Extends the lease and books machine time. `lost` when fenced. */
  heartbeat(fence: Fence, machineMs: number): Promise<'held' | 'cancelled' | 'lost'>;
  release(fence: Fence): Promise<void>;
  update(fence: Fence, patch: Partial<Pick<RunRow, 'status' | 'stage' | 'attempt' | 'reason' | 'interruptId'>>): Promise<void>;
  /** Sets the flag that a live runner sees at its next heartbeat. */
  requestCancel(threadId: string): Promise<void>;
  /** Marks a run that no live process holds as cancelled. @throws UsageError `THREAD_BUSY` while one does. */
  markCancelled(threadId: string, reason: StopReason): Promise<void>;
}

/**
 * Attempt numbers, allocated by (thread, stage, inputs digest): a replay finds its own, a fork gets the next.
 * A pattern for the other ports: its store in `checkpoints/` speaks SQL, in one transaction, and a write of a run asserts its fence.
 * @example
 * ```ts
 * export function createAttempts(sql: Sql): Attempts {
 *   return { allocate: async (fence, stage, inputs) => sql.write(() => allocate(fence, stage, inputs)) };
 * }
 *
 * function* allocate(fence: Fence, stage: string, inputs: string): Transaction<number> {
 *   yield* assertFence(fence);
 *   const found = yield* one<{ number: number }>('SELECT number FROM attempts WHERE ...', [fence.threadId, stage, inputs]);
 *   return found?.number ?? (yield* insertNext(fence.threadId, stage, inputs));
 * }
 * ```
 */
export interface Attempts {
  allocate(fence: Fence, stage: string, inputsDigest: string): Promise<number>;
}

// ---------------------------------------------------------------- effects: journal + ledger + transcript + audit

/** A message of a transcript, in our own words. */
export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls: readonly ToolCall[]; readonly opaque?: Opaque | undefined }
  | ToolResult;

/**
 * What requests leave out from this row on, decided once and recorded, so that a request stays a pure function of the rows. No
 * request holds it; `nodes/context.ts` renders it.
 */
export interface Compaction {
  readonly role: 'compaction';
  /** What stands in for the steps that are left out; empty where none are. */
  readonly content: string;
  /** The rows that stay, by their place from the root: from `from`, with results as pointers up to `whole`. Null: as it was. */
  readonly kept: { readonly from: number; readonly whole: number } | null;
  /** Longest result of the newest step, in bytes of JSON; null: all of them are whole. */
  readonly resultBytes: number | null;
  /** Pictures of rows before this place from the root are told in words. */
  readonly picturesFrom?: number | undefined;
}

/** What only its provider can read (reasoning, signatures): given back unchanged to the same origin, dropped for another. */
export interface Opaque {
  /** The `origin` of the model that wrote it. */
  readonly origin: string;
  /** JSON, in the words of its dialect. */
  readonly content: unknown;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** The raw argument text; parsed by the tool door, never trusted. */
  readonly arguments: string;
}

/** A row of the content-addressed transcript chain. `id` = digest of (parent, agent, message). */
export interface TranscriptRow<Message extends ChatMessage | Compaction = ChatMessage | Compaction> {
  readonly id: string;
  readonly parent: string | null;
  readonly agent: string;
  readonly message: Message;
}

/** What identifies an effect. `key` = digest of (thread, stage, attempt, agent, parent head, ordinal, kind). */
export interface EffectId {
  readonly key: string;
  readonly kind: 'model' | 'fallback' | 'compaction' | 'told' | 'tool' | 'agent' | 'merge' | 'setup' | 'deploy' | 'verify' | 'rollback';
  readonly stage: string;
  readonly attempt: number;
  readonly agent: string;
  readonly role: Role | 'governor';
  /** Digest of the request; on a mismatch the recorded answer is returned and audited. */
  readonly requestHash: string;
}

/** What is asked of the ledger before an effect. All accounts or none. */
export interface Reservation {
  readonly accounts: readonly Account[];
  readonly amounts: Amounts;
  /** Who is asked and at which price, kept beside the amounts; of a model call only. */
  readonly model?: string;
  readonly price?: Price;
}

export type EffectStart =
  /** Never seen, or failed before: go on. */
  | { readonly kind: 'go'; readonly tries: number }
  /** It was started and never finished: the process died in it. Its reservation is now booked as spent. */
  | { readonly kind: 'interrupted'; readonly tries: number; readonly before: string | null }
  /** Its answer is recorded: use it, pay nothing. */
  | {
      readonly kind: 'done';
      readonly result: string;
      readonly before: string | null;
      readonly after: string | null;
      readonly requestDiffers: boolean;
    }
  /** The ledger said no; nothing was written but the audit record. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface Effects {
  /**
   * In one transaction: looks the effect up; books an orphaned reservation as spent; reserves by one guarded statement an
   * account; marks it started; appends `audit`. `before` is the state to come back to (a tree id).
   */
  start(fence: Fence, effect: EffectId, options: { reserve?: Reservation; before?: string; audit?: AuditEntry }): Promise<EffectStart>;
  /**
   * In one transaction: marks it done with its result, settles the reservation to `actual` (which may exceed it), inserts
   * transcript rows if absent, appends the audit entries. What is `repeatable` a power cut may take back until the next effect starts.
   */
  finish(
    fence: Fence,
    key: string,
    outcome: {
      result: string;
      after?: string;
      actual?: Amounts;
      rows?: readonly TranscriptRow[];
      audit?: readonly AuditEntry[];
      repeatable?: boolean;
    },
  ): Promise<void>;
  /**
   * For what changes nothing and is repeatable: `start` and `finish` in one transaction, after it was done. What `outcome` says is
   * recorded where the answer is `go` or `interrupted`; else it is thrown away for what was recorded before, or for the refusal.
   */
  once(
    fence: Fence,
    effect: EffectId,
    reservation: Reservation,
    outcome: { result: string; actual: Amounts; rows: readonly TranscriptRow[]; audit: readonly AuditEntry[] },
  ): Promise<EffectStart>;
  /** The effect failed for good or before a retry: settles to `actual`, so that a later start is a new try. */
  fail(fence: Fence, key: string, outcome: { actual: Amounts; audit?: readonly AuditEntry[] }): Promise<void>;
  /** What is recorded of an effect. */
  peek(key: string): Promise<RecordedEffect | undefined>;
  /** Of several, at one moment; in the order of the keys. */
  peekAll(keys: readonly string[]): Promise<(RecordedEffect | undefined)[]>;
}

export interface RecordedEffect {
  readonly state: 'started' | 'done' | 'failed';
  /** Of one that is done. */
  readonly result: string | null;
  /** The state to come back to. */
  readonly before: string | null;
}

export interface Transcripts {
  /** Inserts rows if absent. */
  append(fence: Fence, rows: readonly TranscriptRow[]): Promise<void>;
  /** From the root to `head`. @throws StopError `STATE_TAMPERED` when a row is missing or its id does not match. */
  chain(threadId: string, head: string): Promise<TranscriptRow[]>;
}

export interface SpendLine {
  readonly role: string;
  readonly agent: string;
  readonly stage: string;
  readonly attempt: number;
  readonly amounts: Amounts;
  /** Booked as spent because the process died in the call. */
  readonly orphaned: boolean;
}

/** One reservation and what came of it; a call that was tried again has several. */
export interface CallLine extends Omit<SpendLine, 'amounts'> {
  /** The journal key of the effect. */
  readonly effect: string;
  /** What was reserved before it; null in the rows of earlier versions. */
  readonly reserved: Amounts | null;
  /** What it was settled to; null while it is in flight. */
  readonly settled: Amounts | null;
  /** Null where no model was asked, and in the rows of earlier versions. */
  readonly model: string | null;
  /** The price it was reserved and settled at. */
  readonly price: Price | null;
}

export interface Ledger {
  /** Settled, reserved and caps of an account; zeros where it was never used. */
  totals(threadId: string, account: string): Promise<Totals & { caps: Caps }>;
  /** Sums by role, agent, stage and attempt. */
  lines(threadId: string): Promise<SpendLine[]>;
  /** Every reservation in the order they were made; the caps of calls bound how many. */
  calls(threadId: string): Promise<CallLine[]>;
  /** Creates the account if absent; existing caps stay. */
  open(fence: Fence, account: Account): Promise<void>;
  /** Adds to the caps, once per `id` (an approval id). */
  extend(fence: Fence, account: string, id: string, by: Caps): Promise<void>;
  /** Books what earlier epochs left reserved as spent, once; how many reservations that were. */
  bookOrphans(fence: Fence): Promise<number>;
}

// ---------------------------------------------------------------- approvals

/** What exactly is decided on; every value a digest or an id. `digest` covers the others. */
export type Subject = Readonly<Record<string, string>> & { readonly digest: string };

export type ApprovalStatus = 'pending' | 'approved' | 'edited' | 'rejected' | 'void';

export interface ApprovalRow {
  readonly id: string;
  readonly threadId: string;
  readonly gate: Gate;
  /** How often this very subject has come to this gate, from 1. */
  readonly round: number;
  readonly subject: Subject;
  /** What is needed: the strictest of all rules that apply. */
  readonly required: { readonly role: string; readonly min: number; readonly notStarter: boolean };
  /** What a person is shown: at most 2 KB of JSON. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly status: ApprovalStatus;
  readonly votes: readonly Vote[];
  /** ISO; when the last needed vote came. */
  readonly decidedAt: string | null;
  /** The release key it was used for; single use. */
  readonly usedBy: string | null;
  readonly createdAt: string;
}

export interface Approvals {
  /** Opens round 1, or the next one when the newest is void; else returns the newest. Idempotent. */
  open(row: Omit<ApprovalRow, 'id' | 'round' | 'status' | 'votes' | 'decidedAt' | 'usedBy' | 'createdAt'>): Promise<ApprovalRow>;
  get(id: string): Promise<ApprovalRow | undefined>;
  /** The newest round of this subject at this gate. */
  newest(threadId: string, gate: Gate, subjectDigest: string): Promise<ApprovalRow | undefined>;
  list(filter: { threadId?: string; status?: ApprovalStatus }): Promise<ApprovalRow[]>;
  /**
   * Adds one vote; in the same transaction decides when enough different people voted, and audits. A rejection decides at once.
   * @throws UsageError when not pending, when the subject differs, when this person voted already.
   */
  vote(id: string, subjectDigest: string, vote: Vote): Promise<ApprovalRow>;
  /** Voids pending rows of a thread (cancel), or one given row that no release has used (expiry). */
  void(threadId: string, id?: string): Promise<void>;
  /** Marks an approval as used for a release, once: false when it was used for another or is not given. Idempotent for the same key. */
  use(fence: Fence, id: string, key: string): Promise<boolean>;
}

export interface Audit {
  /** With `allowed` nothing is appended where it throws of what the thread was given after a record; no other writer comes between. */
  append(entry: AuditEntry, allowed?: { readonly afterSeq: number; readonly by: (newer: readonly AuditRecord[]) => void }): Promise<void>;
  read(options: { threadId?: string; afterSeq?: number; limit?: number; action?: AuditEntry['action'] }): Promise<AuditRecord[]>; // `action`: of one thread
  home(): Promise<string | undefined>; // its first seal, which outlives backup and restore
  verify(): Promise<AuditVerdict>;
  /** All records of a thread. @throws StopError `STATE_TAMPERED` naming the first that its chain, seals or signatures do not bear out. */
  proven(threadId: string): Promise<AuditRecord[]>;
  /** @throws StopError `STATE_TAMPERED` when the database lacks records whose head was written beside it. */
  assertTail(): Promise<void>;
}

/** The run's folder. Paths are relative to it; every write is temporary name, fsync, rename. */
export interface Dossier {
  /** Absolute path of a run's folder. */
  folder(threadId: string): string;
  /** Writes canonical pretty JSON; returns its reference. */
  writeJson(threadId: string, path: string, envelope: Envelope): Promise<FileRef>;
  writeText(threadId: string, path: string, text: string | Uint8Array): Promise<FileRef>;
  /** Undefined when absent. */
  read(threadId: string, path: string): Promise<{ bytes: Buffer; ref: FileRef } | undefined>;
  /** Reads and checks a pointer. @throws StopError `HANDOFF_MISSING` or `STATE_TAMPERED` naming path and digests. */
  readVerified(threadId: string, ref: FileRef): Promise<Envelope>;
  /** All files, sorted, with sizes in bytes. */
  list(threadId: string): Promise<{ path: string; bytes: number }[]>;
}

// ---------------------------------------------------------------- models

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolSpec[];
  readonly maxOutputTokens: number;
  /** The `x-governor-*` headers (`docs/contract.md`, "What a model sees"); the script provider finds its reply by them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ChatAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** As reported; not yet believed. */
  readonly usage: Partial<Usage> | undefined;
  readonly finish: 'stop' | 'tool_calls' | 'length' | 'refusal';
  /** What the provider wants back with this answer. */
  readonly opaque?: Opaque | undefined;
  /** True for canned replies; labelled everywhere. */
  readonly canned: boolean;
}

/** One model behind one endpoint. No retries, no budget: those are the model door's. */
export interface ChatModel {
  readonly provider: string;
  readonly model: string;
  /** Dialect, address and model in one line: two models of one origin read the same opaque content and count the same tokens. */
  readonly origin: string;
  /** The model's window in tokens, input and output together. */
  readonly contextTokens: number;
  /** Longest wait for one answer, in ms. */
  readonly timeoutMs: number;
  /** The most tokens that a picture takes; undefined: this one cannot be shown. Absent: the model sees none. */
  readonly sight?: (picture: Picture) => number | undefined;
  /** An upper bound of the input tokens of a request of which nothing is known. */
  countInput(request: Pick<ChatRequest, 'messages' | 'tools'>): number;
  /** `onText` hears the text of the answer as it comes, where the endpoint streams. @throws ProviderError classified; StopError `SCRIPT_MISS`. */
  complete(request: ChatRequest, signal: AbortSignal, onText?: (piece: string) => void): Promise<ChatAnswer>;
}
