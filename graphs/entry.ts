/** Environment -> stores, models, tools -> graphs. The only file that opens everything; the graphs of `langgraph.json`. */
import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../domain/audit.ts';
import { UsageError } from '../domain/errors.ts';
import { hasWords } from '../domain/resume.ts';
import { PIPELINE_VERSION, type RunResult } from '../domain/run.ts';
import { builderGraph } from './builder.ts';
import { createThread } from './create.ts';
import { cancel, decide, rollback } from './decide.ts';
import { doctor } from './doctor.ts';
import { assertUnderCeilings, extensionList } from './extensions.ts';
import { foreignSessions } from './foreign.ts';
import { governorGraph } from './governor.ts';
import { watchServer } from './hand-over.ts';
import { type House, openHouse } from './house.ts';
import { collect } from './housekeeping.ts';
import { diffOf, fileOf, gateOf, listOf, resultOf } from './look.ts';
import type { OpenOptions, Operations, ResumeOptions } from './operations.ts';
import { explainText } from './report.ts';
import { assertWords } from './resumes.ts';
import { drive } from './runner.ts';

const FOLLOW_MS = 150;

/** Opens a home with everything in it. @throws UsageError when the home or its files cannot be used. */
export async function openOperations(options: OpenOptions): Promise<Operations> {
  const house = await openHouse(options);
  const { stores } = house;
  const find = (word: string) => stores.runs.resolve(word);
  const result = async (word: string) => resultOf(house, await find(word));
  return {
    home: house.home,
    person: house.person,
    create: (create) => createThread(house, create),
    drive: async (threadId, drives = {}) => {
      await drive(house, threadId, drives);
      return result(threadId);
    },
    resume: (word, resumes = {}) => resume(house, word, resumes),
    goOn: async (word, options = {}) => {
      const row = await find(word);
      const pending = await stores.approvals.list({ threadId: row.threadId, status: 'pending' });
      const watched = pending.length === 0 && row.status === 'waiting' && !row.live && (await watchServer(house, row, options));
      return watched ? result(row.threadId) : resume(house, row.threadId, options);
    },
    decide: async (word, decision) => decide(house, await find(word), decision),
    cancel: async (word) => {
      const row = await find(word);
      await cancel(house, row);
      return result(row.threadId);
    },
    rollback: async (word, reason) => {
      const row = await find(word);
      await rollback(house, row, reason);
      return result(row.threadId);
    },
    result,
    isLive: async (word) => (await find(word)).live,
    list: () => listOf(house),
    pending: () => stores.approvals.list({ status: 'pending' }),
    gate: async (word) => gateOf(house, await find(word)),
    explain: async (word) => explainText(house, await find(word)),
    diff: async (word) => diffOf(house, await find(word)),
    files: async (word) => stores.dossier.list((await find(word)).threadId),
    file: async (word, path) => fileOf(house, await find(word), path),
    follow: (threadId, onRecord, signal) => follow(house, threadId, onRecord, signal),
    audit: async (word) => stores.audit.read(word === undefined ? {} : { threadId: (await find(word)).threadId }),
    verifyAudit: () => stores.audit.verify(),
    gc: (olderMs) => collect(house, olderMs),
    backup: (file) => stores.backup(file),
    doctor: (repo) => doctor(house, repo),
    close: async () => stores.close(),
  };
}

