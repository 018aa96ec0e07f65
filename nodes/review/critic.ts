/** The last reviewer: a model, only after the rules passed. It can lower the verdict, never raise it. */
import { StopError } from '../../domain/errors.ts';
import { earlierProblems, findingId, standingOfCritic } from '../../domain/findings.ts';
import {
  buildBodySchema,
  FILES,
  type FileRef,
  type Finding,
  type ReviewBody,
  reviewBodySchema,
  type SubmitReview,
  submitReviewSchema,
} from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { isBlocking } from '../../domain/waivers.ts';
import { type AgentAt, type AgentGraph, type AgentRun, freshRun, runAgentGraph } from '../agent-run.ts';
import { governorNode } from '../governor-node.ts';
import { installedFor } from '../installed.ts';
import { reviewMarkdown } from '../markdown.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { differenceDigest } from '../release-subject.ts';
import { bodyOf, type FindSession, type NodeConfig, type Session } from '../session.ts';
import { attemptOf, isSinceFork, runStage } from '../stage.ts';
import { note, type State } from '../state.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';
import { criticBrief, knownFindings, textOf } from './critic-brief.ts';
import { carriedRules, isDisputing } from './disputes.ts';
import { afterRework } from './rework.ts';
import { type RoundBefore, roundBefore } from './round-before.ts';

const contract = contractOf('critic', import.meta.url);

/** The `review_critic` node; `graph` is the critic's. */
export const reviewCriticNode = (find: FindSession, graph: AgentGraph) =>
  governorNode(find, 'review_critic', async (session, state, config) => {
    const rulesFile = state.rules ?? (await carriedRules(session, state));
    if (rulesFile === null || state.buildFile === null || state.planFile === null)
      throw new StopError('HANDOFF_MISSING', 'review_critic: the rules have not passed');
    const rules = await bodyOf(session, rulesFile, reviewBodySchema);
    if (rules.verdict !== 'pass')
      throw new StopError('STATE_TAMPERED', `${rulesFile.path}: its verdict is ${rules.verdict}; the critic is not called`);
    const inputs = [state.planFile, state.buildFile, rulesFile];
    const ruled = Number(/^evidence\/(\d+)\//.exec(rulesFile.path)?.[1] ?? '0');
    // Set back to here, it is another review of what the rules found then.
    const attempt = (await isSinceFork(session, rulesFile)) ? ruled : await attemptOf(session, 'review', inputs);
    const previous = await roundBefore(session, state.review);
    const files = { plan: state.planFile, build: state.buildFile, rules: rulesFile, review: state.review };
    const judge = () => judged(session, rules, previous, { graph, input: freshRun(attempt, files), config });
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
    if (done.body.verdict !== 'pass')
      return afterRework(session, state, {
        ref: done.ref,
        review: done.body,
        attempt,
        previous: previous?.review,
        disputed: await isDisputing(session, state),
      });
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

async function judged(session: Session, rules: ReviewBody, previous: RoundBefore | undefined, asked: Asked): Promise<ReviewBody> {
  const { graph, input, config } = asked;
  try {
    const { submission } = await runAgentGraph(session, graph, input, config);
    const submitted = submitReviewSchema.parse(JSON.parse(submission ?? ''));
    return await lowered(session, { attempt: input.attempt, rules, previous }, submitted);
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
    const known = await knownFindings(session, await roundBefore(session, files['review'] ?? null), rules.tree);
    const work = { planFile: given(files['plan']), buildFile: given(files['build']), rules, known };
    const { installed, base, changes } = await bodyOf(session, work.buildFile, buildBodySchema);
    const place = { role: 'critic', base, near: changes.map(({ path }) => path) } as const;
    return {
      session: installedFor(session, installed),
      stage: 'review_critic',
      attempt,
      role: 'critic',
      agent: '-',
      contract,
      brief: agent.head === null ? await oriented(session, place, await criticBrief(session, work)) : '',
      workTree: await workTreeAt(session, workTreeName(attempt), agent.tree ?? rules.tree),
      base: rules.base,
      handoff: async (_name, input) => {
        const problems = earlierProblems(known, submitReviewSchema.parse(input).earlier);
        if (problems.length > 0) return { ok: false, content: JSON.stringify({ error: problems.join('; ') }) };
        return { ok: true, content: JSON.stringify({ accepted: true }) };
      },
    };
  },
};

function given(ref: FileRef | null | undefined): FileRef {
  if (ref === null || ref === undefined) throw new StopError('HANDOFF_MISSING', 'review_critic: there is no build');
  return ref;
}

/** The rules' verdict lowered by the critic's; a serious finding is a rework whatever verdict stands beside it. */
async function lowered(
  session: Session,
  { attempt, rules, previous }: { attempt: number; rules: ReviewBody; previous: RoundBefore | undefined },
  submitted: SubmitReview,
): Promise<ReviewBody> {
  const known = await knownFindings(session, previous, rules.tree);
  const found = await Promise.all(submitted.findings.map((finding) => foundBy(session, rules.tree, finding)));
  const given = submitted.earlier.map((one) => ({ ...one, reason: session.doors.redact(one.reason) }));
  const standing = standingOfCritic({ attempt, found, given, known }, rules, previous);
  const serious = standing.findings.some(isBlocking);
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
