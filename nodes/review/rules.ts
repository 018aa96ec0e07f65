/** The first reviewer: rules only. Checks in a fresh checkout, scope, policy, secrets, red lines, weakened tests. */
import { StopError } from '../../domain/errors.ts';
import {
  type BuildBody,
  buildBodySchema,
  type CheckResult,
  FILES,
  type FileRef,
  type Finding,
  planBodySchema,
  type RedLine,
  type ReviewBody,
  reviewBodySchema,
} from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { governorNode } from '../governor-node.ts';
import { installedFor } from '../installed.ts';
import { reviewMarkdown } from '../markdown.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note } from '../state.ts';
import { RULE_CHECKS } from './checks/index.ts';
import { verdictOf } from './checks/verdict.ts';
import { afterRework } from './rework.ts';

/** The `review_rules` node. */
export const reviewRulesNode = (find: FindSession) =>
  governorNode(find, 'review_rules', async (session, state) => {
    if (state.buildFile === null || state.planFile === null) throw new StopError('HANDOFF_MISSING', 'review_rules: there is no build');
    const build = await bodyOf(session, state.buildFile, buildBodySchema);
    const previous = state.review === null ? undefined : await bodyOf(session, state.review, reviewBodySchema);
    const inputs = [state.planFile, state.buildFile];
    const rules = await runStage<ReviewBody>(session, {
      stage: 'review_rules',
      counter: 'review',
      kind: 'rules',
      inputs,
      file: STAGE_TABLE.review_rules.file,
      schema: reviewBodySchema,
      madeBy: 'governor',
      work: (attempt) => judge(installedFor(session, build.installed), { attempt, build, plan: state.planFile as FileRef, previous }), // checked above
    });
    if (rules.body.verdict === 'pass')
      return { rules: rules.ref, route: 'review_critic', notes: note('review_rules', rules.attempt, 'all rules passed') };
    const review = await runStage<ReviewBody>(session, {
      stage: 'review_rules',
      counter: 'review-file',
      kind: 'review',
      inputs: [...inputs, rules.ref],
      file: () => FILES.review(rules.attempt),
      schema: reviewBodySchema,
      madeBy: 'governor',
      work: async () => rules.body,
      beside: async (_n, body) => [{ path: FILES.review(rules.attempt).replace(/json$/, 'md'), text: reviewMarkdown(rules.attempt, body) }],
    });
    return afterRework(session, state, { ref: review.ref, review: review.body, attempt: rules.attempt, previous });
  });

async function judge(
  session: Session,
  work: { attempt: number; build: BuildBody; plan: FileRef; previous: ReviewBody | undefined },
): Promise<ReviewBody> {
  const { attempt, build } = work;
  const tree = await session.places.repository.treeOf(build.commit);
  const baseTree = await session.places.repository.treeOf(build.base);
  if (tree !== build.tree) throw new StopError('ARTIFACT_MISMATCH', `${build.commit} has tree ${tree}, the build says ${build.tree}`);
  const changes = await session.places.repository.diff(baseTree, tree);
  const folder = session.places.workFolder(`review-${attempt}`);
  const checkout = await session.places.repository.checkout(tree, folder);
  const checks: CheckResult[] = [];
  const findings: Finding[] = [];
  const redLines: RedLine[] = [];
  try {
    for (const check of RULE_CHECKS) {
      session.signal.throwIfAborted();
      const outcome = await check.run({
        session,
        repository: session.places.repository,
        base: { commit: build.base, tree: baseTree },
        candidate: { commit: build.commit, tree },
        changes,
        plan: await bodyOf(session, work.plan, planBodySchema),
        config: session.facts.config,
        checkout,
        attempt,
        findings,
      });
      checks.push(...outcome.results);
      findings.push(...outcome.findings.map((finding) => ({ ...finding, message: session.doors.redact(finding.message) })));
      redLines.push(...outcome.redLines);
    }
  } finally {
    await checkout.remove();
  }
  for (const line of redLines) {
    await session.stores.audit.append({
      threadId: session.facts.threadId,
      actor: 'governor',
      action: 'red-line',
      stage: 'review_rules',
      attempt,
      code: 'RED_LINE',
      facts: { rule: line.rule_id, paths: line.paths.slice(0, 20) },
    });
  }
  return {
    base: build.base,
    commit: build.commit,
    tree,
    verdict: verdictOf(checks, findings),
    checks,
    red_lines: redLines,
    findings,
    critic: { called: false, verdict: null },
  };
}
