/** A dispute changes no file, so what the rules found about the very same tree still stands, and only the critic is asked again. */
import { type BuildBody, buildBodySchema, type FileRef, type ReviewBody, reviewBodySchema } from '../domain/handoff.ts';
import { bodyOf, type Session } from './session.ts';
import type { State } from './state.ts';

export interface StandingRules {
  readonly ref: FileRef;
  readonly body: ReviewBody;
}

/** Undefined where the build disputes nothing, or where anything that the rules judged by is another: then they run again. */
export async function standingRules(
  session: Session,
  state: Pick<State, 'planFile' | 'buildFile' | 'review'>,
): Promise<StandingRules | undefined> {
  const { planFile, buildFile, review } = state;
  if (planFile === null || buildFile === null || review === null) return undefined;
  const build = await bodyOf(session, buildFile, buildBodySchema);
  if (!isDisputed(build)) return undefined;
  const { inputs } = await session.stores.dossier.readVerified(session.facts.threadId, review);
  const ref = inputs.find((input) => /^evidence\/\d+\/rules\.json$/.test(input.path));
  const samePlan = inputs.some((input) => input.path === planFile.path && input.sha256 === planFile.sha256);
  if (ref === undefined || !samePlan) return undefined;
  const body = await bodyOf(session, ref, reviewBodySchema);
  const sameTree = body.tree === build.tree && body.base === build.base;
  return body.verdict === 'pass' && sameTree ? { ref, body } : undefined;
}

export const isDisputed = (build: Pick<BuildBody, 'disputes'>): boolean => (build.disputes ?? []).length > 0;
