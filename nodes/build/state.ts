/** The state of the builder graph: where the lead stands and what it handed over. */
import { Annotation } from '@langchain/langgraph';
import type { FileRef } from '../../domain/handoff.ts';
import { type AgentState, FRESH_AGENT, type PartRef, type Stop } from '../state.ts';

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
  /** The part files of the delegation that is under way, by their id. */
  parts: Annotation<PartRef[]>({
    reducer: (before, after) => [...before.filter((part) => !after.some((other) => other.id === part.id)), ...after],
    default: () => [],
  }),
  /** In the state that a `worker` gets: which task of the delegation, from 1. */
  task: last<number>(0),
  build: last<FileRef | null>(null),
  stop: last<Stop | null>(null),
});

export type Builder = typeof BuilderState.State;
export type BuilderUpdate = typeof BuilderState.Update;

/** What an attempt is built from; its digest allocates the attempt. */
export function buildInputs(state: Pick<Builder, 'plan' | 'planApproval' | 'review' | 'rejection'>): FileRef[] {
  return [state.plan, state.planApproval, state.review, state.rejection].filter((ref) => ref !== null);
}
