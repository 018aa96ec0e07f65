/** The last reviewer: a model, only after the rules passed. It can lower the verdict, never raise it. */
import { StopError } from '../../domain/errors.ts';
import { earlierProblems, findingId, standingOfCritic } from '../../domain/findings.ts';
import {
  buildBodySchema,
  FILES,
  type Finding,
  type ReviewBody,
  reviewBodySchema,
  type SubmitReview,
  submitReviewSchema,
} from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { runAgent } from '../agent.ts';
import { governorNode } from '../governor-node.ts';
import { reviewMarkdown } from '../markdown.ts';
import { contractOf } from '../prompt.ts';
import { differenceDigest } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { FRESH_AGENT, note, type State } from '../state.ts';
import { criticBrief, knownFindings, textOf } from './critic-brief.ts';
import { afterRework } from './rework.ts';
import { type RoundBefore, roundBefore } from './round-before.ts';

const contract = contractOf('critic', import.meta.url);

/** The `review_critic` node. */
export const reviewCriticNode = (find: FindSession) =>
  governorNode(find, 'review_critic', async (session, state) => {
    if (state.rules === null || state.buildFile === null || state.planFile === null)
      throw new StopError('HANDOFF_MISSING', 'review_critic: the rules have not passed');
    const rules = await bodyOf(session, state.rules, reviewBodySchema);
    if (rules.verdict !== 'pass')
      throw new StopError('STATE_TAMPERED', `${state.rules.path}: its verdict is ${rules.verdict}; the critic is not called`);
    const attempt = Number(/^evidence\/(\d+)\//.exec(state.rules.path)?.[1] ?? '0');
    const previous = await roundBefore(session, state.review);
    const done = await runStage<ReviewBody>(session, {
      stage: 'review_critic',
      counter: 'review-file',
      kind: 'review',
      inputs: [state.planFile, state.buildFile, state.rules],
      file: () => STAGE_TABLE.review_critic.file(attempt),
      schema: reviewBodySchema,
      madeBy: 'agent:critic',
      work: async () => ((await alreadyJudged(session, state, rules)) ? rules : judge(session, state, { rules, attempt, previous })),
      beside: async (_n, body) => [{ path: FILES.review(attempt).replace(/json$/, 'md'), text: reviewMarkdown(attempt, body) }],
    });
    if (done.body.verdict !== 'pass')
      return afterRework(session, state, { ref: done.ref, review: done.body, attempt, previous: previous?.review });
    return {
      review: done.ref,
      stop: null,
      route: 'approve_release',
      notes: note('review_critic', attempt, `pass with ${done.body.findings.length} minor finding(s)`),
    };
  });

/** The same difference on a moved base was judged and approved before: only the checks had to run again. */
async function alreadyJudged(session: Session, state: State, rules: ReviewBody): Promise<boolean> {
  if (state.releaseApproval === null || state.buildFile === null) return false;
  const build = await bodyOf(session, state.buildFile, buildBodySchema);
  const row = await session.stores.approvals.get(state.releaseApproval);
  return (
    row?.status === 'approved' &&
    row.subject['difference'] === differenceDigest(build.changes) &&
    row.subject['red_lines'] === digestOf(rules.red_lines.map((line) => line.rule_id).toSorted())
  );
}

interface Judging {
  readonly rules: ReviewBody;
  readonly attempt: number;
  readonly previous: RoundBefore | undefined;
}

async function judge(session: Session, state: State, judging: Judging): Promise<ReviewBody> {
  const { rules, attempt, previous } = judging;
  if (state.buildFile === null || state.planFile === null) throw new StopError('HANDOFF_MISSING', 'review_critic: there is no build');
  const folder = session.places.workFolder(`critic-${attempt}`);
  const workTree = await session.places.repository.checkout(rules.tree, folder);
  try {
    const known = await knownFindings(session, previous, rules.tree);
    const end = await runAgent(
      {
        session,
        stage: 'review_critic',
        attempt,
        role: 'critic',
        agent: '-',
        contract,
        brief: await criticBrief(session, { planFile: state.planFile, buildFile: state.buildFile, rules, known }),
        workTree,
        handoff: async (_name, input) => {
          const problems = earlierProblems(known, submitReviewSchema.parse(input).earlier);
          if (problems.length > 0) return { ok: false, content: JSON.stringify({ error: problems.join('; ') }) };
          return { ok: true, content: JSON.stringify({ accepted: true }) };
        },
      },
      FRESH_AGENT,
    );
    return await lowered(session, judging, known, submitReviewSchema.parse(JSON.parse(end.submission ?? '')));
  } finally {
    await workTree.remove();
  }
}

/** The rules' verdict lowered by the critic's; a serious finding is a rework whatever verdict stands beside it. */
async function lowered(session: Session, judging: Judging, known: readonly Finding[], submitted: SubmitReview): Promise<ReviewBody> {
  const { rules, attempt, previous } = judging;
  const found = await Promise.all(submitted.findings.map((finding) => foundBy(session, rules.tree, finding)));
  const given = submitted.earlier.map((one) => ({ ...one, reason: session.doors.redact(one.reason) }));
  const standing = standingOfCritic({ attempt, found, given, known }, rules, previous);
  const serious = standing.findings.some((finding) => finding.severity !== 'minor');
  const verdict = submitted.verdict === 'pass' && serious ? 'rework' : submitted.verdict;
  return { ...rules, verdict, ...standing, critic: { called: true, verdict } };
}

async function foundBy(session: Session, tree: string, submitted: SubmitReview['findings'][number]): Promise<Finding> {
  const { severity, path, line } = submitted;
  const message = session.doors.redact(submitted.message);
  const text = path === undefined || line === undefined ? undefined : await textOf(session, tree, path);
  const anchor = text?.split('\n')[(line ?? 0) - 1];
  return {
    id: findingId('C', { source: 'critic', code: 'REVIEW_REJECTED', path, anchor, what: message }),
    source: 'critic',
    severity,
    code: 'REVIEW_REJECTED',
    ...(path === undefined ? {} : { path }),
    ...(line === undefined ? {} : { line }),
    message,
  };
}
