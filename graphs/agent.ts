/** One agent: it asks its model and acts on the calls of the answer, until it has handed over; planner, critic and every sub-agent. */
import { END, Send, START, StateGraph } from '@langchain/langgraph';
import { MAX_DEPTH } from '../domain/config.ts';
import type { Role } from '../domain/roles.ts';
import { type AgentAt, AgentRun, actNode, askNode, type Delegates } from '../nodes/agent-run.ts';
import type { FindSession } from '../nodes/session.ts';
import { anyOf, described } from './described.ts';
import { going } from './going.ts';

interface Below extends Delegates {
  /** For drawings and for readers of the state: what graph a sub-agent's node runs. */
  readonly inside?: NonNullable<NonNullable<Parameters<StateGraph<typeof AgentRun>['addNode']>[2]>['subgraphs']>;
}

/**
 * `<role> <-> <role>_tools`, and where it may delegate `<role>_tools > sub_agent_<depth> > merge > <role>`, one of the former for each
 * task; compiled without a checkpointer: it inherits its parent's.
 */
export function agentGraph(find: FindSession, role: Role, at: AgentAt, delegates?: Below) {
  const [ask, act, below] = [role, `${role}_tools`, `sub_agent_${delegates?.depth ?? 0}`] as const;
  /** Total and pure. */
  const onward = (run: AgentRun): typeof ask | typeof act | typeof END | Send[] => {
    const { phase, delegation } = run.agent;
    if (run.stop !== null || phase === 'done') return END;
    if (phase === 'delegate' && delegation !== null && delegates !== undefined)
      return Array.from({ length: delegation.tasks }, (_none, index) => new Send(below, { ...run, task: index + 1 }));
    return phase === 'tools' ? act : ask;
  };
  const graph = described(new StateGraph(AgentRun), anyOf(Object.keys(AgentRun.spec)))
    .addNode(ask, going(askNode(find, ask, at), onward), { ends: [act, ask, END] })
    .addNode(act, going(actNode(find, act, at), onward), { ends: delegates === undefined ? [ask, END] : [ask, below, END] })
    .addEdge(START, ask);
  if (delegates === undefined) return graph.compile({ name: role });
  return graph
    .addNode(below, delegates.subAgent, { subgraphs: delegates.inside ?? [] })
    .addNode('merge', delegates.merge)
    .addEdge(below, 'merge')
    .addConditionalEdges('merge', onward, [ask, END])
    .compile({ name: role });
}

/** Nothing runs in it: each task's own graph is compiled with its task; this one says what that looks like. `depth`: 1, the lead's. */
export function drawnWorker(find: FindSession, depth = 1): ReturnType<typeof agentGraph> {
  const nothing = async (): Promise<never> => {
    throw new Error('a drawing runs nothing');
  };
  const at = { stage: 'build', specOf: nothing } as const;
  if (depth === MAX_DEPTH) return agentGraph(find, 'worker', at);
  const inside = [drawnWorker(find, depth + 1)];
  return agentGraph(find, 'worker', at, { depth: depth + 1, subAgent: nothing, merge: nothing, inside });
}
