/**
 * Sessions for a server that is not ours: the official dev server, LangGraph Studio, a script. It brings its own saver, so a thread
 * can be stepped, looked at, edited and forked there, but nothing is released from it (`UNGUARDED_SAVER`).
 */
import { UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { FindSession, GatePayload, Session, Visit } from '../../nodes/session.ts';
import type { Runtime } from '../runtime.ts';
import { createThread } from '../start/create.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { openSession } from './open-session.ts';

interface Stay {
  readonly session: Session;
  readonly heartbeat: Heartbeat;
  /** Nodes that are inside now: `build` holds the nodes of the builder graph. */
  depth: number;
}

/** The lease is held while a node runs, and not while a person looks at a breakpoint. */
export function outsideSessions(open: () => Promise<Runtime>): FindSession {
  let shared: Promise<Runtime> | undefined;
  const stays = new Map<string, Promise<Stay>>();

  const enter = async (runtime: Runtime, visit: Visit): Promise<Stay> => {
    const { runs } = runtime.stores;
    const row = (await runs.get(visit.threadId)) ?? (await create(runtime, visit));
    const fence = await runs.acquire(row.threadId);
    const abort = new AbortController();
    const heartbeat = startHeartbeat(runtime, fence, abort);
    const session = await openSession(runtime, row, fence, { signal: abort.signal, drain: undefined });
    heartbeat.limit(session.facts.limits.machineTime, row.machineMs);
    await runs.update(fence, { status: 'running', reason: null });
    const announce = async (gate: GatePayload): Promise<void> => {
      const { gate: name, subject, required, shown } = gate;
      const record = await runtime.stores.approvals.open({ threadId: row.threadId, gate: name, subject, required, shown });
      if (record.status === 'pending') await runs.update(fence, { status: 'waiting' });
    };
    const leave = async (): Promise<void> => {
      stay.depth -= 1;
      if (stay.depth > 0) return;
      stays.delete(row.threadId);
      heartbeat.stop();
      await heartbeat.beat();
      await runs.release(fence);
    };
    const stay: Stay = { session: loose(session, announce, leave), heartbeat, depth: 0 };
    return stay;
  };

  return async (visit) => {
    shared ??= open();
    const runtime = await shared;
    let entering = stays.get(visit.threadId);
    if (entering === undefined) {
      entering = enter(runtime, visit);
      stays.set(visit.threadId, entering);
      entering.catch(() => stays.delete(visit.threadId));
    }
    const stay = await entering;
    stay.depth += 1;
    return stay.session;
  };
}

/** The session of a thread whose checkpoints another program keeps. */
function loose(session: Session, announce: Session['doors']['announce'], left: Session['left']): Session {
  return { ...session, facts: { ...session.facts, fenced: false }, doors: { ...session.doors, announce }, left };
}

/** A thread that the outside server made: its first node makes it known to the home. */
async function create(runtime: Runtime, visit: Visit): Promise<RunRow> {
  if (visit.goal === '' || visit.repo === '')
    throw new UsageError(
      `thread ${visit.threadId}: is not in home ${runtime.home}, and its input has no goal and repo; start it with { "goal", "repo" }`,
    );
  await createThread(runtime, { goal: visit.goal, repo: visit.repo, threadId: visit.threadId });
  const row = await runtime.stores.runs.get(visit.threadId);
  if (row === undefined) throw new UsageError(`thread ${visit.threadId}: could not be created in home ${runtime.home}`);
  return row;
}
