/** The deployer: re-reads the approval record, recomputes the tree, then applies the pinned commit once. */
import { z } from 'zod';
import { ZERO } from '../../domain/budget.ts';
import { StopError } from '../../domain/errors.ts';
import { type BuildBody, buildBodySchema, type FileRef, planBodySchema, type ReviewBody, reviewBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { ApprovalRow, EffectId } from '../../domain/ports.ts';
import { differenceDigest, isExpired, pointers, releaseSubject, sameButBase } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { staged } from '../stage.ts';
import { note } from '../state.ts';
import { releaseCommit, releaseMessage } from './commits.ts';
import { type ReleaseFacts, releaseFacts } from './facts.ts';
import { assertFenced } from './fenced.ts';
import { rebase } from './rebase.ts';
import { deployTarget } from './targets/index.ts';
import type { DeployRequest } from './targets/target.ts';

/** The `deploy` node. */
export const deployNode = (find: FindSession) =>
  staged(find, 'deploy', async (session, state) => {
    const refs = pointers(state);
    const build = await bodyOf(session, refs.build, buildBodySchema);
    const review = await bodyOf(session, refs.review, reviewBodySchema);
    await checkTrees(session, build, review);
    const key = releaseKey(session, build);
    const earlier = await session.stores.effects.peek(key);
    if (earlier?.state !== 'done') {
      assertFenced(session, 'release');
      const consent = await findConsent(session, state.releaseApproval, refs, build, review);
      if (consent.kind === 'expired') {
        await session.stores.approvals.void(session.facts.threadId, consent.row.id);
        return {
          releaseApproval: null,
          route: 'approve_release',
          notes: note('deploy', consent.row.round, 'the approval had expired; a new one is asked for'),
        };
      }
      const request: DeployRequest = { repository: session.places.repository, release: session.facts.config.release };
      const facts = await applyOnce(session, {
        key,
        request,
        build,
        approval: consent.row,
        refs,
        attempt: state.attempt,
      });
      if (facts === 'moved') {
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

type Consent = { kind: 'given'; row: ApprovalRow | null } | { kind: 'expired'; row: ApprovalRow };

/** Consent is a record outside graph state that covers exactly this; graph state only says where to look. */
async function findConsent(
  session: Session,
  id: string | null,
  refs: { plan: FileRef; review: FileRef },
  build: BuildBody,
  review: ReviewBody,
): Promise<Consent> {
  const needed =
    review.red_lines.length > 0 || session.facts.config.checks.length === 0 || session.facts.config.release.approval === 'always';
  if (!needed) return { kind: 'given', row: null };
  const subject = releaseSubject(session, refs, build, review);
  const row = id === null ? undefined : await session.stores.approvals.get(id);
  if (
    row === undefined ||
    row.threadId !== session.facts.threadId ||
    row.gate !== 'release' ||
    (row.status !== 'approved' && row.status !== 'edited')
  )
    throw new StopError('APPROVAL_STALE', `no approved record covers subject ${subject.digest}; state names ${id ?? 'none'}`);
  if (row.subject.digest !== subject.digest && !sameButBase(row.subject, subject))
    throw new StopError('APPROVAL_STALE', `approval ${row.id} is for subject ${row.subject.digest}, the release is ${subject.digest}`);
  if (row.usedBy === null && isExpired(session, row)) return { kind: 'expired', row };
  return { kind: 'given', row };
}

interface Apply {
  readonly key: string;
  readonly request: DeployRequest;
  readonly build: BuildBody;
  readonly approval: ApprovalRow | null;
  readonly refs: { plan: FileRef; build: FileRef; review: FileRef };
  readonly attempt: number;
}

/** Intent first, then the effect, reconciled from the target's own truth: a half-done release is finished, never repeated. */
async function applyOnce(session: Session, apply: Apply): Promise<ReleaseFacts | 'moved'> {
  const { request } = apply;
  const target = deployTarget(request.release);
  const approvers = apply.approval?.votes.filter((vote) => vote.decision !== 'rejected').map((vote) => vote.by.id) ?? [];
  const planned = await releaseCommit({
    repository: session.places.repository,
    candidate: { commit: apply.build.commit, tree: apply.build.tree },
    before: apply.build.base,
    message: releaseMessage({
      goal: session.facts.request.goal,
      summary: apply.build.summary,
      threadId: session.facts.threadId,
      approvedBy: approvers,
      plan: apply.refs.plan.sha256,
      review: apply.refs.review.sha256,
    }),
    stamp: { author: session.facts.config.release.author, atSeconds: session.facts.createdAtSeconds + 1000 + apply.attempt },
  });
  const effect: EffectId = {
    key: apply.key,
    kind: 'deploy',
    stage: 'deploy',
    attempt: apply.attempt,
    agent: 'governor',
    role: 'governor',
    requestHash: digestOf({ commit: planned }),
  };
  const facts: ReleaseFacts = {
    target: request.release.target,
    branch: request.release.branch,
    before: apply.build.base,
    commit: planned,
    approval: apply.approval?.id ?? null,
  };
  const applied = await target.isApplied(request, planned);
  if (!applied && (await target.baseOf(request)) !== apply.build.base) return 'moved';
  if (apply.approval !== null && !(await session.stores.approvals.use(session.facts.fence, apply.approval.id, apply.key)))
    throw new StopError('APPROVAL_STALE', `approval ${apply.approval.id} was already used for another release`);
  const audit = { threadId: session.facts.threadId, actor: 'governor', stage: 'deploy', attempt: apply.attempt, facts: { ...facts } };
  await session.places.repository.updateRef(
    `refs/governor/${session.facts.threadId}/release`,
    planned,
    (await session.places.repository.readRef(`refs/governor/${session.facts.threadId}/release`)) ?? null,
  );
  const start = await session.stores.effects.start(session.facts.fence, effect, {
    before: JSON.stringify(facts),
    audit: { ...audit, action: 'release-intent' },
  });
  if (start.kind !== 'done') {
    let result: 'applied' | 'moved';
    try {
      result = await target.apply(request, { before: apply.build.base, commit: planned });
    } catch (error) {
      await session.stores.effects.fail(session.facts.fence, apply.key, { actual: ZERO, audit: [{ ...audit, action: 'release-failed' }] });
      throw error;
    }
    if (result === 'moved') {
      await session.stores.effects.fail(session.facts.fence, apply.key, { actual: ZERO, audit: [{ ...audit, action: 'release-moved' }] });
      return 'moved';
    }
    if (!(await target.isApplied(request, planned)))
      throw new StopError(
        'DEPLOY_UNCERTAIN',
        `${request.release.target} ${request.release.branch}: it reported success, but does not contain ${planned}`,
      );
    await session.stores.effects.finish(session.facts.fence, apply.key, {
      result: JSON.stringify(facts),
      audit: [{ ...audit, action: 'release-applied' }],
    });
  }
  return facts;
}
