/** The hand-over files as people read them. */
import { visible } from '../domain/access.ts';
import { type CheckResult, type Finding, originWords, type PlanBody, type ReviewBody } from '../domain/handoff.ts';
import { headOf, placeOf } from './told-findings.ts';

const list = (lines: readonly string[]): string => lines.map((line) => `- ${visible(line)}`).join('\n');

/** `10-plan.<n>.md`. */
export function planMarkdown(n: number, plan: PlanBody): string {
  const parts = [`# Plan ${n}`, visible(plan.summary)];
  if (plan.question !== undefined) parts.push(`**Question:** ${visible(plan.question)}`);
  if (plan.no_change !== undefined) parts.push(`**No change is needed:** ${visible(plan.no_change.reason)}`);
  for (const item of plan.items) {
    parts.push(`## ${visible(item.id)}: ${visible(item.title)}`, visible(item.goal));
    if (item.paths.length > 0) parts.push(`Paths:\n${list(item.paths)}`);
    if (item.done_when.length > 0) parts.push(`Done when:\n${list(item.done_when)}`);
    if (item.depends_on.length > 0) parts.push(`After: ${item.depends_on.map(visible).join(', ')}`);
  }
  if (plan.risks.length > 0) parts.push(`## Risks\n\n${list(plan.risks)}`);
  if (plan.citations.length > 0) {
    parts.push(`## Citations\n\n${list(plan.citations.map((cite) => `${cite.document}@${cite.version}#${cite.anchor}: "${cite.quote}"`))}`);
  }
  return `${parts.join('\n\n')}\n`;
}

const waiver = ({ needs_waiver, waived_by }: Finding): string =>
  waived_by === undefined
    ? needs_waiver === true
      ? '; a person who approves the release must waive it'
      : ''
    : `; waived by ${visible(waived_by)}`;

/** How many tests of the base pass, and how that is known. */
const testsOf = ({ tests }: CheckResult): string =>
  tests === undefined ? '' : `, ${tests.candidate} of ${tests.base} tests of the base by ${tests.by}`;

/** `30-review.<attempt>.md`. */
export function reviewMarkdown(attempt: number, review: ReviewBody): string {
  const parts = [`# Review ${attempt}: ${review.verdict}`, `Commit \`${review.commit}\`, tree \`${review.tree}\`.`];
  if (review.checks.length > 0) {
    parts.push(
      `| check | result | exit code | time |\n|---|---|---|---|\n${review.checks
        .map((check) => `| ${visible(check.id)} | ${check.status}${testsOf(check)} | ${check.exit_code ?? '-'} | ${check.duration_ms} ms |`)
        .join('\n')}`,
    );
  }
  for (const line of review.red_lines) {
    parts.push(
      `**Red line ${visible(line.rule_id)}**${originWords(line.origin)} (${visible(line.reason)}): ${line.paths.map(visible).join(', ')}`,
    );
  }
  for (const finding of review.findings)
    parts.push(`## ${visible(headOf(finding))}\n\n${visible(finding.message)}\n\n(${visible(finding.source)}${waiver(finding)})`);
  if (review.findings.length === 0) parts.push('No findings.');
  if (review.earlier !== undefined && review.earlier.length > 0) {
    const lines = review.earlier.map(
      (one) => `${one.finding_id} ${one.verdict} in attempt ${one.round}, ${placeOf(one) || one.source}: ${one.message} (${one.reason})`,
    );
    parts.push(`## Findings of earlier rounds\n\n${list(lines)}`);
  }
  parts.push(review.critic.called ? `Critic: ${review.critic.verdict}.` : 'The critic was not called.');
  return `${parts.join('\n\n')}\n`;
}
