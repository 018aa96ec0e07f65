/** The planner: explores and runs commands in a tree that is thrown away, and hands over a typed plan. */
import { approvalBodySchema, FILES, type FileRef, type PlanBody, planBodySchema, planProblems } from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { type AgentAt, type AgentGraph, type AgentRun, freshRun, runAgentGraph } from '../agent-run.ts';
import { governorNode } from '../governor-node.ts';
import { planMarkdown } from '../markdown.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { note } from '../state.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';

const contract = contractOf('planner', import.meta.url);

/** The `plan` node; `graph` is the planner's. */
export const planNode = (find: FindSession, graph: AgentGraph) =>
  governorNode(find, 'plan', async (session, state, config) => {
    const inputs: FileRef[] = [session.facts.requestRef, ...(state.rejection === null ? [] : [state.rejection])];
    const done = await runStage<PlanBody>(session, {
      stage: 'plan',
      kind: 'plan',
      inputs,
      file: STAGE_TABLE.plan.file,
      schema: planBodySchema,
      madeBy: 'agent:planner',
      work: async (attempt) => {
        const files = { rejection: state.rejection, before: state.planFile };
        try {
          const { submission } = await runAgentGraph(session, graph, freshRun(attempt, files), config);
          // The transcript holds what was handed over; a replay takes it from there, without a second judgement.
          return planBodySchema.parse(
            JSON.parse(submission ?? '', (_key, value: unknown) => (typeof value === 'string' ? session.doors.redact(value) : value)),
          );
        } finally {
          await removeWorkTree(session, workTreeName(attempt));
        }
      },
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

const workTreeName = (attempt: number): string => `plan-${attempt}`;

/** The planner, as its graph asks for it at every step. */
export const planner: AgentAt = {
  stage: 'plan',
  specOf: async (session, { attempt, files, agent }) => {
    const tree = agent.tree ?? (await session.places.repository.treeOf(session.facts.request.base));
    return {
      session,
      stage: 'plan',
      attempt,
      role: 'planner',
      agent: '-',
      contract,
      brief: agent.head === null ? await firstWords(session, attempt, files) : '',
      workTree: await workTreeAt(session, workTreeName(attempt), tree),
      handoff: async (_name, input) => {
        const problems = planProblems(planBodySchema.parse(input));
        if (problems.length > 0) return { ok: false, content: JSON.stringify({ error: problems.join('; ') }) };
        return { ok: true, content: JSON.stringify({ accepted: true }) };
      },
    };
  },
};

async function firstWords(session: Session, attempt: number, files: AgentRun['files']): Promise<string> {
  const brief = await briefOf(session, attempt, files['rejection'] ?? null, files['before'] ?? null);
  return oriented(session, { role: 'planner', base: session.facts.request.base, near: [] }, brief);
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
