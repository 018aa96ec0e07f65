/** When a review leaves findings to a person: rework is of no use any more, and all that blocks is a person's to waive. */
import type { BuildBody, CheckResult, Finding, ReviewBody } from '../../domain/handoff.ts';
import { leftToPerson, waiversOf } from '../../domain/waivers.ts';
import { differenceDigest } from '../release-subject.ts';
import type { Session } from '../session.ts';
import type { State } from '../state.ts';
import { sameFailures, verdictOf } from './checks/verdict.ts';

interface Judged {
  readonly checks: readonly CheckResult[];
  readonly findings: readonly Finding[];
  /** The review of the attempt before. */
  readonly previous: Pick<ReviewBody, 'findings'> | undefined;
}

/** Findings and verdict of the rules, as they go to the critic or back to the builder. */
export function settled(session: Session, state: State, judged: Judged): { findings: Finding[]; verdict: ReviewBody['verdict'] } {
  const { checks, findings } = judged;
  const left = verdictOf(checks, findings) === 'rework' && isLastWord(session, state, judged) ? leftToPerson(findings) : undefined;
  return left === undefined ? { findings: [...findings], verdict: verdictOf(checks, findings) } : { findings: left, verdict: 'pass' };
}

/**
 * No further round is left, or the builder came back with the same. Where policy gives one round only there was no rework, and what
 * the rules find stops the run.
 */
function isLastWord({ facts }: Session, state: State, { findings, previous }: Judged): boolean {
  const cap = facts.limits.reviewRounds;
  const same = previous !== undefined && state.rounds > 0 && sameFailures(previous, { findings: [...findings] });
  return cap > 1 && (state.rounds + 1 >= cap || same);
}

/** The base moved after a person waived findings of this very difference: the same findings stay waived, and are not asked for anew. */
export async function waivedBefore(
  { stores }: Session,
  { releaseApproval }: State,
  build: BuildBody,
): Promise<(finding: Finding) => Finding> {
  const row = releaseApproval === null ? undefined : await stores.approvals.get(releaseApproval);
  if (row?.status !== 'approved' || row.subject['difference'] !== differenceDigest(build.changes)) return (finding) => finding;
  const by = new Map(waiversOf(row).map((waiver) => [waiver.finding_id, waiver.by]));
  return (finding) => {
    const person = by.get(finding.id);
    return person === undefined ? finding : { ...finding, needs_waiver: true, waived_by: person };
  };
}
