/** The state of the builder graph: where the lead stands and what it handed over. */
import { Annotation } from '@langchain/langgraph';
import type { FileRef } from '../../domain/handoff.ts';
import { type AgentState, FRESH_AGENT, type Stop } from '../state.ts';

const last = <Value>(initial: Value) => Annotation<Value>({ reducer: (_before, after) => after, default: () => initial });

export const BuilderState = Annotation.Root({
  goal: last<string>(''),
  repo: last<string>(''),
  attempt: last<number>(0),
  base: last<string>(''),
  /** The tree the attempt starts from: the base's, or the last candidate's. */
  startTree: last<string>(''),
  plan: last<FileRef | null>(null),
  planApproval: last<FileRef | null>(null),
  review: last<FileRef | null>(null),
  rejection: last<FileRef | null>(null),
  agent: last<AgentState>(FRESH_AGENT),
  build: last<FileRef | null>(null),
  stop: last<Stop | null>(null),
});

export type Builder = typeof BuilderState.State;
export type BuilderUpdate = typeof BuilderState.Update;

/** What an attempt is built from; its digest allocates the attempt. */
export function buildInputs(state: Pick<Builder, 'plan' | 'planApproval' | 'review' | 'rejection'>): FileRef[] {
  return [state.plan, state.planApproval, state.review, state.rejection].filter((ref) => ref !== null);
}
