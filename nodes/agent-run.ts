/** An agent's attempt as a subgraph: what is in its state, what its nodes do, and how the node around it hears of its end. */
import { Annotation, isGraphBubbleUp } from '@langchain/langgraph';
import { FencedError, StopError } from '../domain/errors.ts';
import type { FileRef } from '../domain/handoff.ts';
import type { Role } from '../domain/roles.ts';
import type { Stage } from '../domain/stages.ts';
import { actOnCalls } from './agent.ts';
import type { AgentSpec } from './agent-spec.ts';
import { askModel } from './ask.ts';
import { nodeDoor } from './node-door.ts';
import type { FindSession, NodeConfig, Session } from './session.ts';
import { type AgentState, agentOf, FRESH_AGENT, joinParts, type PartRef, type Stop } from './state.ts';

const last = <Value>(initial: Value) => Annotation<Value>({ reducer: (_before, after) => after, default: () => initial });

export const AgentRun = Annotation.Root({
  goal: last<string>(''),
  repo: last<string>(''),
  attempt: last<number>(0),
  /** The hand-over files that its brief is made of, by what they are. */
  files: last<Readonly<Record<string, FileRef | null>>>({}),
  agent: last<AgentState>(FRESH_AGENT),
  /** The part files of its own sub-agents, by their id. */
  parts: Annotation<PartRef[]>({ reducer: joinParts, default: () => [] }),
  /** In the state that a sub-agent's node gets: which task of the delegation, from 1. */
  task: last<number>(0),
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
  parts: [],
  task: 0,
  stop: null,
});

/** Whose steps they are. `specOf` is asked at every step. */
export interface AgentAt {
  readonly stage: Stage;
  readonly specOf: (session: Session, run: AgentRun) => Promise<AgentSpec>;
  /** Others work at the same time: whatever fails in it is its own stop. */
  readonly sideBySide?: boolean;
}

export type AgentUpdate = Partial<Pick<AgentRun, 'agent' | 'parts' | 'stop'>>;
export type AgentNode = (run: AgentRun, config: NodeConfig) => Promise<AgentUpdate>;

const stepNode =
  (act: (spec: AgentSpec, agent: AgentState) => Promise<AgentState>) =>
  (find: FindSession, name: string, { stage, specOf, sideBySide = false }: AgentAt): AgentNode =>
    nodeDoor<Session, AgentRun, AgentUpdate>(find, {
      stage,
      name,
      sideBySide,
      run: async (session, run) => ({ agent: await inTime(await specOf(session, run), (spec) => act(spec, agentOf(run.agent))) }),
      stopped: (_session, stop) => ({ stop }),
    });

/** After the abort of its own signal, whatever that broke says less than why. */
async function inTime<Result>(spec: AgentSpec, work: (spec: AgentSpec) => Promise<Result>): Promise<Result> {
  spec.signal?.throwIfAborted();
  try {
    return await work(spec);
  } catch (thrown) {
    if (spec.signal?.aborted !== true || isGraphBubbleUp(thrown) || thrown instanceof FencedError) throw thrown;
    throw spec.signal.reason;
  }
}

/** One model call. */
export const askNode = stepNode(askModel);
/** The calls of the newest answer, in order. */
export const actNode = stepNode(actOnCalls);

/** What an agent's graph has besides where it may delegate: one node for each task, then their `merge`. */
export interface Delegates {
  /** How deep its sub-agents stand; 1 are those of the lead. */
  readonly depth: number;
  readonly subAgent: AgentNode;
  readonly merge: AgentNode;
}

/** A compiled graph of these nodes, as the node around it runs it. */
export interface AgentGraph {
  invoke(input: AgentRun, config: NodeConfig & { readonly recursionLimit: number }): Promise<AgentRun>;
}

/** Makes the graph of one agent. */
export type MakeAgentGraph = (find: FindSession, role: Role, at: AgentAt, delegates?: Delegates) => AgentGraph;

/** Super-steps of one invocation: two a model call, two more where it delegates. */
export const superSteps = ({ facts }: Session): number => facts.limits.stepsPerAgent * 4 + 50;

/**
 * The same place in the flow, with a signal of its own. LangGraph cuts off what runs beside a node that throws, in the middle of a step,
 * and has all of it listen to one signal; here the steps of the graph look at the run's and at their own.
 */
export const apart = (config: NodeConfig): NodeConfig & { readonly signal: AbortSignal } => ({
  ...config,
  configurable: { ...config.configurable, __pregel_abort_signals: undefined },
  signal: new AbortController().signal,
});

/** Where it stood when it had handed over. @throws StopError what stopped it. */
export async function runAgentGraph(session: Session, graph: AgentGraph, input: AgentRun, config: NodeConfig): Promise<AgentState> {
  const { agent, stop } = await graph.invoke(input, { ...config, recursionLimit: superSteps(session) });
  if (stop === null) return agent;
  throw stopError(stop);
}

/** A stop as it is thrown. */
export const stopError = ({ code, message, evidence, facts }: Stop): StopError => new StopError(code, message, { evidence, facts });