/** Contract section 1.2: what `resume` does in each state. It never counts as approval. */
async function resume(house: House, word: string, options: ResumeOptions): Promise<RunResult> {
  const { runs } = house.stores;
  const row = await runs.resolve(word);
  const final =
    row.status === 'released' ||
    row.status === 'unchanged' ||
    row.status === 'rolled_back' ||
    (row.status === 'stopped' && row.reason?.resumable !== true);
  const migrating = options.migrate === true && row.reason?.code === 'DEFINITION_CHANGED';
  if (final && !migrating) return resultOf(house, row);
  const words = options.words !== undefined && hasWords(options.words) ? options.words : undefined;
  const widens = options.addMicroUsd !== undefined || options.addTimeMs !== undefined || options.addCalls !== undefined;
  // A lease and no `running` yet: another process has just taken it.
  if (row.live) {
    if (widens || words !== undefined)
      throw new UsageError(
        `thread ${row.threadId}: is running; allow more, or say something, when it rests (governor watch ${row.threadId.slice(0, 8)})`,
      );
    for (;;) {
      const now = await runs.get(row.threadId);
      if (now === undefined || !now.live) break;
      if (options.drain?.aborted === true || options.signal?.aborted === true) return resultOf(house, now);
      await new Promise((wake) => setTimeout(wake, FOLLOW_MS));
    }
    const after = await runs.resolve(row.threadId);
    // Whoever ran it died while we watched: then it is ours to take over.
    if (after.status !== 'running') return resultOf(house, after);
  }
  if (words !== undefined) await assertWords(house, row, words);
  if (options.migrate === true || widens) {
    if (!house.person.roles.includes('operator'))
      throw new UsageError(
        `resume: role "operator" is needed to widen a run; ${house.person.id} has ${house.person.roles.join(', ') || 'none'}`,
        'APPROVER_NOT_ALLOWED',
      );
    assertUnderCeilings(house, (await resultOf(house, row)).limits, options);
    await widen(house, row.threadId, options);
  }
  try {
    await drive(house, row.threadId, options);
  } catch (error) {
    // Two resumes at once: one drives, the other, which came a moment later, watches.
    if (!widens && words === undefined && error instanceof UsageError && error.code === 'THREAD_BUSY')
      return resume(house, row.threadId, options);
    throw error;
  }
  return resultOf(house, await runs.resolve(row.threadId));
}

async function widen(house: House, threadId: string, options: ResumeOptions): Promise<void> {
  const { runs, ledger } = house.stores;
  const extension = {
    id: randomUUID(),
    by: house.person.id,
    at: new Date(house.clock.now()).toISOString(),
    add_micro_usd: options.addMicroUsd ?? 0,
    add_machine_ms: options.addTimeMs ?? 0,
    add_calls: options.addCalls ?? 0,
    migrate_to: options.migrate === true ? PIPELINE_VERSION : 0,
  };
  await extensionList.add(house, threadId, extension);
  const fence = await runs.acquire(threadId);
  try {
    const spent = await ledger.lines(threadId);
    const agents = new Set(
      spent.filter((line) => line.role !== 'governor').map((line) => `agent:${line.stage}:${line.attempt}:${line.agent}`),
    );
    const by = {
      ...(extension.add_micro_usd > 0 ? { costMicroUsd: extension.add_micro_usd } : {}),
      ...(extension.add_calls > 0 ? { modelCalls: extension.add_calls, toolCalls: extension.add_calls } : {}),
    };
    if (Object.keys(by).length > 0) for (const account of ['run', ...agents]) await ledger.extend(fence, account, extension.id, by);
  } finally {
    await runs.release(fence);
  }
}

async function follow(house: House, threadId: string, onRecord: (record: AuditRecord) => void, signal: AbortSignal): Promise<void> {
  let after = 0;
  while (!signal.aborted) {
    const records = await house.stores.audit.read({ threadId, afterSeq: after });
    for (const record of records) {
      after = record.seq;
      onRecord(record);
    }
    await new Promise<void>((wake) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        wake();
      };
      const timer = setTimeout(done, FOLLOW_MS);
      signal.addEventListener('abort', done);
    });
  }
  for (const record of await house.stores.audit.read({ threadId, afterSeq: after })) onRecord(record);
}

const foreign = foreignSessions(() => openHouse({ env: process.env }));

/** The fixed flow, without a checkpointer: the server that loads it brings its own. */
export const governor = governorGraph(foreign).compile({ name: 'governor' });

/** The builder alone. */
export const builder = builderGraph(foreign);
