/** THE NODE DOOR: finds a node's session, stops it at a drain, and makes a stop a value of the graph's state. */
import { isGraphBubbleUp } from '@langchain/langgraph';
import { FencedError, StopError, toError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import type { Stage } from '../domain/stages.ts';
import { type NodeConfig, type Session, type SessionDoors, type Visit, visitOf } from './session.ts';
import type { Stop } from './state.ts';

/** What the door itself needs of a session. */
export type DoorSession = Pick<Session, 'signal' | 'checkpointReached' | 'left'> & { readonly doors: Pick<SessionDoors, 'redact'> };

export interface GovernedNode<Found, State, Update> {
  /** Where the run stands while it works. */
  readonly stage: Stage;
  /** Crash tests kill at `node:<name>:enter` and `node:<name>:exit`. */
  readonly name: string;
  /**
   * It works beside others. When a node throws, LangGraph cuts off its siblings and discards what they finish (langgraphjs#2667): so
   * every failure of its own is a stop.
   */
  readonly sideBySide?: boolean;
  run(session: Found, state: State, config: NodeConfig): Promise<Update>;
  /** What the node returns instead, when it stopped. */
  stopped(session: Found, stop: Stop, state: State): Update | Promise<Update>;
}

/**
 * The node as LangGraph calls it. Throws what LangGraph throws to itself, a drain among it, a lost lease, the reason of an abort, and a
 * fault of this program; every StopError is handed to `stopped`.
 */
export function nodeDoor<Found extends DoorSession, State extends { readonly goal: string; readonly repo: string }, Update>(
  find: (visit: Visit) => Promise<Found>,
  node: GovernedNode<Found, State, Update>,
): (state: State, config: NodeConfig) => Promise<Update> {
  return async (state, config) => {
    const session = await find(visitOf(config, state));
    try {
      await session.checkpointReached(node.stage);
      failpoint(`node:${node.name}:enter`);
      const update = await node.run(session, state, config);
      failpoint(`node:${node.name}:exit`);
      return update;
    } catch (thrown) {
      if (isGraphBubbleUp(thrown) || thrown instanceof FencedError) throw thrown;
      if (!(thrown instanceof StopError) && node.sideBySide !== true) throw thrown;
      if (session.signal.aborted) throw session.signal.reason;
      return await node.stopped(session, stopOf(session, node.stage, thrown), state);
    } finally {
      await session.left();
    }
  };
}

function stopOf({ doors }: DoorSession, stage: Stage, thrown: unknown): Stop {
  const error = thrown instanceof StopError ? thrown : new StopError('INTERNAL', toError(thrown).message);
  const { code, evidence, facts } = error;
  return { code, message: doors.redact(error.message).slice(0, 4000), stage, evidence: [...evidence], facts: { ...facts } };
}
