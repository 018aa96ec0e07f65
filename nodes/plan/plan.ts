/** The planner: explores and runs commands in a tree that is thrown away, and hands over a typed plan. */
import { approvalBodySchema, FILES, type FileRef, type PlanBody, planBodySchema, planProblems } from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { runAgent } from '../agent.ts';
import { governorNode } from '../governor-node.ts';
import { planMarkdown } from '../markdown.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { FRESH_AGENT, note } from '../state.ts';

const contract = contractOf('planner', import.meta.url);

/** The `plan` node. */
export const planNode = (find: FindSession) =>
  governorNode(find, 'plan', async (session, state) => {
    const inputs: FileRef[] = [session.facts.requestRef, ...(state.rejection === null ? [] : [state.rejection])];
    const done = await runStage<PlanBody>(session, {
      stage: 'plan',
      kind: 'plan',
      inputs,
      file: STAGE_TABLE.plan.file,
      schema: planBodySchema,
      madeBy: 'agent:planner',
      work: (attempt) => makePlan(session, attempt, state.rejection, state.planFile),
      beside: async (attempt, body) => [{ path: FILES.plan(attempt).replace(/json$/, 'md'), text: planMarkdown(attempt, body) }],
    });
    return {
      planFile: done.ref,
      planApproval: null,
      rejection: null,
      stop: null,
      route: 'approve_plan',
      notes: note('plan', done.attempt, `Plan ${done.attempt}: ${done.body.summary}`),
    };
  });

async function makePlan(session: Session, attempt: number, rejection: FileRef | null, before: FileRef | null): Promise<PlanBody> {
  const { base } = session.facts.request;
  const tree = await session.places.repository.treeOf(base);
  const folder = session.places.workFolder(`plan-${attempt}`);
  const workTree = await session.places.repository.checkout(tree, folder);
  try {
    const end = await runAgent(
      {
        session,
        stage: 'plan',
        attempt,
        role: 'planner',
        agent: '-',
        contract,
        brief: await oriented(session, { role: 'planner', base, near: [] }, await briefOf(session, attempt, rejection, before)),
        workTree,
        handoff: async (_name, input) => {
          const plan = planBodySchema.parse(input);
          const problems = planProblems(plan);
          if (problems.length > 0) return { ok: false, content: JSON.stringify({ error: problems.join('; ') }) };
          return { ok: true, content: JSON.stringify({ accepted: true }) };
        },
      },
      FRESH_AGENT,
    );
    // The transcript holds what was handed over; a replay takes it from there, without a second judgement.
    return planBodySchema.parse(
      JSON.parse(end.submission ?? '', (_key, value: unknown) => (typeof value === 'string' ? session.doors.redact(value) : value)),
    );
  } finally {
    await workTree.remove();
  }
}

async function briefOf(session: Session, attempt: number, rejection: FileRef | null, before: FileRef | null): Promise<string> {
  const parts = [`This is plan ${attempt}. Look at the repository with your tools, then hand over with submit_plan.`];
  if (session.facts.config.protect.length > 0) {
    parts.push(
      `Protected paths (a person must approve changes there): ${session.facts.config.protect.flatMap((rule) => rule.paths).join(', ')}.`,
    );
  }
  if (rejection !== null) {
    const approval = await bodyOf(session, rejection, approvalBodySchema);
    parts.push(`A person answered your earlier plan (${approval.decision}): ${JSON.stringify(approval.comment)}`);
    if (before !== null) parts.push(`The earlier plan was: ${JSON.stringify(await bodyOf(session, before, planBodySchema))}`);
  }
  return parts.join('\n\n');
}
