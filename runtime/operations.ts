/** What a person can do with runs: the one surface of this room, which command line and server call. */
import type { AuditRecord, AuditVerdict } from '../domain/audit.ts';
import type { LogEvent } from '../domain/log.ts';
import type { Person } from '../domain/policy.ts';
import type { ApprovalRow, RunRow } from '../domain/ports.ts';
import type { RunResult } from '../domain/run.ts';
import type { Canary } from '../domain/workspace.ts';
import { cancel } from './decide/cancel.ts';
import { decide } from './decide/decide.ts';
import { recordFork } from './decide/forks.ts';
import { rollback } from './decide/rollback.ts';
import { tell, toldOf } from './decide/tell.ts';
import { sharedText } from './drive/live-file.ts';
import { announceServer, withdrawServer } from './drive/presence.ts';
import { watchServer } from './drive/watch-server.ts';
import { collect } from './keep/gc.ts';
import { doctor } from './look/doctor.ts';
import { explainText } from './look/explain.ts';
import { follow } from './look/follow.ts';
import { followLog, type LogFollower } from './look/follow-log.ts';
import { diffOf, fileOf, gateOf } from './look/gate.ts';
import { type LogOptions, logOf, openLog } from './look/log.ts';
import { verifyAudit } from './look/older-home.ts';
import { listOf, resultOf } from './look/result.ts';
import type {
  Created,
  CreateOptions,
  DecideOptions,
  DoctorLine,
  DriveOptions,
  GateView,
  LiveText,
  LogReader,
  OpenOptions,
  ResumeOptions,
  TellOptions,
  ToldView,
} from './options.ts';
import { openRuntime, type Runtime } from './runtime.ts';
import { createThread } from './start/create.ts';

/** A thread: its id, the beginning of it, `last`, or its row where that has been read already. */
export type ThreadWord = string | RunRow;

export interface Operations {
  readonly home: string;
  readonly person: Person;
  create(options: CreateOptions): Promise<Created>;
  /** Takes the lease and runs until the thread rests: released, unchanged, waiting, stopped or cancelled. */
  drive(threadId: string, options?: DriveOptions): Promise<RunResult>;
  /** As `drive`, for who looks at the thread itself afterwards. @throws UsageError `THREAD_BUSY`; FencedError. */
  bringToRest(threadId: string, options: DriveOptions): Promise<void>;
  /** What it does in each state stands in docs/contract.md, "What each command does in each state". */
  resume(word: string, options?: ResumeOptions): Promise<RunResult>;
  /** After a decision: a live server of this home goes on with the thread and this process watches, else as `resume`. */
  goOn(word: string, options?: DriveOptions): Promise<RunResult>;
  /** Records a decision; does not run the thread. @throws UsageError where there is nothing to decide, or not by this person. */
  decide(word: ThreadWord, options: DecideOptions): Promise<ApprovalRow>;
  /** Says something to the agents at work; approves nothing. @throws UsageError where nobody would hear it. */
  tell(word: ThreadWord, options: TellOptions): Promise<ToldView>;
  /** Everything that was said so, oldest first, with who has heard it. */
  told(word: ThreadWord): Promise<ToldView[]>;
  /** Records that a thread was set back to a checkpoint: its agents are asked anew from there on. */
  forked(threadId: string, checkpoint: string): Promise<void>;
  cancel(word: ThreadWord): Promise<RunResult>;
  rollback(word: ThreadWord, reason: string): Promise<RunResult>;
  result(word: ThreadWord): Promise<RunResult>;
  /** True while a process holds the thread. */
  isLive(word: ThreadWord): Promise<boolean>;
  /** Newest first; of the given rows, else of all. */
  list(rows?: readonly RunRow[]): Promise<RunResult[]>;
  pending(): Promise<ApprovalRow[]>;
  /** Undefined when the thread waits for nobody. */
  gate(word: ThreadWord): Promise<GateView | undefined>;
  /** One screen. */
  explain(word: ThreadWord): Promise<string>;
  /** The candidate against its base; empty without a candidate. */
  diff(word: ThreadWord): Promise<string>;
  files(word: ThreadWord): Promise<{ path: string; bytes: number }[]>;
  /** The text of one dossier file. */
  file(word: ThreadWord, path: string): Promise<string>;
  /** Calls back for each audit record of a thread, old ones first, until the signal aborts. Polls every 150 ms. */
  follow(threadId: string, onRecord: (record: AuditRecord) => void, signal: AbortSignal): Promise<void>;
  /** What its agents said and did, oldest first. @throws UsageError for an agent that the thread does not have. */
  log(word: ThreadWord, options?: LogOptions): Promise<LogEvent[]>;
  /** The same, piece by piece. */
  openLog(threadId: string): Promise<LogReader>;
  /** The same as it is written, until the thread ends or waits, nobody runs it, or the follower leaves. Polls every 200 ms. */
  followLog(word: ThreadWord, follower: LogFollower): Promise<'rested' | 'left' | 'dead'>;
  /** What its agents are writing just now, whatever process drives it. */
  writing(threadId: string): readonly LiveText[];
  audit(word?: string): Promise<AuditRecord[]>;
  verifyAudit(): Promise<AuditVerdict>;
  /** Removes work trees of ended threads, and by age their checkpoints, journal, transcripts and refs. */
  gc(olderMs: number | undefined): Promise<{ workTrees: number; threads: number; refs: number; streams: number }>;
  backup(file: string): Promise<{ bytes: number }>;
  doctor(repo: string | undefined): Promise<{ lines: DoctorLine[]; canaries: Canary[]; sandbox: string }>;
  /** A server works on this home: the command line leaves decided threads to it. To be said again every second. */
  announceServer(): void;
  withdrawServer(): void;
  close(): Promise<void>;
}

