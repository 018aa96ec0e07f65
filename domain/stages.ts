/**
 * The stages of a run as one table: where each leads, which file it hands over, what a person can lift there. The graph, its types and
 * the pages about it come from here.
 */
import { FILES } from './handoff.ts';
import type { ReasonCode } from './reasons.ts';

/** Raised by hand when the flow, a schema or a node's meaning changes so that a thread which waits could not go on (invariant 12). */
export const PIPELINE_VERSION = 1;

interface StageFacts {
  /** The file it hands over, by attempt or number; null: what it did stands in the journal and the audit trail. */
  readonly file: ((number: number) => string) | null;
}

interface PlainStage<Name> extends StageFacts {
  /** Where it can lead beside `halt`, in the order that Studio draws; `end`: the run ended well. */
  readonly next: readonly (Name | 'end')[];
  readonly askable: readonly [];
}

interface AskedStageRow<Name> extends StageFacts {
  /** Its last edge leads to the gate where a person lifts what stopped it. */
  readonly next: readonly [...Name[], 'approve_budget'];
  /** What a person can lift. `approve_budget` needs the edge back. */
  readonly askable: readonly [ReasonCode, ...ReasonCode[]];
}

/** An edge to a stage that is no row of the same table does not compile: add the row, or name a stage that is there. */
export const stageTable = <const Rows extends { readonly [Name in keyof Rows]: PlainStage<keyof Rows> | AskedStageRow<keyof Rows> }>(
  rows: Rows,
) => rows;

const LIFTABLE = ['BUDGET_EXHAUSTED', 'STEP_LIMIT'] as const;

export const STAGE_TABLE = stageTable({
  baseline: { next: ['plan'], file: FILES.baseline, askable: [] },
  plan: { next: ['approve_plan', 'approve_budget'], file: FILES.plan, askable: LIFTABLE },
  approve_plan: { next: ['build', 'plan', 'approve_plan'], file: FILES.approval, askable: [] },
  build: { next: ['review_rules', 'review_critic', 'plan', 'approve_budget'], file: FILES.build, askable: LIFTABLE },
  review_rules: { next: ['review_critic', 'approve_release', 'build'], file: FILES.rules, askable: [] },
  review_critic: { next: ['approve_release', 'build', 'approve_budget'], file: FILES.review, askable: LIFTABLE },
  approve_release: { next: ['deploy', 'build', 'approve_release'], file: FILES.approval, askable: [] },
  approve_budget: { next: ['plan', 'build', 'review_critic', 'approve_budget'], file: FILES.approval, askable: [] },
  deploy: { next: ['verify', 'review_rules', 'approve_release'], file: null, askable: [] },
  verify: { next: ['end'], file: () => FILES.release, askable: [] },
  halt: { next: [], file: null, askable: [] },
});

type Table = typeof STAGE_TABLE;
export type Stage = keyof Table;

/** In the order of the table, which is the order of a run. */
export const STAGES = Object.keys(STAGE_TABLE) as [Stage, ...Stage[]]; // the keys of a literal

/** The names that a node of this stage may return as its `route`. Every stage can stop the run; `halt` ends it and chooses nothing. */
export type EdgeOf<Name extends Stage> = Name extends 'halt' ? never : Table[Name]['next'][number] | 'halt';

/** A stage where a stop can be lifted at `approve_budget`. */
export type AskedStage = { [Name in Stage]: Table[Name]['askable'] extends readonly [] ? never : Name }[Stage];

/** Every way out of a stage, as a router knows them. */
export function edgesOf(stage: Stage): readonly EdgeOf<Stage>[] {
  return stage === 'halt' ? [] : [...STAGE_TABLE[stage].next, 'halt'];
}

/** Can a person lift this stop of this stage? */
export function isAskable(stage: Stage, code: ReasonCode): boolean {
  const codes: readonly ReasonCode[] = STAGE_TABLE[stage].askable;
  return codes.includes(code);
}

/** True for a stage that the budget gate leads back to. */
export function isAskedStage(stage: Stage): stage is AskedStage {
  return STAGE_TABLE[stage].askable.length > 0;
}

/** The stage of a node's name; a thread without a due node is at its end. */
export function stageOf(name: string | undefined): Stage {
  return STAGES.find((stage) => stage === name) ?? 'halt';
}
