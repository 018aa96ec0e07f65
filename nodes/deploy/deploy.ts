/** The deployer: re-reads the approval record, recomputes the tree, then applies the pinned commit once. */
import { z } from 'zod';
import { StopError } from '../../domain/errors.ts';
import { type BuildBody, buildBodySchema, planBodySchema, type ReviewBody, reviewBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { governorNode } from '../governor-node.ts';
import { differenceDigest, pointers } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { note } from '../state.ts';
import { applyOnce } from './apply-once.ts';
import { findConsent } from './consent.ts';
import { releaseFacts } from './facts.ts';
import { assertFenced } from './fenced.ts';
import { assertNotReleased } from './older-home.ts';
import { rebase } from './rebase.ts';
import { deployTarget } from './targets/index.ts';
import type { DeployRequest } from './targets/target.ts';

/** The `deploy` node. */
export const deployNode = (find: FindSession) =>
  governorNode(find, 'deploy', async (session, state) => {
    const refs = pointers(state);
    const build = await bodyOf(session, refs.build, buildBodySchema);
    const review = await bodyOf(session, refs.review, reviewBodySchema);
    await checkTrees(session, build, review);
    const key = releaseKey(session, build);
    const earlier = await session.stores.effects.peek(key);
    if (earlier?.state !== 'done') {
      assertFenced(session, 'release');
      await assertTargetHasNone(session);
      const consent = await findConsent(session, { id: state.releaseApproval, refs, build, review });
      if (consent.kind === 'expired') {
        await session.stores.approvals.void(session.facts.threadId, consent.row.id);
        return {
          releaseApproval: null,
          route: 'approve_release',
          notes: note('deploy', state.attempt, 'the approval had expired; a new one is asked for'),
        };
      }
      const request: DeployRequest = { repository: session.places.repository, release: session.facts.config.release };
      const applied = await applyOnce(session, { key, request, build, approval: consent.row, refs, attempt: state.attempt });
      if (applied === 'moved') {
        const tip = await deployTarget(request.release).baseOf(request);
        if (tip === undefined) throw new StopError('DEPLOY_FAILED', `branch ${request.release.branch}: it no longer exists`);
        const plan = await bodyOf(session, refs.plan, planBodySchema);
        const moved = await rebase(session, { build, buildRef: refs.build, plan, tip });
        return {
          buildFile: moved.ref,
          base: tip,
          attempt: moved.attempt,
          rules: null,
          review: null,
          route: 'review_rules',
          notes: note('deploy', moved.attempt, `the base moved to ${tip}; the checks run again`),
        };
      }
    }
    const facts = await releaseFacts(session, key);
    return {
      releaseKey: key,
      stop: null,
      route: 'verify',
      notes: note('deploy', state.attempt, `${facts.target} ${facts.branch}: ${facts.before} -> ${facts.commit}`),
    };
  });

/** The target is asked for a release of this run that the trail does not have. @throws StopError `HOME_OUTDATED`, `DEPLOY_FAILED`. */
async function assertTargetHasNone(session: Session): Promise<void> {
  const { repository } = session.places;
  const { release } = session.facts.config;
  const tip = await deployTarget(release).baseOf({ repository, release });
  if (tip === undefined) return;
  await repository.bringObjects(tip);
  await assertNotReleased(session, tip);
}

/** `remote` as it was written, whatever the target. */
const writtenRemote = z.looseObject({ release: z.looseObject({ remote: z.string().optional() }).optional() });

/** The journal key of a release: one for each difference, base and target. It never changes: a release that is under way is found by it. */
function releaseKey(session: Session, build: BuildBody): string {
  const { target, branch } = session.facts.config.release;
  const remote = writtenRemote.parse(session.facts.request.config).release?.remote ?? 'origin';
  return digestOf({
    kind: 'deploy',
    thread: session.facts.threadId,
    target,
    branch,
    remote,
    base: build.base,
    difference: differenceDigest(build.changes),
  });
}

/** The files say what the object store says: the commit's tree, its parent and the difference are recomputed. */
async function checkTrees(session: Session, build: BuildBody, review: ReviewBody): Promise<void> {
  const tree = await session.places.repository.treeOf(build.commit);
  if (review.verdict !== 'pass' || review.commit !== build.commit || review.tree !== tree || build.tree !== tree)
    throw new StopError('APPROVAL_STALE', `the review passed tree ${review.tree}, the candidate ${build.commit} has tree ${tree}`);
  const changes = await session.places.repository.diff(await session.places.repository.treeOf(build.base), tree);
  if (differenceDigest(changes) !== differenceDigest(build.changes))
    throw new StopError('APPROVAL_STALE', `the difference of ${build.base} and ${build.commit} is not the one that was reviewed`);
}
