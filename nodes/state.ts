/** The state of the governor graph: pointers and enums, never content. */
import { Annotation } from '@langchain/langgraph';
import type { FileRef } from '../domain/handoff.ts';
import { NO_WARNING, type Progress, progressOf } from '../domain/progress.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { EdgeOf, Stage } from '../domain/stages.ts';

export interface PartRef {
  readonly id: string;
  readonly ref: FileRef;
}

/** The newest of each sub-agent. */
export const joinParts = (before: PartRef[], after: PartRef[]): PartRef[] => [
  ...before.filter((part) => !after.some((other) => other.id === part.id)),
  ...after,
];

/** Where an agent stands: the head of its transcript and what stop rules need to remember. */
export interface AgentState {
  readonly head: string | null;
  /** Model calls of this agent in this attempt. */
  readonly calls: number;
  readonly phase: 'model' | 'tools' | 'delegate' | 'install' | 'done';
  /** While sub-agents work: the call they belong to, and the answer that holds it. */
  readonly delegation: { readonly callId: string; readonly answer: string; readonly tasks: number } | null;
  /** The part files of all sub-agents that have ended, in order. */
  readonly parts: readonly PartRef[];
  readonly progress: Progress;
  /** Invalid hand-overs in a row. */
  readonly invalid: number;
  /** True once it was told which tool to use. */
  readonly told: boolean;
  /** Answers cut at the output limit, in a row. */
  readonly cut: number;
  /** The work tree after the last tool call. */
  readonly tree: string | null;
  /** What it handed over, as JSON text; at most 64 KB. */
  readonly submission: string | null;
  /** The tree that the runtime installed dependencies for; null: those of the base. */
  readonly installed: string | null;
  /** How often it did so in this attempt. */
  readonly installs: number;
}

export const FRESH_AGENT: AgentState = {
  head: null,
  calls: 0,
  phase: 'model',
  delegation: null,
  parts: [],
  progress: NO_WARNING,
  invalid: 0,
  told: false,
  cut: 0,
  tree: null,
  submission: null,
  installed: null,
  installs: 0,
};

/** How often a builder has left the usual way in this run; each at most `limits.appeals`. */
export interface Appeals {
  /** For another plan. */
  readonly plan: number;
  /** Against findings. */
  readonly review: number;
}

export const NO_APPEALS: Appeals = { plan: 0, review: 0 };

/** As it stands in a checkpoint: one of an earlier version lacks what came after it. */
export const agentOf = (kept: Partial<AgentState>): AgentState => ({ ...FRESH_AGENT, ...kept, progress: progressOf(kept.progress) });

/** Why the run is about to halt, or to ask for more budget. */
export interface Stop {
  readonly code: ReasonCode;
  readonly message: string;
  readonly stage: Stage;
  readonly evidence: readonly string[];
  readonly facts: Readonly<Record<string, string | number>>;
}

/** One summary line per stage and attempt, for people who look with Studio; at most 2 KB each. */
export interface StageNote {
  readonly stage: string;
  readonly attempt: number;
  readonly text: string;
}

// One function for all: LangGraph tells by it that the input's channel is the state's.
const newest = <Value>(_before: Value, after: Value): Value => after;
const last = <Value>(initial: Value) => Annotation<Value>({ reducer: newest, default: () => initial });

/** All that a thread can be started with. Whatever else a client sends is dropped by LangGraph. */
export const GovernorInput = Annotation.Root({ goal: last<string>(''), repo: last<string>('') });

export const GovernorState = Annotation.Root({
  goal: last<string>(''),
  repo: last<string>(''),
  request: last<FileRef | null>(null),
  /** The commit the change is judged against; moves when the target branch did. */
  base: last<string>(''),
  planFile: last<FileRef | null>(null),
  planApproval: last<FileRef | null>(null),
  /** The rejection of a release, whose comment the next build must answer. In a state of an earlier version it may be that of a plan. */
  rejection: last<FileRef | null>(null),
  /** The rejection of a plan, whose comment the next plan must answer; that of a release may wait beside it. */
  planRejection: last<FileRef | null>(null),
  /** A builder that asks for another plan; until a build is handed over. */
  appeal: last<FileRef | null>(null),
  appeals: last<Appeals>(NO_APPEALS),
  builder: last<AgentState | null>(null),
  /** The attempt that `builder` belongs to. */
  attempt: last<number>(0),
  buildFile: last<FileRef | null>(null),
  rules: last<FileRef | null>(null),
  review: last<FileRef | null>(null),
  /** Reworks after a review so far. */
  rounds: last<number>(0),
  releaseApproval: last<string | null>(null),
  /** The journal key of the release. */
  releaseKey: last<string | null>(null),
  stop: last<Stop | null>(null),
  outcome: last<'released' | 'unchanged' | 'stopped' | null>(null),
  /** Which named edge is taken next; an enum, set by code. */
  route: last<string>(''),
  notes: Annotation<StageNote[], StageNote[] | StageNote>({
    reducer: (before, after) => {
      const fresh = Array.isArray(after) ? after : [after];
      return [
        ...before.filter((note) => !fresh.some((other) => other.stage === note.stage && other.attempt === note.attempt)),
        ...fresh,
      ].slice(-40);
    },
    default: () => [],
  }),
});

export type State = typeof GovernorState.State;
export type Update = typeof GovernorState.Update;

/** What the node of a stage returns: its `route` is one of its own edges in `domain/stages.ts`. A new edge is a word in that table. */
export type Routed<Name extends Stage> = Omit<Update, 'route'> & (Name extends 'halt' ? unknown : { readonly route: EdgeOf<Name> });

/** A note within its cap. */
export function note(stage: string, attempt: number, text: string): StageNote {
  return { stage, attempt, text: text.length > 2000 ? `${text.slice(0, 1997)}...` : text };
}
