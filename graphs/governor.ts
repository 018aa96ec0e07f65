/** The whole flow on one page. It never changes; what varies lives inside the stages. */
import { END, START, StateGraph } from '@langchain/langgraph';
import { approveBudgetNode } from '../nodes/approve/approve-budget.ts';
import { approvePlanNode } from '../nodes/approve/approve-plan.ts';
import { approveReleaseNode } from '../nodes/approve/approve-release.ts';
import { baselineNode } from '../nodes/baseline/baseline.ts';
import { deployNode } from '../nodes/deploy/deploy.ts';
import { verifyNode } from '../nodes/deploy/verify.ts';
import { haltNode } from '../nodes/halt/halt.ts';
import { planNode } from '../nodes/plan/plan.ts';
import { reviewCriticNode } from '../nodes/review/critic.ts';
import { reviewRulesNode } from '../nodes/review/rules.ts';
import type { FindSession } from '../nodes/session.ts';
import { GovernorInput, GovernorState, type State } from '../nodes/state.ts';
import { builderGraph, buildNode } from './builder.ts';

/** A total, pure router: the named edge that the node chose, else `halt`. A router must never throw (langgraph#8834). */
function choose<const Name extends string>(...names: readonly Name[]): (state: State) => Name | 'halt' {
  return (state) => names.find((name) => name === state.route) ?? 'halt';
}

/** The uncompiled governor; the caller gives the checkpointer. */
export function governorGraph(find: FindSession) {
  const builder = builderGraph(find);
  return new StateGraph({ stateSchema: GovernorState, input: GovernorInput })
    .addNode('baseline', baselineNode(find))
    .addNode('plan', planNode(find))
    .addNode('approve_plan', approvePlanNode(find))
    .addNode('build', buildNode(find, builder), { subgraphs: [builder] })
    .addNode('review_rules', reviewRulesNode(find))
    .addNode('review_critic', reviewCriticNode(find))
    .addNode('approve_release', approveReleaseNode(find))
    .addNode('approve_budget', approveBudgetNode(find))
    .addNode('deploy', deployNode(find))
    .addNode('verify', verifyNode(find))
    .addNode('halt', haltNode(find))
    .addEdge(START, 'baseline')
    .addConditionalEdges('baseline', choose('plan'), ['plan', 'halt'])
    .addConditionalEdges('plan', choose('approve_plan', 'approve_budget'), ['approve_plan', 'approve_budget', 'halt'])
    .addConditionalEdges('approve_plan', choose('build', 'plan', 'approve_plan'), ['build', 'plan', 'approve_plan', 'halt'])
    .addConditionalEdges('build', choose('review_rules', 'approve_budget'), ['review_rules', 'approve_budget', 'halt'])
    .addConditionalEdges('review_rules', choose('review_critic', 'approve_release', 'build'), [
      'review_critic',
      'approve_release',
      'build',
      'halt',
    ])
    .addConditionalEdges('review_critic', choose('approve_release', 'build', 'approve_budget'), [
      'approve_release',
      'build',
      'approve_budget',
      'halt',
    ])
    .addConditionalEdges('approve_release', choose('deploy', 'build', 'approve_release'), ['deploy', 'build', 'approve_release', 'halt'])
    .addConditionalEdges('approve_budget', choose('plan', 'build', 'review_critic', 'approve_budget'), [
      'plan',
      'build',
      'review_critic',
      'approve_budget',
      'halt',
    ])
    .addConditionalEdges('deploy', choose('verify', 'review_rules', 'approve_release'), [
      'verify',
      'review_rules',
      'approve_release',
      'halt',
    ])
    .addConditionalEdges('verify', choose('end'), { end: END, halt: 'halt' })
    .addEdge('halt', END);
}