/** Opens a home with everything in it. @throws UsageError when the home or its files cannot be used. */
export async function openOperations(options: OpenOptions): Promise<Operations> {
  return operationsOf(await openRuntime(options));
}

/** The operations of a home that is open; `person` is who acts, by default the home's own: a server acts for its callers. */
export function operationsOf(home: Runtime, person: Person = home.person): Operations {
  const runtime = { ...home, person };
  const { stores } = runtime;
  const find = async (word: ThreadWord): Promise<RunRow> => (typeof word === 'string' ? stores.runs.resolve(word) : word);
  const result = async (word: ThreadWord) => resultOf(runtime, await find(word));
  return {
    home: runtime.home,
    person,
    create: (create) => createThread(runtime, create),
    drive: async (threadId, drives = {}) => {
      const { drive } = await driving();
      await drive(runtime, threadId, drives);
      return result(threadId);
    },
    bringToRest: async (threadId, drives) => (await driving()).drive(runtime, threadId, drives),
    resume: async (word, resumes = {}) => (await driving()).resume(runtime, word, resumes),
    goOn: (word, drives = {}) => goOn(runtime, word, drives),
    decide: async (word, decision) => decide(runtime, await find(word), decision),
    tell: async (word, said) => tell(runtime, await find(word), said),
    told: async (word) => toldOf(runtime, await find(word)),
    forked: (threadId, checkpoint) => recordFork(runtime, threadId, checkpoint),
    cancel: async (word) => {
      const row = await find(word);
      await cancel(runtime, row);
      return result(row.threadId);
    },
    rollback: async (word, reason) => {
      const row = await find(word);
      await rollback(runtime, row, reason);
      return result(row.threadId);
    },
    result,
    isLive: async (word) => (await find(word)).live,
    list: (rows) => listOf(runtime, rows),
    pending: () => stores.approvals.list({ status: 'pending' }),
    gate: async (word) => gateOf(runtime, await find(word)),
    explain: async (word) => explainText(runtime, await find(word)),
    diff: async (word) => diffOf(runtime, await find(word)),
    files: async (word) => stores.dossier.list((await find(word)).threadId),
    file: async (word, path) => fileOf(runtime, await find(word), path),
    follow: (threadId, onRecord, signal) => follow(runtime, threadId, onRecord, signal),
    log: async (word, options = {}) => logOf(runtime, await find(word), options),
    openLog: async (threadId) => openLog(runtime, await find(threadId)),
    followLog: async (word, follower) => followLog(runtime, await find(word), follower),
    writing: (threadId) => sharedText(runtime, threadId),
    audit: async (word) => stores.audit.read(word === undefined ? {} : { threadId: (await find(word)).threadId }),
    verifyAudit: () => verifyAudit(runtime),
    gc: (olderMs) => collect(runtime, olderMs),
    backup: (file) => stores.backup(file),
    doctor: (repo) => doctor(runtime, repo),
    announceServer: () => announceServer(runtime),
    withdrawServer: () => withdrawServer(runtime),
    close: async () => stores.close(),
  };
}

/** Loaded by the first thread that is run, with LangGraph: whoever only looks or decides waits for neither. */
const driving = async () => ({ ...(await import('./drive/drive.ts')), ...(await import('./drive/resume.ts')) });

async function goOn(runtime: Runtime, word: string, options: DriveOptions): Promise<RunResult> {
  const { runs, approvals } = runtime.stores;
  const row = await runs.resolve(word);
  const pending = await approvals.list({ threadId: row.threadId, status: 'pending' });
  const watched = pending.length === 0 && row.status === 'waiting' && !row.live && (await watchServer(runtime, row, options));
  return watched ? resultOf(runtime, await runs.resolve(row.threadId)) : (await driving()).resume(runtime, row.threadId, options);
}
