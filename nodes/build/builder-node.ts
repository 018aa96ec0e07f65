/** A node of the builder: a stop in it stands in the builder's state, so that coming back goes on where it stood. */
import { nodeDoor } from '../node-door.ts';
import type { FindSession, NodeConfig, Session } from '../session.ts';
import { agentOf } from '../state.ts';
import type { Builder, BuilderUpdate } from './state.ts';

export type BuilderNode = (state: Builder, config: NodeConfig) => Promise<BuilderUpdate>;

/** @param name its name in the builder graph. */
export function builderNode(
  find: FindSession,
  name: string,
  run: (session: Session, state: Builder) => Promise<BuilderUpdate>,
): BuilderNode {
  return nodeDoor<Session, Builder, BuilderUpdate>(find, {
    stage: 'build',
    name,
    run: (session, state) => run(session, { ...state, agent: agentOf(state.agent) }),
    stopped: (_session, stop) => ({ stop }),
  });
}
