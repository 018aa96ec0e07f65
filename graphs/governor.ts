/** The whole flow on one page: who works at each stage. Where a stage leads is its row in `domain/stages.ts`. */
import { END, START, StateGraph } from '@langchain/langgraph';
import { edgesOf, STAGES, type Stage } from '../domain/stages.ts';
import { approveBudgetNode } from '../nodes/approve/approve-budget.ts';
import { approvePlanNode } from '../nodes/approve/approve-plan.ts';
import { approveReleaseNode } from '../nodes/approve/approve-release.ts';
import { baselineNode } from '../nodes/baseline/baseline.ts';
import { deployNode } from '../nodes/deploy/deploy.ts';
import { verifyNode } from '../nodes/deploy/verify.ts';
import { haltNode } from '../nodes/halt/halt.ts';
import { planNode, planner } from '../nodes/plan/plan.ts';
import { critic, reviewCriticNode } from '../nodes/review/critic.ts';
import { reviewRulesNode } from '../nodes/review/rules.ts';
import type { FindSession } from '../nodes/session.ts';
import { GovernorInput, GovernorState, type State } from '../nodes/state.ts';
import { agentGraph } from './agent.ts';
import { builderGraph, buildNode } from './builder.ts';
import { described } from './described.ts';

/**
 * The router of a stage, total and pure: the edge that its node chose. A name that is no edge goes to `halt`, which stops the run
 * with `INTERNAL` and tells the name, since a router must never throw (langgraph#8834).
 */
function choose(stage: Stage) {
  const edges = edgesOf(stage);
  return (state: State) => edges.find((edge) => edge === state.route) ?? 'halt';
}

/** The places that the edges of a stage lead to, by their names. */
const placesOf = (stage: Stage) => Object.fromEntries(edgesOf(stage).map((edge) => [edge, edge === 'end' ? END : edge] as const));

/** What a thread is started with. */
export const START_SCHEMA = {
  type: 'object',
  properties: {
    goal: { type: 'string', description: 'What is to be changed.' },
    repo: { type: 'string', description: 'A repository that this server names, or for its own operator an absolute path.' },
  },
  required: ['goal'],
} as const;

/**
 * The uncompiled governor; the caller gives the checkpointer.
 *
 *     baseline > plan > approve_plan > build > review_rules > review_critic > approve_release > deploy > verify > end
 *
 * A gate can send back to the stage before it, a review to `build`, `deploy` to `review_rules` when the base moved; what stops for money
 * goes through `approve_budget` and comes back; every stage can `halt`.
 */
export function governorGraph(find: FindSession) {
  const plans = agentGraph(find, 'planner', planner);
  const builder = builderGraph(find);
  const judges = agentGraph(find, 'critic', critic);
  const graph = described(new StateGraph({ stateSchema: GovernorState, input: GovernorInput }), {
    state: Object.keys(GovernorState.spec),
    input: START_SCHEMA,
  })
    .addNode('baseline', baselineNode(find))
    .addNode('plan', planNode(find, plans), { subgraphs: [plans] })
    .addNode('approve_plan', approvePlanNode(find))
    .addNode('build', buildNode(find, builder), { subgraphs: [builder] })
    .addNode('review_rules', reviewRulesNode(find))
    .addNode('review_critic', reviewCriticNode(find, judges), { subgraphs: [judges] })
    .addNode('approve_release', approveReleaseNode(find))
    .addNode('approve_budget', approveBudgetNode(find))
    .addNode('deploy', deployNode(find))
    .addNode('verify', verifyNode(find))
    .addNode('halt', haltNode(find));
  graph.addEdge(START, 'baseline');
  // A stage of the table that no `addNode` above serves does not compile here.
  for (const stage of STAGES) if (stage !== 'halt') graph.addConditionalEdges(stage, choose(stage), placesOf(stage));
  return graph.addEdge('halt', END);
}
