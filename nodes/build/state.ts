/** The state of the builder graph: where the lead stands and what it handed over. */
import { Annotation } from '@langchain/langgraph';
import type { FileRef } from '../../domain/handoff.ts';
import { type AgentState, type Appeals, FRESH_AGENT, joinParts, NO_APPEALS, type PartRef, type Stop } from '../state.ts';

const last = <Value>(initial: Value) => Annotation<Value>({ reducer: (_before, after) => after, default: () => initial });

export const BuilderState = Annotation.Root({
  goal: last<string>(''),
  repo: last<string>(''),
  attempt: last<number>(0),
  base: last<string>(''),
  /** The tree the attempt starts from: the base's, the last candidate's, or where a builder that asked for another plan stood. */
  startTree: last<string>(''),
  /** The last candidate's tree; empty where there was none. */
  lastTree: last<string>(''),
  plan: last<FileRef | null>(null),
  planApproval: last<FileRef | null>(null),
  review: last<FileRef | null>(null),
  rejection: last<FileRef | null>(null),
  /** The earlier builder's question that this plan answers. */
  appeal: last<FileRef | null>(null),
  appeals: last<Appeals>(NO_APPEALS),
  agent: last<AgentState>(FRESH_AGENT),
  /** The part files of the delegation that is under way, by their id. */
  parts: Annotation<PartRef[]>({ reducer: joinParts, default: () => [] }),
  /** In the state that a `worker` gets: which task of the delegation, from 1. */
  task: last<number>(0),
  build: last<FileRef | null>(null),
  /** What it asks instead of a build. */
  asked: last<FileRef | null>(null),
  stop: last<Stop | null>(null),
});

export type Builder = typeof BuilderState.State;
export type BuilderUpdate = Partial<Builder>;

/** What an attempt is built from; its digest allocates the attempt. */
export function buildInputs(state: Pick<Builder, 'plan' | 'planApproval' | 'review' | 'rejection' | 'appeal'>): FileRef[] {
  return [state.plan, state.planApproval, state.review, state.rejection, state.appeal].filter((ref) => ref !== null);
}

/** The last candidate's tree, or where the attempt started; a state of an earlier version knows only the latter. */
export const beforeTree = ({ lastTree, startTree }: Pick<Builder, 'lastTree' | 'startTree'>): string =>
  lastTree === '' ? startTree : lastTree;
