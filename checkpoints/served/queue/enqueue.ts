/** Puts runs into the queues of their threads, and asks those before them to stop where they say so. */
import { canonicalJson } from '../../../domain/ids.ts';
import { type Json, type NewRun, type Scope, ServedError, type ServedRun } from '../../../domain/served.ts';
import { run as change, type Transaction } from '../../sql/transaction.ts';
import { made } from '../crons/ticks.ts';
import { missingThread } from '../threads/thread-row.ts';
import { openRowsOf, type Row, rowById, runOf } from './run-row.ts';
import { isThreadSeen, type KnownThread, knownThread } from './run-sight.ts';
import { stopRun } from './stop-run.ts';

/** Runs of one thread that wait or run, at most: they go one after the other, and each look at the queue passes them all. */
export const OPEN_RUNS = 1000;

/** All or none. `nowMs` is ms since 1970. @throws ServedError `missing`, `conflict`. */
export function* enqueue(scope: Scope, runs: readonly NewRun[], nowMs: number): Transaction<readonly ServedRun[]> {
  const put: ServedRun[] = [];
  for (const run of runs) put.push(yield* enqueueOne(scope, run, nowMs));
  return put;
}

function* enqueueOne(scope: Scope, run: NewRun, nowMs: number): Transaction<ServedRun> {
  const at = new Date(nowMs).toISOString();
  if (run.tick !== undefined) yield* made(run.tick, run, at);
  const known = yield* admittedThread(scope, run);
  if (known === undefined) yield* insertThread(scope, run, at);
  const open = yield* openRowsOf(run.threadId);
  refuseIfBusy(run, open);
  yield* insertRun(scope, run, nowMs);
  // After it is put: the thread of a stateless run would go with that one's end.
  if (run.multitask === 'interrupt' || run.multitask === 'rollback') for (const one of open) yield* stopRun(one, run.multitask, at);
  if (known !== undefined) yield* occupyThread(known, run, at);
  const row = yield* rowById(run.runId);
  if (row === undefined) throw new Error(`run ${run.runId} vanished`);
  return runOf(row);
}

/** Undefined where it is still to be made. */
function* admittedThread(scope: Scope, run: NewRun): Transaction<KnownThread | undefined> {
  const known = yield* knownThread(run.threadId);
  if (known === undefined ? run.ifNotExists === 'reject' : !isThreadSeen(scope, known)) throw missingThread(run.threadId);
  return known;
}

function refuseIfBusy({ threadId, multitask }: NewRun, open: readonly Row[]): void {
  if (open.length > 0 && multitask === 'reject')
    throw new ServedError(
      'conflict',
      `thread ${threadId} is already running a task (run ${open[0]?.run_id}); wait for it, or choose another multitask_strategy than reject`,
    );
  if (open.length >= OPEN_RUNS)
    throw new ServedError('conflict', `thread ${threadId}: ${open.length} runs wait or run on it (at most ${OPEN_RUNS})`);
}

const insertThread = ({ tenant }: Scope, run: NewRun, at: string): Transaction<number> =>
  change(
    `INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts)
     VALUES ($1, $2, $3, $3, $4, $5, 'busy', '{}')`,
    [run.threadId, tenant, at, canonicalJson(run.threadMetadata), canonicalJson(run.threadConfig)],
  );

const insertRun = ({ tenant }: Scope, run: NewRun, nowMs: number): Transaction<number> =>
  change(
    `INSERT INTO thread_runs (run_id, thread_id, tenant, assistant_id, created_at, updated_at, status, metadata, kwargs, caller, multitask, temporary, due_at)
     VALUES ($1, $2, $3, $4, $5, $5, 'pending', $6, $7, $8, $9, $10, $11)`,
    [
      run.runId,
      run.threadId,
      tenant,
      run.assistantId,
      new Date(nowMs).toISOString(),
      canonicalJson(run.metadata),
      // Not canonical: the order of an input's members may matter to a graph.
      JSON.stringify(run.kwargs),
      JSON.stringify(run.caller),
      run.multitask,
      run.temporary ? 1 : 0,
      nowMs + run.afterMs,
    ],
  );

const occupyThread = ({ metadata, config }: KnownThread, run: NewRun, at: string): Transaction<number> =>
  change("UPDATE threads SET status = 'busy', updated_at = $1, metadata = $2, config = $3 WHERE thread_id = $4", [
    at,
    canonicalJson({ ...metadata, ...graphOf(run.threadMetadata) }),
    canonicalJson({ ...config, ...run.threadConfig }),
    run.threadId,
  ]);

/** A thread that is there keeps its own metadata; only which graph it is on may change. */
const graphOf = (metadata: Json): Json => ({ graph_id: metadata['graph_id'], assistant_id: metadata['assistant_id'] });
