/** The plan gate: fires by policy, for a question, and when the planner says that no change is needed. */
import { StopError } from '../../domain/errors.ts';
import { FILES, type PlanBody, planBodySchema } from '../../domain/handoff.ts';
import { type Requirement, strictest } from '../../domain/policy.ts';
import type { Vote } from '../../domain/vote.ts';
import { globsOverlap, staticPrefix } from '../../tools/globs.ts';
import { defaultRules } from '../../tools/red-lines.ts';
import { governorNode } from '../governor-node.ts';
import { planMarkdown } from '../markdown.ts';
import { subjectOf } from '../release-subject.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note } from '../state.ts';
import { passGate } from './gate.ts';

/** The `approve_plan` node. */
export const approvePlanNode = (find: FindSession) =>
  governorNode(find, 'approve_plan', async (session, state) => {
    if (state.planFile === null) throw new StopError('HANDOFF_MISSING', 'approve_plan: there is no plan');
    const plan = await bodyOf(session, state.planFile, planBodySchema);
    const rules = await touchedRules(session, plan);
    if (!fires(session, plan, rules.length)) return { route: 'build' };
    const decided = await passGate(
      session,
      {
        gate: 'plan',
        stage: 'approve_plan',
        subject: subjectOf({ base: state.base, plan: state.planFile.sha256, policy: session.facts.request.policy_digest }),
        required: strictest(rules.map((rule) => rule.approvers)),
        shown: {
          summary: plan.summary.slice(0, 800),
          question: plan.question?.slice(0, 400) ?? null,
          red_lines: rules.map((rule) => rule.id).slice(0, 20),
          plan: state.planFile.path,
        },
      },
      [state.planFile],
    );
    if (decided.kind === 'undecided') return { route: 'approve_plan' };
    const { row, number, vote, ref } = decided;
    const said = note('approve_plan', number, `${row.status} by ${vote.by.id}`);
    if (row.status === 'rejected') {
      // A plan that a builder asked for uses up no round of the person.
      const plans = Number(/10-plan\.(\d+)/.exec(state.planFile.path)?.[1] ?? '1') - state.appeals.plan;
      if (plans >= session.facts.limits.reviewRounds)
        throw new StopError(
          'PLAN_REJECTED',
          `plan ${plans} was rejected by ${vote.by.id} and limits.reviewRounds is ${session.facts.limits.reviewRounds}: ${vote.comment}`,
          { evidence: [ref.path] },
        );
      return { planRejection: ref, route: 'plan', notes: said };
    }
    if (row.status === 'edited')
      return {
        planFile: await editedPlan(session, state.planFile, ref, vote),
        planApproval: ref,
        route: 'build',
        notes: said,
      };
    if (plan.no_change !== undefined) return { planApproval: ref, outcome: 'unchanged' as const, route: 'halt', notes: said };
    if (plan.items.length === 0) return { planRejection: ref, route: 'plan', notes: said };
    return { planApproval: ref, route: 'build', notes: said };
  });

function fires(session: Session, plan: PlanBody, redLines: number): boolean {
  if (plan.question !== undefined || plan.no_change !== undefined) return true;
  const when = session.facts.config.plan.approval;
  return when === 'always' || (when === 'on-red-line' && redLines > 0);
}

/**
 * The protected rules that the planned paths may touch; a plan without paths may touch them all. A red line by default counts only where
 * the plan names such a place itself, else every wide plan would ask. It only predicts.
 */
async function touchedRules(session: Session, plan: PlanBody): Promise<{ id: string; approvers: Requirement }[]> {
  const { config, request } = session.facts;
  const planned = plan.items.flatMap((item) => item.paths);
  const anywhere = plan.items.some((item) => item.paths.length === 0);
  const files = (await session.places.repository.listTree(request.base)).map((entry) => entry.path);
  const written = config.protect.filter(
    (rule) => (anywhere && plan.items.length > 0) || planned.some((path) => overlaps(rule.paths, path, files)),
  );
  const named = defaultRules(config);
  const byDefault = planned
    .filter((path) => !written.some((rule) => overlaps(rule.paths, path, files)))
    .flatMap((path) => named(staticPrefix(path)));
  return [...written, ...new Map(byDefault.map((rule) => [rule.id, rule])).values()];
}

const overlaps = (protectedPaths: readonly string[], planned: string, files: readonly string[]): boolean =>
  protectedPaths.some((path) => globsOverlap(planned, path, files));

async function editedPlan(
  session: Session,
  before: { path: string; sha256: string },
  approval: { path: string; sha256: string },
  vote: Vote,
) {
  const done = await runStage(session, {
    stage: 'approve_plan',
    counter: 'plan',
    kind: 'plan',
    inputs: [before, approval],
    file: FILES.plan,
    schema: planBodySchema,
    madeBy: vote.by.id,
    work: async () => planBodySchema.parse(vote.edit),
    beside: async (attempt, body) => [{ path: FILES.plan(attempt).replace(/json$/, 'md'), text: planMarkdown(attempt, body) }],
  });
  return done.ref;
}
