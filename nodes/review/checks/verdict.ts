/** The rules' verdict: pure, over what was found. Rules send back; only a critic or a person drops a change. */
import type { CheckResult, Finding, ReviewBody, Verdict } from '../../../domain/handoff.ts';
import { isBlocking } from '../../../domain/waivers.ts';

export function verdictOf(results: readonly CheckResult[], findings: readonly Finding[]): Verdict {
  const red = results.some((result) => result.status === 'fail' || result.status === 'error');
  return red || findings.some(isBlocking) ? 'rework' : 'pass';
}

/** True when two reviews have exactly the same serious findings: the rework did nothing about them. */
export function sameFailures(previous: Pick<ReviewBody, 'findings'>, current: Pick<ReviewBody, 'findings'>): boolean {
  const ids = (review: Pick<ReviewBody, 'findings'>): string =>
    review.findings
      .filter(isBlocking)
      .map((one) => one.id)
      .toSorted()
      .join(' ');
  return ids(previous) !== '' && ids(previous) === ids(current);
}
