/** Where a review that did not pass leads: back to the builder, or to the end with one code. */
import { StopError } from '../../domain/errors.ts';
import type { FileRef, ReviewBody } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { isForReview } from '../../domain/resume.ts';
import type { Session } from '../session.ts';
import { note, type State, type Update } from '../state.ts';
import { sameFailures } from './checks/verdict.ts';

export interface Reviewed {
  readonly ref: FileRef;
  readonly review: ReviewBody;
  readonly attempt: number;
  /** The review of the attempt before. */
  readonly previous: ReviewBody | undefined;
  /** The builder disputed findings: neither a round nor the same failure again; `limits.appeals` is what caps it. */
  readonly disputed?: boolean;
}

/** @throws StopError `REVIEW_REJECTED`, `REVIEW_EXHAUSTED` or, after the only round, the worst finding's code; `NO_PROGRESS`. */
export async function afterRework(
  session: Session,
  state: State,
  { ref, review, attempt, previous, disputed = false }: Reviewed,
): Promise<Update & { readonly route: 'build' }> {
  const rounds = state.rounds + (disputed ? 0 : 1);
  const worst = review.findings.find((finding) => finding.severity === 'blocker') ?? review.findings[0];
  const open = `${review.findings.length} open finding(s), the first: ${worst?.code ?? 'none'} ${worst?.message.split('\n')[0]?.slice(0, 300) ?? ''}`;
  const evidence = [
    ref.path,
    ...review.checks.filter((check) => check.status !== 'pass' && check.evidence !== '').map((check) => check.evidence),
  ];
  if (review.verdict === 'reject')
    throw new StopError('REVIEW_REJECTED', `the review of attempt ${attempt} rejected the change; ${open}`, { evidence });
  // A person who brought words or another model for this very review lets it go on once.
  const lifted = session.facts.resumes.some((resume) => isForReview(resume, attempt));
  if (!lifted && !disputed && rounds >= session.facts.limits.reviewRounds) {
    const only: ReasonCode = worst?.code ?? 'REVIEW_EXHAUSTED';
    throw new StopError(
      session.facts.limits.reviewRounds === 1 ? only : 'REVIEW_EXHAUSTED',
      `${rounds} review rounds are used (limits.reviewRounds ${session.facts.limits.reviewRounds}); ${open}`,
      {
        evidence,
        facts: { rounds, cap: session.facts.limits.reviewRounds, reviewed: attempt },
      },
    );
  }
  if (!lifted && !disputed && previous !== undefined && state.rounds > 0 && sameFailures(previous, review))
    throw new StopError('NO_PROGRESS', `attempt ${attempt} failed exactly as the one before; ${open}`, {
      evidence,
      facts: { reviewed: attempt },
    });
  return {
    review: ref,
    rules: null,
    rejection: null,
    rounds,
    route: 'build',
    notes: note('review_rules', attempt, `${review.verdict}: ${open}`),
  };
}
