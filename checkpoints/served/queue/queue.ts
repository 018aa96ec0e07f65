/** The durable run queue: one runner a thread, leases with an epoch, ends that are written in one transaction. */
import type { Clock } from '../../../domain/ports.ts';
import type { Queue } from '../../../domain/served.ts';
import { thisProcess } from '../../owner.ts';
import type { Sql } from '../../sql/transaction.ts';
import { askedSince } from './asked-since.ts';
import { cancelRuns } from './cancel-runs.ts';
import { claim } from './claim.ts';
import { countRuns } from './count-runs.ts';
import { deleteRun, pruneRuns } from './delete-runs.ts';
import { enqueue } from './enqueue.ts';
import { finish } from './finish.ts';
import { giveBack } from './give-back.ts';
import { heartbeat } from './heartbeat.ts';
import { findRun, listRuns } from './list-runs.ts';
import { lastEnded, nextBegun } from './next-begun.ts';
import { nextDueMs } from './next-due.ts';

/** What is acknowledged (`put`) and what ends a run is on the disk when it returns; claims and heartbeats are `relaxed`. */
export function createQueue(sql: Sql, relaxed: Sql, clock: Clock): Queue {
  const self = thisProcess();
  const stamp = (): string => new Date(clock.now()).toISOString();
  return {
    put: async (scope, runs) => sql.write(() => enqueue(scope, runs, clock.now())),
    get: async (scope, threadId, runId) => sql.read(() => findRun(scope, threadId, runId)),
    list: async (scope, threadId, options) => sql.read(() => listRuns(scope, threadId, options)),
    claim: async (held) => {
      for (;;) {
        const taken = await relaxed.write(() => claim({ self, nowMs: clock.now(), held }));
        if (taken !== 'again') return taken;
      }
    },
    nextDueMs: async () => sql.read(() => nextDueMs(clock.now())),
    heartbeat: async (lease) => relaxed.write(() => heartbeat(lease, clock.now())),
    finish: async (lease, end) => sql.write(() => finish(lease, end, clock.now())),
    askedSince: async (lease) => sql.read(() => askedSince(lease.runId)),
    giveBack: async (lease) => relaxed.write(() => giveBack(lease)),
    cancel: async (scope, which, action) => sql.write(() => cancelRuns(scope, which, action, stamp())),
    delete: async (scope, threadId, runId) => sql.write(() => deleteRun(scope, threadId, runId, stamp())),
    nextBegun: async (threadId, after) => sql.read(() => nextBegun(threadId, after)),
    lastEnded: async (threadId) => sql.read(() => lastEnded(threadId)),
    counts: async () => sql.read(countRuns),
    prune: async (before, limit) => sql.write(() => pruneRuns(before, limit)),
  };
}
