/** A build that disputes findings of the critic: its rules are carried over, and the critic judges. */
import { type BuildBody, buildBodySchema, type FileRef, type ReviewBody, reviewBodySchema } from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { bodyOf, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { standingRules } from '../standing-rules.ts';
import type { State } from '../state.ts';

/** Does the build dispute findings of the critic? A rule's or a person's is never among them. */
export async function isDisputing(session: Session, state: Pick<State, 'buildFile' | 'review'>): Promise<boolean> {
  if (state.buildFile === null || state.review === null) return false;
  const { disputes = [] } = await bodyOf(session, state.buildFile, buildBodySchema);
  const { findings } = await bodyOf(session, state.review, reviewBodySchema);
  return disputes.some(({ finding_id }) => findings.some((one) => one.id === finding_id && one.source === 'critic'));
}

/** `evidence/<attempt>/rules.json` of a build that has the tree of the one before: what stood then, under its own name. */
export async function carriedRules(session: Session, state: Pick<State, 'planFile' | 'buildFile' | 'review'>): Promise<FileRef | null> {
  const standing = await standingRules(session, state);
  if (standing === undefined || state.planFile === null || state.buildFile === null) return null;
  const { commit }: BuildBody = await bodyOf(session, state.buildFile, buildBodySchema);
  const done = await runStage<ReviewBody>(session, {
    stage: 'review_critic',
    counter: 'review',
    kind: 'rules',
    inputs: [state.planFile, state.buildFile, standing.ref],
    file: STAGE_TABLE.review_rules.file,
    schema: reviewBodySchema,
    madeBy: 'governor',
    work: async () => ({ ...standing.body, commit }),
  });
  return done.ref;
}
