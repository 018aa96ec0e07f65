/** An agent's attempt as a subgraph: what is in its state, what its two nodes do, and how the stage around it hears of its end. */
import { Annotation } from '@langchain/langgraph';
import { StopError } from '../domain/errors.ts';
import type { FileRef } from '../domain/handoff.ts';
import type { Stage } from '../domain/stages.ts';
import { actOnCalls } from './agent.ts';
import type { AgentSpec } from './agent-spec.ts';
import { askModel } from './ask.ts';
import { nodeDoor } from './node-door.ts';
import type { FindSession, NodeConfig, Session } from './session.ts';
import { type AgentState, agentOf, FRESH_AGENT, type Stop } from './state.ts';

const last = <Value>(initial: Value) => Annotation<Value>({ reducer: (_before, after) => after, default: () => initial });

export const AgentRun = Annotation.Root({
  goal: last<string>(''),
  repo: last<string>(''),
  attempt: last<number>(0),
  /** The hand-over files that its brief is made of, by what they are. */
  files: last<Readonly<Record<string, FileRef | null>>>({}),
  agent: last<AgentState>(FRESH_AGENT),
  stop: last<Stop | null>(null),
});
export type AgentRun = typeof AgentRun.State;

/** Before its first step. The request file has goal and repository; in the state they would stand in every checkpoint. */
export const freshRun = (attempt: number, files: AgentRun['files']): AgentRun => ({
  goal: '',
  repo: '',
  attempt,
  files,
  agent: FRESH_AGENT,
  stop: null,
});

/** Whose steps they are. `specOf` is asked at every step. */
export interface AgentAt {
  readonly stage: Stage;
  readonly specOf: (session: Session, run: AgentRun) => Promise<AgentSpec>;
}

type AgentUpdate = Partial<Pick<AgentRun, 'agent' | 'stop'>>;
type AgentNode = (run: AgentRun, config: NodeConfig) => Promise<AgentUpdate>;

const stepNode =
  (act: (spec: AgentSpec, agent: AgentState) => Promise<AgentState>) =>
  (find: FindSession, name: string, { stage, specOf }: AgentAt): AgentNode =>
    nodeDoor<Session, AgentRun, AgentUpdate>(find, {
      stage,
      name,
      run: async (session, run) => ({ agent: await act(await specOf(session, run), agentOf(run.agent)) }),
      stopped: (_session, stop) => ({ stop }),
    });

/** One model call. */
export const askNode = stepNode(askModel);
/** The calls of the newest answer, in order. */
export const actNode = stepNode(actOnCalls);

/** A compiled graph of these two nodes, as the node of the stage runs it. */
export interface AgentGraph {
  invoke(input: AgentRun, config: NodeConfig & { readonly recursionLimit: number }): Promise<AgentRun>;
}

/** Where it stood when it had handed over. @throws StopError what stopped it. */
export async function runAgentGraph(session: Session, graph: AgentGraph, input: AgentRun, config: NodeConfig): Promise<AgentState> {
  // Super-steps of this invocation: two a model call.
  const recursionLimit = session.facts.limits.stepsPerAgent * 4 + 50;
  const { agent, stop } = await graph.invoke(input, { ...config, recursionLimit });
  if (stop === null) return agent;
  throw new StopError(stop.code, stop.message, { evidence: stop.evidence, facts: stop.facts });
}
