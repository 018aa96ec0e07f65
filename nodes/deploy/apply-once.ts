/** Applies a release once: intent first, then the effect, reconciled from the target's own truth. */
import type { AuditEntry } from '../../domain/audit.ts';
import { ZERO } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import type { BuildBody, FileRef } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { ApprovalRow, EffectId } from '../../domain/ports.ts';
import type { Session } from '../session.ts';
import { releaseCommit, releaseMessage } from './commits.ts';
import type { ReleaseFacts } from './facts.ts';
import { deployTarget } from './targets/index.ts';
import type { DeployRequest } from './targets/target.ts';

interface Apply {
  readonly key: string;
  readonly request: DeployRequest;
  readonly build: BuildBody;
  readonly approval: ApprovalRow | null;
  readonly refs: { readonly plan: FileRef; readonly build: FileRef; readonly review: FileRef };
  readonly attempt: number;
}

/**
 * A half-done release is finished, never repeated. `moved`: the target is no longer at the build's base, and nothing was released.
 * @throws StopError `APPROVAL_STALE`, `DEPLOY_UNCERTAIN`, or what the target throws.
 */
export async function applyOnce(session: Session, apply: Apply): Promise<'applied' | 'moved'> {
  const { request, build, approval, key } = apply;
  const { fence, threadId } = session.facts;
  const target = deployTarget(request.release);
  const commit = await plannedCommit(session, apply);
  const { target: name, branch } = request.release;
  const facts: ReleaseFacts = { target: name, branch, before: build.base, commit, approval: approval?.id ?? null };
  const applied = await target.isApplied(request, commit);
  if (!applied && (await target.baseOf(request)) !== build.base) return 'moved';
  if (approval !== null && !(await session.stores.approvals.use(fence, approval.id, key)))
    throw new StopError('APPROVAL_STALE', `approval ${approval.id} was already used for another release`);
  const { repository } = session.places;
  const ref = `refs/governor/${threadId}/release`;
  await repository.updateRef(ref, commit, (await repository.readRef(ref)) ?? null);
  const audit = { threadId, actor: 'governor', stage: 'deploy', attempt: apply.attempt, facts: { ...facts } };
  const start = await session.stores.effects.start(fence, effectOf(apply, commit), {
    before: JSON.stringify(facts),
    audit: { ...audit, action: 'release-intent' },
  });
  return start.kind === 'done' ? 'applied' : act(session, apply, { facts, audit });
}

/** The effect between its two journal records. */
async function act(
  session: Session,
  { request, build, key }: Apply,
  { facts, audit }: { facts: ReleaseFacts; audit: Omit<AuditEntry, 'action'> },
): Promise<'applied' | 'moved'> {
  const target = deployTarget(request.release);
  const { effects } = session.stores;
  const { fence } = session.facts;
  const failed = (action: string) => effects.fail(fence, key, { actual: ZERO, audit: [{ ...audit, action }] });
  let result: 'applied' | 'moved';
  try {
    result = await target.apply(request, { before: build.base, commit: facts.commit });
  } catch (error) {
    await failed('release-failed');
    throw error;
  }
  if (result === 'moved') {
    await failed('release-moved');
    return 'moved';
  }
  if (!(await target.isApplied(request, facts.commit)))
    throw new StopError('DEPLOY_UNCERTAIN', `${facts.target} ${facts.branch}: it reported success, but does not contain ${facts.commit}`);
  await effects.finish(fence, key, { result: JSON.stringify(facts), audit: [{ ...audit, action: 'release-applied' }] });
  return 'applied';
}

function effectOf({ key, attempt }: Apply, commit: string): EffectId {
  return { key, kind: 'deploy', stage: 'deploy', attempt, agent: 'governor', role: 'governor', requestHash: digestOf({ commit }) };
}

/** The same inputs give the same commit. One that was begun before releases named their home is finished as it was begun. */
async function plannedCommit(session: Session, apply: Apply): Promise<string> {
  const begun = (await session.stores.effects.peek(apply.key))?.before ?? null;
  if (begun !== null) {
    const unnamed = await commitOf(session, apply, undefined);
    if ((JSON.parse(begun) as ReleaseFacts).commit === unnamed) return unnamed; // written by `applyOnce`
  }
  return commitOf(session, apply, await session.stores.audit.home());
}

async function commitOf(session: Session, { build, approval, refs, attempt }: Apply, home: string | undefined): Promise<string> {
  return releaseCommit({
    repository: session.places.repository,
    candidate: { commit: build.commit, tree: build.tree },
    before: build.base,
    message: releaseMessage({
      goal: session.facts.request.goal,
      summary: build.summary,
      threadId: session.facts.threadId,
      home,
      approvedBy: approval?.votes.filter((vote) => vote.decision !== 'rejected').map((vote) => vote.by.id) ?? [],
      plan: refs.plan.sha256,
      review: refs.review.sha256,
    }),
    stamp: { author: session.facts.config.release.author, atSeconds: session.facts.createdAtSeconds + 1000 + attempt },
  });
}
