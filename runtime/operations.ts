/** What a person can do with runs: the one surface that the CLI and the server call. */
import type { AuditRecord, AuditVerdict } from '../domain/audit.ts';
import type { Person } from '../domain/policy.ts';
import type { ApprovalRow } from '../domain/ports.ts';
import type { RunResult } from '../domain/run.ts';
import type { Canary } from '../domain/workspace.ts';
import { cancel } from './decide/cancel.ts';
import { decide } from './decide/decide.ts';
import { rollback } from './decide/rollback.ts';
import { drive } from './drive/drive.ts';
import { resume } from './drive/resume.ts';
import { watchServer } from './drive/watch-server.ts';
import { collect } from './keep/gc.ts';
import { doctor } from './look/doctor.ts';
import { explainText } from './look/explain.ts';
import { follow } from './look/follow.ts';
import { diffOf, fileOf, gateOf } from './look/gate.ts';
import { listOf, resultOf } from './look/result.ts';
import type { Created, CreateOptions, DecideOptions, DoctorLine, DriveOptions, GateView, OpenOptions, ResumeOptions } from './options.ts';
import { openRuntime, type Runtime } from './runtime.ts';
import { createThread } from './start/create.ts';

export interface Operations {
  readonly home: string;
  readonly person: Person;
  create(options: CreateOptions): Promise<Created>;
  /** Takes the lease and runs until the thread rests: released, unchanged, waiting, stopped or cancelled. */
  drive(threadId: string, options?: DriveOptions): Promise<RunResult>;
  /** Goes on, where the state allows it: `docs/contract.md`, "What each command does in each state". */
  resume(word: string, options?: ResumeOptions): Promise<RunResult>;
  /** After a decision: a live server of this home goes on with the thread and this process watches, else as `resume`. */
  goOn(word: string, options?: DriveOptions): Promise<RunResult>;
  /** Records a decision; does not run the thread. @throws UsageError in a state that takes no decision. */
  decide(word: string, options: DecideOptions): Promise<ApprovalRow>;
  cancel(word: string): Promise<RunResult>;
  rollback(word: string, reason: string): Promise<RunResult>;
  result(word: string): Promise<RunResult>;
  /** True while a process holds the thread. */
  isLive(word: string): Promise<boolean>;
  /** Newest first. */
  list(): Promise<RunResult[]>;
  pending(): Promise<ApprovalRow[]>;
  /** Undefined when the thread waits for nobody. */
  gate(word: string): Promise<GateView | undefined>;
  /** One screen. */
  explain(word: string): Promise<string>;
  /** The candidate against its base; empty without a candidate. */
  diff(word: string): Promise<string>;
  files(word: string): Promise<{ path: string; bytes: number }[]>;
  /** The text of one dossier file. */
  file(word: string, path: string): Promise<string>;
  /** Calls back for each audit record of a thread, old ones first, until the signal aborts. Polls every 150 ms. */
  follow(threadId: string, onRecord: (record: AuditRecord) => void, signal: AbortSignal): Promise<void>;
  audit(word?: string): Promise<AuditRecord[]>;
  verifyAudit(): Promise<AuditVerdict>;
  /** Removes work trees of ended threads, and by age their checkpoints, journal, transcripts and refs. */
  gc(olderMs: number | undefined): Promise<{ workTrees: number; threads: number; refs: number }>;
  backup(file: string): Promise<{ bytes: number }>;
  doctor(repo: string | undefined): Promise<{ lines: DoctorLine[]; canaries: Canary[]; sandbox: string }>;
  close(): Promise<void>;
}

/** Opens a home with everything in it. @throws UsageError when the home or its files cannot be used. */
export async function openOperations(options: OpenOptions): Promise<Operations> {
  return operationsOf(await openRuntime(options));
}

/** The operations of a home that is open. */
export function operationsOf(runtime: Runtime): Operations {
  const { stores } = runtime;
  const find = (word: string) => stores.runs.resolve(word);
  const result = async (word: string) => resultOf(runtime, await find(word));
  return {
    home: runtime.home,
    person: runtime.person,
    create: (create) => createThread(runtime, create),
    drive: async (threadId, drives = {}) => {
      await drive(runtime, threadId, drives);
      return result(threadId);
    },
    resume: (word, resumes = {}) => resume(runtime, word, resumes),
    goOn: async (word, options = {}) => {
      const row = await find(word);
      const pending = await stores.approvals.list({ threadId: row.threadId, status: 'pending' });
      const watched = pending.length === 0 && row.status === 'waiting' && !row.live && (await watchServer(runtime, row, options));
      return watched ? result(row.threadId) : resume(runtime, row.threadId, options);
    },
    decide: async (word, decision) => decide(runtime, await find(word), decision),
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
    list: () => listOf(runtime),
    pending: () => stores.approvals.list({ status: 'pending' }),
    gate: async (word) => gateOf(runtime, await find(word)),
    explain: async (word) => explainText(runtime, await find(word)),
    diff: async (word) => diffOf(runtime, await find(word)),
    files: async (word) => stores.dossier.list((await find(word)).threadId),
    file: async (word, path) => fileOf(runtime, await find(word), path),
    follow: (threadId, onRecord, signal) => follow(runtime, threadId, onRecord, signal),
    audit: async (word) => stores.audit.read(word === undefined ? {} : { threadId: (await find(word)).threadId }),
    verifyAudit: () => stores.audit.verify(),
    gc: (olderMs) => collect(runtime, olderMs),
    backup: (file) => stores.backup(file),
    doctor: (repo) => doctor(runtime, repo),
    close: async () => stores.close(),
  };
}
