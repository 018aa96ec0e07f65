/** One agent inside its stage: it asks its model and acts on the calls of the answer, until it has handed over. */
import { END, START, StateGraph } from '@langchain/langgraph';
import type { Role } from '../domain/roles.ts';
import { type AgentAt, AgentRun, actNode, askNode } from '../nodes/agent-run.ts';
import type { FindSession } from '../nodes/session.ts';

/** `<role> <-> <role>_tools`; compiled without a checkpointer: it inherits its parent's. */
export function agentGraph(find: FindSession, role: Role, at: AgentAt) {
  const [ask, act] = [role, `${role}_tools`] as const;
  /** Total and pure. */
  const onward = ({ agent, stop }: AgentRun) => {
    if (stop !== null || agent.phase === 'done') return END;
    return agent.phase === 'tools' ? act : ask;
  };
  return new StateGraph(AgentRun)
    .addNode(ask, askNode(find, ask, at))
    .addNode(act, actNode(find, act, at))
    .addEdge(START, ask)
    .addConditionalEdges(ask, onward, [act, ask, END])
    .addConditionalEdges(act, onward, [ask, END])
    .compile({ name: role });
}
