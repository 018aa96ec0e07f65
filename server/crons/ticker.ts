/** Makes the ticks of crons that are due: each the run of one process, as whoever made the cron. */
import { createHash } from 'node:crypto';
import type { CronTick } from '../../domain/cron-tick.ts';
import type { CronRow } from '../../domain/crons.ts';
import { toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import type { Json } from '../../domain/served.ts';
import type { RunCreate } from '../api/schemas.ts';
import { assertMay } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { Problem, problemOf } from '../http/problem.ts';
import { createRuns } from '../runs/create-run.ts';
import { failureOf } from '../threads/views.ts';
import { newestTick, tickAfter } from './schedule.ts';

/** How long a cron that another process made or changed waits at most to be seen here, in ms. */
const POLL_MS = 1000;
/** A clock that is set, or a lost wake, costs no more; under load it does not spin. */
const LEAST_MS = 20;
/** Longest kept message of a refusal, in characters. */
const MAX_MESSAGE = 1000;
/** Ticks under way at once. */
const SLOTS = 10;
/** How long after its end time a cron may still make a tick that was due before it, in ms. */
const LATE_MS = 60_000;
/** A run that is not put in this time holds no slot any longer, in ms: a handler of the project may never answer. */
const PUT_MS = 60_000;
/** How long a stop waits for ticks under way, in ms. */
const STOP_MS = 2000;
/** How old a tick may be whose run a fault of ours kept back, to be tried again once its hold is over, in ms: a locked or full disk passes. */
const TRIED_MS = 5 * 60_000;

export interface Ticker {
  /** Begins no more ticks, and gives those under way a moment; what is left the next process takes over. */
  stop(): Promise<void>;
}

export function startTicker(server: Server): Ticker {
  const { crons } = server.served;
  /** By the id of the cron: of one there is one. */
  const underWay = new Map<string, Promise<void>>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let turning: Promise<void> = Promise.resolve();
  const start: Start = ({ cronId }, work) => {
    const one = work
      .catch((error: unknown) => server.log('error', `a tick of a cron failed: ${toError(error).message}`))
      .finally(() => {
        const wasFull = underWay.size >= SLOTS;
        if (underWay.get(cronId) === one) underWay.delete(cronId);
        // Others may have waited for this slot.
        if (wasFull && !stopped) schedule(LEAST_MS);
      });
    underWay.set(cronId, one);
  };
  const turn = async (): Promise<void> => {
    let waitMs = POLL_MS;
    try {
      const free = SLOTS - underWay.size;
      if (free > 0) {
        for (const left of await crons.takeOver(free, [...underWay.keys()])) start(left.cron, makeRun(server, left.cron, left));
        for (const cron of await crons.due(Math.max(0, SLOTS - underWay.size))) await beginTick(server, cron, start);
        waitMs = Math.min(POLL_MS, (await crons.nextDueMs()) ?? POLL_MS);
      }
    } catch (error) {
      server.log('error', `crons cannot be read: ${toError(error).message}`);
    }
    if (!stopped) schedule(Math.max(LEAST_MS, waitMs));
  };
  const schedule = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      turning = turning.then(turn);
    }, ms);
    timer.unref();
  };
  schedule(0);
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await turning;
      clearTimeout(timer);
      await Promise.race([Promise.all(underWay.values()), new Promise((wake) => setTimeout(wake, STOP_MS).unref())]);
    },
  };
}

type Start = (cron: CronRow, work: Promise<void>) => void;

/** Of all that were missed the newest is made, once; after its end time a cron makes up for nothing. */
async function beginTick(server: Server, cron: CronRow, start: Start): Promise<void> {
  const { crons } = server.served;
  const nowMs = server.runtime.clock.now();
  const { dueAt, endAt } = cron;
  if (dueAt === null) return;
  const { tickMs, nextMs, fault } = momentsOf(cron, dueAt, nowMs);
  if (!(await crons.begin(cron, tickMs, nextMs))) return;
  failpoint('cron:begin:after');
  const tick = { cronId: cron.cronId, tickMs };
  if (fault !== undefined) await crons.refuse(tick, { error: 'CronUnreadable', message: fault.slice(0, MAX_MESSAGE) });
  else if (endAt === null || nowMs <= endAt + LATE_MS) start(cron, makeRun(server, cron, tick));
  else
    await crons.refuse(tick, {
      error: 'CronEnded',
      message: `end_time: ${new Date(endAt).toISOString()} passed while no server made this tick`,
    });
}

