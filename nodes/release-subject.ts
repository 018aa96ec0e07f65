/** What a release approval covers; shared by the gate that asks and the deployer that checks. */
import { StopError } from '../domain/errors.ts';
import type { BuildBody, Change, FileRef, ReviewBody } from '../domain/handoff.ts';
import { digestOf } from '../domain/ids.ts';
import type { ApprovalRow, Subject } from '../domain/ports.ts';
import { openFindings } from '../domain/waivers.ts';
import type { Session } from './session.ts';
import type { State } from './state.ts';

/** The subject with its digest over all other values. */
export function subjectOf(values: Readonly<Record<string, string>>): Subject {
  return { ...values, digest: digestOf(values) };
}

/** The digest of a difference: which paths become what. Independent of the base it stands on. */
export function differenceDigest(changes: readonly Change[]): string {
  // By name: a member that a later build reads into an older file must not change what was approved.
  return digestOf(changes.map(({ path, from, status, mode, old_mode, sha256 }) => ({ path, from, status, mode, old_mode, sha256 })));
}

/** What a release approval covers, recomputed from the files. */
export function releaseSubject(session: Session, state: { plan: FileRef; review: FileRef }, build: BuildBody, review: ReviewBody): Subject {
  const open = openFindings(review);
  return subjectOf({
    base: build.base,
    tree: build.tree,
    difference: differenceDigest(build.changes),
    plan: state.plan.sha256,
    policy: session.facts.request.policy_digest,
    review: state.review.sha256,
    red_lines: digestOf(review.red_lines.map((line) => line.rule_id).toSorted()),
    // Only where there are some: the subject of what waits since an earlier version stays what it was.
    ...(open.length === 0 ? {} : { findings: digestOf(open.map(({ id }) => id)) }),
  });
}

/** Must a person approve this release? Open findings ask whatever policy says. */
export function needsApproval({ facts }: Session, review: ReviewBody): boolean {
  const { checks, release } = facts.config;
  return review.red_lines.length > 0 || openFindings(review).length > 0 || checks.length === 0 || release.approval === 'always';
}

/** The pointers of a candidate; a missing one is a broken hand-over. */
export function pointers(state: State): { plan: FileRef; build: FileRef; review: FileRef } {
  const { planFile: plan, buildFile: build, review } = state;
  if (plan === null || build === null || review === null)
    throw new StopError(
      'HANDOFF_MISSING',
      `the release needs plan, build and review; ${[plan === null && 'plan', build === null && 'build', review === null && 'review'].filter(Boolean).join(', ')} missing`,
    );
  return { plan, build, review };
}

/** True when two subjects differ only in where they stand: base, tree and review. */
export function sameButBase(approved: Subject, subject: Subject): boolean {
  return (
    ['difference', 'plan', 'policy', 'red_lines'].every((name) => approved[name] !== undefined && approved[name] === subject[name]) &&
    approved['findings'] === subject['findings']
  );
}

/** A given approval is valid for `release.approvalValid`. */
export function isExpired(session: Session, row: ApprovalRow): boolean {
  if (row.decidedAt === null) return true;
  return session.clock.now() - Date.parse(row.decidedAt) > session.facts.config.release.approvalValid;
}
