/** The last reviewer: a model, only after the rules passed. It can lower the verdict, never raise it. */
import { StopError } from '../../domain/errors.ts';
import {
  buildBodySchema,
  FILES,
  type FileRef,
  type Finding,
  planBodySchema,
  type ReviewBody,
  reviewBodySchema,
  type SubmitReview,
  submitReviewSchema,
} from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { type AgentAt, type AgentGraph, type AgentRun, freshRun, runAgentGraph } from '../agent-run.ts';
import { governorNode } from '../governor-node.ts';
import { reviewMarkdown } from '../markdown.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { differenceDigest } from '../release-subject.ts';
import { bodyOf, type FindSession, type NodeConfig, type Session } from '../session.ts';
import { attemptOf, isSinceFork, runStage } from '../stage.ts';
import { note, type State } from '../state.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';
import { afterRework } from './rework.ts';

const contract = contractOf('critic', import.meta.url);
/** How much of the difference the critic sees at once, in bytes; it reads the files for the rest. */
const PATCH_BYTES = 24 * 1024;

/** The `review_critic` node; `graph` is the critic's. */
export const reviewCriticNode = (find: FindSession, graph: AgentGraph) =>
  governorNode(find, 'review_critic', async (session, state, config) => {
    if (state.rules === null || state.buildFile === null || state.planFile === null)
      throw new StopError('HANDOFF_MISSING', 'review_critic: the rules have not passed');
    const rules = await bodyOf(session, state.rules, reviewBodySchema);
    if (rules.verdict !== 'pass')
      throw new StopError('STATE_TAMPERED', `${state.rules.path}: its verdict is ${rules.verdict}; the critic is not called`);
    const inputs = [state.planFile, state.buildFile, state.rules];
    const ruled = Number(/^evidence\/(\d+)\//.exec(state.rules.path)?.[1] ?? '0');
    // Set back to here, it is another review of what the rules found then.
    const attempt = (await isSinceFork(session, state.rules)) ? ruled : await attemptOf(session, 'review', inputs);
    const previous = state.review === null ? undefined : await bodyOf(session, state.review, reviewBodySchema);
    const files = { plan: state.planFile, build: state.buildFile, rules: state.rules };
    const judge = () => judged(session, rules, { graph, input: freshRun(attempt, files), config });
    const done = await runStage<ReviewBody>(session, {
      stage: 'review_critic',
      counter: 'review-file',
      kind: 'review',
      inputs,
      file: () => STAGE_TABLE.review_critic.file(attempt),
      schema: reviewBodySchema,
      madeBy: 'agent:critic',
      work: async () => ((await alreadyJudged(session, state, rules)) ? rules : judge()),
      beside: async (_n, body) => [{ path: FILES.review(attempt).replace(/json$/, 'md'), text: reviewMarkdown(attempt, body) }],
    });
    if (done.body.verdict !== 'pass') return afterRework(session, state, { ref: done.ref, review: done.body, attempt, previous });
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

interface Asked {
  readonly graph: AgentGraph;
  readonly input: AgentRun;
  readonly config: NodeConfig;
}

async function judged(session: Session, rules: ReviewBody, { graph, input, config }: Asked): Promise<ReviewBody> {
  try {
    const { submission } = await runAgentGraph(session, graph, input, config);
    return lowered(session, rules, submitReviewSchema.parse(JSON.parse(submission ?? '')));
  } finally {
    await removeWorkTree(session, workTreeName(input.attempt));
  }
}

const workTreeName = (attempt: number): string => `critic-${attempt}`;

/** The critic, as its graph asks for it at every step. */
export const critic: AgentAt = {
  stage: 'review_critic',
  specOf: async (session, { attempt, files, agent }) => {
    const rules = await bodyOf(session, given(files['rules']), reviewBodySchema);
    return {
      session,
      stage: 'review_critic',
      attempt,
      role: 'critic',
      agent: '-',
      contract,
      brief: agent.head === null ? await oriented(session, await placeOf(session, files), await briefOf(session, files, rules)) : '',
      workTree: await workTreeAt(session, workTreeName(attempt), agent.tree ?? rules.tree),
      handoff: async () => ({ ok: true, content: JSON.stringify({ accepted: true }) }),
    };
  },
};

function given(ref: FileRef | null | undefined): FileRef {
  if (ref === null || ref === undefined) throw new StopError('HANDOFF_MISSING', 'review_critic: there is no build');
  return ref;
}

/** The rules' verdict lowered by the critic's; a serious finding is a rework whatever verdict stands beside it. */
function lowered(session: Session, rules: ReviewBody, submitted: SubmitReview): ReviewBody {
  const findings: Finding[] = submitted.findings.map((finding) => ({
    id: `C-${digestOf(finding).slice(0, 10)}`,
    source: 'critic',
    severity: finding.severity,
    code: 'REVIEW_REJECTED',
    ...(finding.path === undefined ? {} : { path: finding.path }),
    ...(finding.line === undefined ? {} : { line: finding.line }),
    message: session.doors.redact(finding.message),
  }));
  const serious = findings.some((finding) => finding.severity !== 'minor');
  const verdict = submitted.verdict === 'pass' && serious ? 'rework' : submitted.verdict;
  return { ...rules, verdict, findings: [...rules.findings, ...findings], critic: { called: true, verdict } };
}

async function placeOf(session: Session, files: AgentRun['files']) {
  const { base, changes } = await bodyOf(session, given(files['build']), buildBodySchema);
  return { role: 'critic', base, near: changes.map(({ path }) => path) } as const;
}

async function briefOf(session: Session, files: AgentRun['files'], rules: ReviewBody): Promise<string> {
  const plan = await bodyOf(session, given(files['plan']), planBodySchema);
  const build = await bodyOf(session, given(files['build']), buildBodySchema);
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
