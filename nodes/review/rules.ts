/** The first reviewer: rules only. Checks in a fresh checkout, scope, policy, secrets, red lines, weakened tests. */
import { StopError } from '../../domain/errors.ts';
import { type Round, standingOfRules, withUnjudged } from '../../domain/findings.ts';
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
import { isBlocking, openFindings } from '../../domain/waivers.ts';
import { governorNode } from '../governor-node.ts';
import { installedFor } from '../installed.ts';
import { reviewMarkdown } from '../markdown.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note, type State } from '../state.ts';
import { finding } from './checks/check.ts';
import { isUntrusted } from './checks/commands.ts';
import { RULE_CHECKS } from './checks/index.ts';
import { settled, waivedBefore } from './left-to-person.ts';
import { afterRework } from './rework.ts';
import { roundBefore } from './round-before.ts';

/** The `review_rules` node. */
export const reviewRulesNode = (find: FindSession) =>
  governorNode(find, 'review_rules', async (session, state) => {
    if (state.buildFile === null || state.planFile === null) throw new StopError('HANDOFF_MISSING', 'review_rules: there is no build');
    const build = await bodyOf(session, state.buildFile, buildBodySchema);
    const previous = await roundBefore(session, state.review);
    const inputs = [state.planFile, state.buildFile];
    const rules = await runStage<ReviewBody>(session, {
      stage: 'review_rules',
      counter: 'review',
      kind: 'rules',
      inputs,
      file: STAGE_TABLE.review_rules.file,
      schema: reviewBodySchema,
      madeBy: 'governor',
      work: (attempt) =>
        judge(installedFor(session, build.installed), state, { attempt, build, plan: state.planFile as FileRef, previous }), // checked above
    });
    if (rules.body.verdict === 'pass') {
      const open = openFindings(rules.body).map(({ id }) => id);
      const said = open.length === 0 ? 'all rules passed' : `a person must waive ${open.join(', ')}; no other rule objects`;
      return { rules: rules.ref, route: 'review_critic', notes: note('review_rules', rules.attempt, said) };
    }
    const review = await runStage<ReviewBody>(session, {
      stage: 'review_rules',
      counter: 'review-file',
      kind: 'review',
      inputs: [...inputs, rules.ref],
      file: () => FILES.review(rules.attempt),
      schema: reviewBodySchema,
      madeBy: 'governor',
      work: async () => withUnjudged(rules.body, previous),
      beside: async (_n, body) => [{ path: FILES.review(rules.attempt).replace(/json$/, 'md'), text: reviewMarkdown(rules.attempt, body) }],
    });
    return afterRework(session, state, { ref: review.ref, review: review.body, attempt: rules.attempt, previous: previous?.review });
  });

async function judge(
  session: Session,
  state: State,
  work: { attempt: number; build: BuildBody; plan: FileRef; previous: Round | undefined },
): Promise<ReviewBody> {
  const { attempt, build } = work;
  const tree = await session.places.repository.treeOf(build.commit);
  const baseTree = await session.places.repository.treeOf(build.base);
  if (tree !== build.tree) throw new StopError('ARTIFACT_MISMATCH', `${build.commit} has tree ${tree}, the build says ${build.tree}`);
  const changes = await session.places.repository.diff(baseTree, tree);
  const folder = session.places.workFolder(`review-${attempt}`);
  const checkout = await session.places.repository.checkout(tree, folder, session.facts.request.base);
  const checks: CheckResult[] = [];
  const findings: Finding[] = [];
  const redLines: RedLine[] = [];
  const waived = await waivedBefore(session, state, build);
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
      findings.push(...atMost(MAX_FINDINGS, outcome.findings).map((one) => waived({ ...one, message: session.doors.redact(one.message) })));
      redLines.push(...outcome.redLines);
    }
  } finally {
    await checkout.remove();
  }
  await recordRedLines(session, attempt, redLines);
  const isSkipped = (one: Finding): boolean =>
    checks.some((check) => check.status === 'skipped' && check.id === one.source) || (one.source === 'base-tests' && isUntrusted(findings));
  const standing = standingOfRules({ attempt, found: findings, isSkipped }, work.previous);
  return {
    base: build.base,
    commit: build.commit,
    tree,
    checks,
    red_lines: redLines,
    ...standing,
    ...settled(session, state, { checks, findings: standing.findings, previous: work.previous?.review }),
    critic: { called: false, verdict: null },
  };
}

/** Of one rule; no builder mends more at once, and each is looked for among those of the round before. */
const MAX_FINDINGS = 200;

/** The first ones, and one that stands for the others. It blocks where one of them asks for anything. */
function atMost(count: number, found: readonly Finding[]): readonly Finding[] {
  const rest = found.slice(count);
  const worst = rest.find((one) => isBlocking(one) || one.needs_waiver === true) ?? rest[0];
  if (worst === undefined) return found;
  const severity = isBlocking(worst) || worst.needs_waiver === true ? 'blocker' : 'minor';
  const message = `${rest.length} more findings of this rule are not listed; the first ${count} are`;
  return [...found.slice(0, count), finding(worst.source, worst.code, message, { severity })];
}

async function recordRedLines(session: Session, attempt: number, redLines: readonly RedLine[]): Promise<void> {
  const entry = {
    threadId: session.facts.threadId,
    actor: 'governor',
    action: 'red-line',
    stage: 'review_rules',
    code: 'RED_LINE',
  } as const;
  for (const { rule_id: rule, origin, paths } of redLines)
    await session.stores.audit.append({ ...entry, attempt, facts: { rule, origin, paths: paths.slice(0, 20) } });
}
