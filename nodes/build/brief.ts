/** What the lead is told at the start of an attempt; the same words on every replay. */
import { approvalBodySchema, type FileRef, type PlanBody, reviewBodySchema } from '../../domain/handoff.ts';
import { isForReview } from '../../domain/resume.ts';
import { bodyOf, type Session } from '../session.ts';

export interface BriefInputs {
  readonly attempt: number;
  readonly plan: PlanBody;
  readonly planApproval: FileRef | null;
  readonly review: FileRef | null;
  readonly rejection: FileRef | null;
}

/** The plan, the remarks of people, and every open finding with its id. */
export async function leadBrief(session: Session, inputs: BriefInputs): Promise<string> {
  const parts = [`This is attempt ${inputs.attempt}. The plan: ${inputs.plan.summary}`];
  for (const item of inputs.plan.items) {
    parts.push(
      [
        `Item ${item.id}: ${item.title}`,
        item.goal,
        `Paths you may touch: ${item.paths.join(', ') || 'any'}`,
        ...item.done_when.map((done) => `Done when: ${done}`),
      ].join('\n'),
    );
  }
  if (session.facts.config.checks.length > 0) {
    parts.push(
      `Checks that will be run: ${session.facts.config.checks.map((check) => `${check.id} (${check.run.join(' ')})`).join('; ')}.`,
    );
  }
  if (inputs.planApproval !== null) {
    const approval = await bodyOf(session, inputs.planApproval, approvalBodySchema);
    if (approval.comment !== '') parts.push(`The person who approved the plan said: ${JSON.stringify(approval.comment)}`);
  }
  if (inputs.review !== null) {
    const review = await bodyOf(session, inputs.review, reviewBodySchema);
    if (review.findings.length > 0) {
      parts.push(
        `Open findings of the last review; mend each and answer each by its id in submit_build.answers:\n${review.findings
          .map(
            (finding) =>
              `${finding.id} ${finding.severity} ${finding.code}${finding.path === undefined ? '' : ` ${finding.path}`}: ${finding.message}`,
          )
          .join('\n')}`,
      );
    }
  }
  const reviewed = Number(/^30-review\.(\d+)\.json$/.exec(inputs.review?.path ?? '')?.[1] ?? '0');
  for (const resume of session.facts.resumes)
    if (isForReview(resume, reviewed) && resume.comment !== '')
      parts.push(`A person (${resume.by}) looked at that review and says, without approving anything: ${JSON.stringify(resume.comment)}`);
  if (inputs.rejection !== null) {
    const approval = await bodyOf(session, inputs.rejection, approvalBodySchema);
    parts.push(
      `A person rejected the last candidate. Their words: ${JSON.stringify(approval.comment)}. The files are as the last attempt left them.`,
    );
  }
  return parts.join('\n\n');
}
