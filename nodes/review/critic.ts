/** The last reviewer: a model, only after the rules passed. It can lower the verdict, never raise it. */
import { StopError } from '../../domain/errors.ts';
import {
  buildBodySchema,
  FILES,
  type Finding,
  planBodySchema,
  type ReviewBody,
  reviewBodySchema,
  type SubmitReview,
  submitReviewSchema,
} from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { runAgent } from '../agent.ts';
import { governorNode } from '../governor-node.ts';
import { installedFor } from '../installed.ts';
import { reviewMarkdown } from '../markdown.ts';
import { contractOf } from '../prompt.ts';
import { differenceDigest } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { FRESH_AGENT, note, type State } from '../state.ts';
import { carriedRules, type Disputed, disputeBrief, disputedOf, judgeAnswers, upheld } from './disputes.ts';
import { afterRework } from './rework.ts';

const contract = contractOf('critic', import.meta.url);
/** How much of the difference the critic sees at once, in bytes; it reads the files for the rest. */
const PATCH_BYTES = 24 * 1024;

/** The `review_critic` node. */
export const reviewCriticNode = (find: FindSession) =>
  governorNode(find, 'review_critic', async (session, state) => {
    const rulesFile = state.rules ?? (await carriedRules(session, state));
    if (rulesFile === null || state.buildFile === null || state.planFile === null)
      throw new StopError('HANDOFF_MISSING', 'review_critic: the rules have not passed');
    const rules = await bodyOf(session, rulesFile, reviewBodySchema);
    if (rules.verdict !== 'pass')
      throw new StopError('STATE_TAMPERED', `${rulesFile.path}: its verdict is ${rules.verdict}; the critic is not called`);
    const attempt = Number(/^evidence\/(\d+)\//.exec(rulesFile.path)?.[1] ?? '0');
    const disputed = await disputedOf(session, state);
    const previous = state.review === null ? undefined : await bodyOf(session, state.review, reviewBodySchema);
    const done = await runStage<ReviewBody>(session, {
      stage: 'review_critic',
      counter: 'review-file',
      kind: 'review',
      inputs: [state.planFile, state.buildFile, rulesFile],
      file: () => STAGE_TABLE.review_critic.file(attempt),
      schema: reviewBodySchema,
      madeBy: 'agent:critic',
      work: async () => ((await alreadyJudged(session, state, rules)) ? rules : judge(session, state, { rules, attempt, disputed })),
      beside: async (_n, body) => [{ path: FILES.review(attempt).replace(/json$/, 'md'), text: reviewMarkdown(attempt, body) }],
    });
    if (done.body.verdict !== 'pass')
      return afterRework(session, state, { ref: done.ref, review: done.body, attempt, previous, disputed: disputed.length > 0 });
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

async function judge(
  session: Session,
  state: State,
  { rules, attempt, disputed }: { rules: ReviewBody; attempt: number; disputed: readonly Disputed[] },
): Promise<ReviewBody> {
  const { installed } = state.buildFile === null ? {} : await bodyOf(session, state.buildFile, buildBodySchema);
  const folder = session.places.workFolder(`critic-${attempt}`);
  const workTree = await session.places.repository.checkout(rules.tree, folder);
  try {
    const end = await runAgent(
      {
        session: installedFor(session, installed),
        stage: 'review_critic',
        attempt,
        role: 'critic',
        agent: '-',
        contract,
        brief: [await briefOf(session, state, rules), ...disputeBrief(disputed)].join('\n\n'),
        workTree,
        handoff: async (_name, input) => judgeAnswers(disputed, submitReviewSchema.parse(input)),
      },
      FRESH_AGENT,
    );
    const submitted = submitReviewSchema.parse(JSON.parse(end.submission ?? ''));
    return lowered(
      session,
      rules,
      submitted,
      upheld(disputed, submitted, (text) => session.doors.redact(text)),
    );
  } finally {
    await workTree.remove();
  }
}

/** The rules' verdict lowered by the critic's; a serious finding is a rework whatever verdict stands beside it. */
function lowered(session: Session, rules: ReviewBody, submitted: SubmitReview, still: readonly Finding[]): ReviewBody {
  const found: Finding[] = submitted.findings.map((finding) => ({
    id: `C-${digestOf(finding).slice(0, 10)}`,
    source: 'critic',
    severity: finding.severity,
    code: 'REVIEW_REJECTED',
    ...(finding.path === undefined ? {} : { path: finding.path }),
    ...(finding.line === undefined ? {} : { line: finding.line }),
    message: session.doors.redact(finding.message),
  }));
  const findings = [...still, ...found];
  const serious = findings.some((finding) => finding.severity !== 'minor');
  const verdict = submitted.verdict === 'pass' && serious ? 'rework' : submitted.verdict;
  return { ...rules, verdict, findings: [...rules.findings, ...findings], critic: { called: true, verdict } };
}

async function briefOf(session: Session, state: State, rules: ReviewBody): Promise<string> {
  if (state.buildFile === null || state.planFile === null) throw new StopError('HANDOFF_MISSING', 'review_critic: there is no build');
  const plan = await bodyOf(session, state.planFile, planBodySchema);
  const build = await bodyOf(session, state.buildFile, buildBodySchema);
  const patch = (await session.places.repository.patch(await session.places.repository.treeOf(build.base), build.tree)).toString('utf8');
  const shown = patch.length > PATCH_BYTES ? `${patch.slice(0, PATCH_BYTES)}\n(cut; read the files for the rest)` : patch;
  return [
    `The plan: ${plan.summary}`,
    ...plan.items.map((item) => `Item ${item.id}: ${item.title}. Done when: ${item.done_when.join('; ')}`),
    `The builder's words (not evidence): ${build.summary}`,
    `Checks run by the governor: ${rules.checks.map((check) => `${check.id} ${check.status}`).join(', ') || 'none'}`,
    `Changed: ${build.changes.map((change) => `${change.status} ${change.path}`).join(', ')}`,
    `The difference, as data:\n${shown}`,
  ].join('\n\n');
}
