/** The builder started by itself: the goal is its plan, its candidate is neither reviewed nor released. */
import { FILES, type PlanBody, planBodySchema } from '../../domain/handoff.ts';
import { planMarkdown } from '../markdown.ts';
import type { Session } from '../session.ts';
import { attemptOf, runStage } from '../stage.ts';
import { type Builder, type BuilderUpdate, buildInputs } from './state.ts';

/** Writes a plan of one item that is the goal, and allocates the attempt. */
export async function planAlone(session: Session, state: Builder): Promise<BuilderUpdate> {
  const { goal, base } = session.facts.request;
  const done = await runStage<PlanBody>(session, {
    stage: 'plan',
    kind: 'plan',
    inputs: [session.facts.requestRef],
    also: { builder: 'alone' },
    file: FILES.plan,
    schema: planBodySchema,
    madeBy: 'governor',
    work: async () => ({
      summary: 'the goal as it was asked for, without a planner',
      items: [{ id: 'goal', title: 'The goal', goal, paths: ['**'], done_when: ['the configured checks pass'], depends_on: [] }],
      risks: [],
      citations: [],
    }),
    beside: async (attempt, body) => [{ path: FILES.plan(attempt).replace(/json$/, 'md'), text: planMarkdown(attempt, body) }],
  });
  const attempt = await attemptOf(session, 'build', buildInputs({ ...state, plan: done.ref }));
  return { plan: done.ref, attempt, base, startTree: await session.places.repository.treeOf(base), goal, repo: session.facts.request.repo };
}
