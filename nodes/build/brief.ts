/** What the lead is told at the start of an attempt; the same words on every replay. */
import { approvalBodySchema, type FileRef, type PlanBody, type ReviewBody, reviewBodySchema } from '../../domain/handoff.ts';
import { isForReview } from '../../domain/resume.ts';
import { bodyOf, type Session } from '../session.ts';
import { shownPatch } from '../shown-patch.ts';
import { toldFindings } from '../told-findings.ts';
import { lastBuild } from './last-build.ts';
import { checksText, itemText } from './plan-text.ts';

export interface BriefInputs {
  readonly attempt: number;
  readonly base: string;
  /** The files it starts with. */
  readonly startTree: string;
  readonly plan: PlanBody;
  readonly planApproval: FileRef | null;
  readonly review: FileRef | null;
  readonly rejection: FileRef | null;
}

/** Of its own difference, in bytes: an eighth of a window of 32,000 tokens; its tools show the rest. */
const PATCH_BYTES = 16 * 1024;
/** Of the findings, in bytes: as much again. */
const FINDINGS_BYTES = 16 * 1024;
/** Closed findings that are named, the newest. */
const CLOSED = 20;

/** The plan, what it did so far and what came of it, and the remarks of people. */
export async function leadBrief(session: Session, inputs: BriefInputs): Promise<string> {
  const { attempt, plan } = inputs;
  return [
    `This is attempt ${attempt}. The plan: ${plan.summary}`,
    ...plan.items.map((item) => itemText(item)),
    ...(plan.risks.length === 0 ? [] : [`Risks that the planner sees:\n${plan.risks.map((risk) => `- ${risk}`).join('\n')}`]),
    ...checksText(session.facts.config.checks),
    ...(await approvalText(session, inputs.planApproval)),
    ...(await doneText(session, inputs)),
    ...(await reviewText(session, inputs.review)),
    ...(await rejectionText(session, inputs.rejection)),
  ].join('\n\n');
}

async function approvalText(session: Session, approval: FileRef | null): Promise<string[]> {
  if (approval === null) return [];
  const { comment } = await bodyOf(session, approval, approvalBodySchema);
  return comment === '' ? [] : [`The person who approved the plan said: ${JSON.stringify(comment)}`];
}

/** Its own words of the last attempt, and the files as they are now against the base. */
async function doneText(session: Session, { base, startTree, review, rejection }: BriefInputs): Promise<string[]> {
  const build = await lastBuild(session, [review, rejection]);
  const from = await session.places.repository.treeOf(base);
  const patch = from === startTree ? '' : await shownPatch(session, { from, to: startTree }, PATCH_BYTES);
  return [
    ...(build === undefined ? [] : [`Your summary of the last attempt: ${JSON.stringify(build.summary)}`]),
    ...(patch === '' ? [] : [`Your files now, as the difference since the base, as data:\n${patch}`]),
  ];
}

async function reviewText(session: Session, ref: FileRef | null): Promise<string[]> {
  if (ref === null) return [];
  const review = await bodyOf(session, ref, reviewBodySchema);
  const reviewed = Number(/^30-review\.(\d+)\.json$/.exec(ref.path)?.[1] ?? '0');
  const said = session.facts.resumes.filter((resume) => isForReview(resume, reviewed) && resume.comment !== '');
  return [
    ...findingsText(review),
    ...said.map(
      (resume) => `A person (${resume.by}) looked at that review and says, without approving anything: ${JSON.stringify(resume.comment)}`,
    ),
  ];
}

function findingsText({ findings, earlier = [] }: ReviewBody): string[] {
  const open = toldFindings(findings, FINDINGS_BYTES, ({ id }) =>
    earlier
      .filter((one) => one.finding_id === id && one.verdict === 'open')
      .map(({ reason }) => `  The critic on your answer: ${JSON.stringify(reason)}`),
  );
  const closed = earlier
    .filter((one) => one.verdict !== 'open')
    .slice(-CLOSED)
    .map(
      (one) => `${one.finding_id} ${one.verdict} in attempt ${one.round}${one.path === undefined ? '' : ` ${one.path}`}: ${one.message}`,
    );
  return [
    ...(findings.length === 0
      ? []
      : [`Open findings of the last review; mend each and answer each by its id in submit_build.answers:\n${open}`]),
    ...(closed.length === 0 ? [] : [`Closed findings; keep them closed:\n${closed.join('\n')}`]),
  ];
}

async function rejectionText(session: Session, rejection: FileRef | null): Promise<string[]> {
  if (rejection === null) return [];
  const { comment } = await bodyOf(session, rejection, approvalBodySchema);
  return [`A person rejected the last candidate. Their words: ${JSON.stringify(comment)}. The files are as the last attempt left them.`];
}