interface Moments {
  readonly tickMs: number;
  readonly nextMs: number | null;
  readonly fault?: string;
}

/** A schedule that was taken once and cannot be read any more (a zone that this Node does not know) ends its cron, and holds up no other. */
function momentsOf(cron: CronRow, dueMs: number, nowMs: number): Moments {
  try {
    const tickMs = newestTick(cron, dueMs, nowMs);
    return { tickMs, nextMs: tickAfter(cron, Math.max(nowMs, tickMs)) };
  } catch (error) {
    return {
      tickMs: dueMs,
      nextMs: null,
      fault: `schedule: ${JSON.stringify(cron.schedule)} in ${cron.timezone ?? 'UTC'}: ${toError(error).message}`,
    };
  }
}

/** @throws Problem 504 for what goes on without end; should it put its run later, the tick has none to take. */
async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Problem(504, `its run was not put in ${PUT_MS / 1000} s; is it a handler of the project?`)),
      PUT_MS,
    );
    timer.unref();
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Puts the run, or says in the cron why there is none. */
async function makeRun(server: Server, cron: CronRow, tick: CronTick): Promise<void> {
  const { crons } = server.served;
  try {
    await inTime(putRun(server, cron, { cronId: tick.cronId, tickMs: tick.tickMs }));
    failpoint('cron:run:after');
    // Only where the clock was put back, and this tick had its run before: it must not be made again and again.
    await crons.refuse(tick, { error: 'CronTickMade', message: 'this tick had its run before' });
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined && server.runtime.clock.now() - tick.tickMs < TRIED_MS)
      return server.log('error', `cron ${cron.cronId}: its tick is tried again in a while: ${toError(error).message}`);
    const told = problem === undefined ? failureOf(error) : { error: `HTTP ${problem.status}`, message: problem.message };
    if (await crons.refuse(tick, { error: told.error, message: told.message.slice(0, MAX_MESSAGE) }))
      server.log(
        problem === undefined ? 'error' : 'warn',
        `cron ${cron.cronId}: no run at ${new Date(tick.tickMs).toISOString()}: ${told.message}`,
      );
  }
}

async function putRun(server: Server, cron: CronRow, tick: CronTick): Promise<void> {
  const caller = await server.recall(cron.caller);
  assertMay(caller, 'run');
  const scope = { tenant: caller.tenant, graphs: caller.graphs };
  const body: RunCreate & { readonly tick: CronTick } = {
    ...(cron.payload as Partial<RunCreate>), // checked by the route that wrote it
    assistant_id: cron.assistantId,
    metadata: { ...cron.metadata, cron_id: cron.cronId, cron_tick: new Date(tick.tickMs).toISOString() } as Json,
    ...(cron.onRunCompleted === null ? {} : { on_completion: cron.onRunCompleted }),
    tick,
  };
  await createRuns(
    server,
    {
      caller,
      scope,
      allowed: async (resource, action, value) => ({ ...scope, filters: await caller.authorize(resource, action, value) }),
      headers: new Headers(),
      // The same at every try: a governed thread that a killed process began is gone on with, not begun again.
      runId: () => idOf('run', tick),
      threadId: idOf('thread', tick),
    },
    [body],
    cron.threadId ?? undefined,
  );
}

/** A UUID of version 8: its bits are the application's own. */
function idOf(what: string, { cronId, tickMs }: CronTick): string {
  const hex = createHash('sha256')
    .update(JSON.stringify(['cron', what, cronId, tickMs]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
