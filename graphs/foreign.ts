/**
 * Sessions for a server that is not ours: the official dev server, LangGraph Studio, a script. It brings its own saver, so a thread
 * can be stepped, looked at, edited and forked there, but nothing is released from it (`UNGUARDED_SAVER`).
 */
import { UsageError } from '../domain/errors.ts';
import type { RunRow } from '../domain/ports.ts';
import type { FindSession, GatePayload, Session, Visit } from '../nodes/session.ts';
import { createThread } from './create.ts';
import { type Heart, startHeart } from './heart.ts';
import type { House } from './house.ts';
import { openSession } from './open-session.ts';

interface Stay {
  readonly session: Session;
  readonly heart: Heart;
  /** Nodes that are inside now: `build` holds the nodes of the builder graph. */
  depth: number;
}

/** The lease is held while a node runs, and not while a person looks at a breakpoint. */
export function foreignSessions(open: () => Promise<House>): FindSession {
  let shared: Promise<House> | undefined;
  const stays = new Map<string, Promise<Stay>>();

  const enter = async (house: House, visit: Visit): Promise<Stay> => {
    const { runs } = house.stores;
    const row = (await runs.get(visit.threadId)) ?? (await create(house, visit));
    const fence = await runs.acquire(row.threadId);
    const abort = new AbortController();
    const heart = startHeart(house, fence, abort);
    const session = await openSession(house, row, fence, { signal: abort.signal, drain: undefined });
    heart.limit(session.limits.machineTime, row.machineMs);
    await runs.update(fence, { status: 'running', reason: null });
    const announce = async (gate: GatePayload): Promise<void> => {
      const { gate: name, subject, required, shown } = gate;
      const record = await house.stores.approvals.open({ threadId: row.threadId, gate: name, subject, required, shown });
      if (record.status === 'pending') await runs.update(fence, { status: 'waiting' });
    };
    const leave = async (): Promise<void> => {
      stay.depth -= 1;
      if (stay.depth > 0) return;
      stays.delete(row.threadId);
      heart.stop();
      await heart.beat();
      await runs.release(fence);
    };
    const stay: Stay = { session: { ...session, guarded: false, announce, left: leave }, heart, depth: 0 };
    return stay;
  };

  return async (visit) => {
    shared ??= open();
    const house = await shared;
    let entering = stays.get(visit.threadId);
    if (entering === undefined) {
      entering = enter(house, visit);
      stays.set(visit.threadId, entering);
      entering.catch(() => stays.delete(visit.threadId));
    }
    const stay = await entering;
    stay.depth += 1;
    return stay.session;
  };
}

/** A thread that the foreign server made: its first node makes it known to the home. */
async function create(house: House, visit: Visit): Promise<RunRow> {
  if (visit.goal === '' || visit.repo === '')
    throw new UsageError(
      `thread ${visit.threadId}: is not in home ${house.home}, and its input has no goal and repo; start it with { "goal", "repo" }`,
    );
  await createThread(house, { goal: visit.goal, repo: visit.repo, threadId: visit.threadId });
  const row = await house.stores.runs.get(visit.threadId);
  if (row === undefined) throw new UsageError(`thread ${visit.threadId}: could not be created in home ${house.home}`);
  return row;
}
