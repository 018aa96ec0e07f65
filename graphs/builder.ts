/**
 * The builder inside its walls: `lead <-> lead_tools`, one `worker` for each delegated task, `merge`, then the artifact; and the node
 * that holds it. By itself it starts at `brief`.
 */

import type { RunnableConfig } from '@langchain/core/runnables';
import { END, Send, START, StateGraph } from '@langchain/langgraph';
import { isFanOut } from '../domain/fan-out.ts';
import { FILES } from '../domain/handoff.ts';
import { isAskable } from '../domain/stages.ts';
import { artifactNode, briefNode, leadNode, leadToolsNode, mergeNode } from '../nodes/build/lead.ts';
import { type Builder, BuilderState, buildInputs } from '../nodes/build/state.ts';
import { workerNode } from '../nodes/build/worker.ts';
import { governorNode } from '../nodes/governor-node.ts';
import type { FindSession } from '../nodes/session.ts';
import { attemptOf } from '../nodes/stage.ts';
import { FRESH_AGENT, note, type State, type Update } from '../nodes/state.ts';

/** Where the lead goes on; coming back from a gate, that can be in the middle. Total and pure. */
function onward(state: Builder): 'lead' | 'lead_tools' | 'artifact' | Send[] {
  const { phase, delegation } = state.agent;
  if (phase === 'tools') return 'lead_tools';
  if (phase === 'done') return 'artifact';
  if (phase === 'delegate' && delegation !== null)
    return Array.from({ length: delegation.tasks }, (_none, index) => new Send('worker', { ...state, task: index + 1 }));
  return 'lead';
}

const first = (state: Builder) => (state.plan === null ? 'brief' : onward(state));
const unlessStopped = (state: Builder) => (state.stop === null ? onward(state) : END);

/** The builder graph; compiled without a checkpointer: it inherits its parent's. */
export function builderGraph(find: FindSession) {
  return new StateGraph(BuilderState)
    .addNode('brief', briefNode(find))
    .addNode('lead', leadNode(find))
    .addNode('lead_tools', leadToolsNode(find))
    .addNode('artifact', artifactNode(find))
    .addNode('worker', workerNode(find))
    .addNode('merge', mergeNode(find))
    .addConditionalEdges(START, first, ['brief', 'lead', 'lead_tools', 'worker', 'artifact'])
    .addConditionalEdges('brief', unlessStopped, ['lead', END])
    .addConditionalEdges('lead', unlessStopped, ['lead_tools', 'lead', END])
    .addConditionalEdges('lead_tools', unlessStopped, ['lead', 'worker', 'artifact', END])
    .addEdge('worker', 'merge')
    .addConditionalEdges('merge', unlessStopped, ['lead', END])
    .addEdge('artifact', END)
    .compile({ name: 'builder' });
}

type BuilderGraph = ReturnType<typeof builderGraph>;

/** The `build` node: allocates the attempt, runs the builder graph, keeps its pointers in the parent's state. */
export function buildNode(find: FindSession, graph: BuilderGraph) {
  return (state: State, config: RunnableConfig): Promise<Update> =>
    governorNode(find, 'build', async (session) => {
      const inputs = buildInputs({ ...state, plan: state.planFile });
      const attempt = await attemptOf(session, 'build', inputs);
      const file = await session.stores.dossier.read(session.facts.threadId, FILES.build(attempt));
      let build = file?.ref ?? null;
      if (build === null) {
        const before =
          state.buildFile === null ? undefined : await session.stores.dossier.readVerified(session.facts.threadId, state.buildFile);
        const lastTree = (before?.body as { tree?: string } | undefined)?.tree; // written by this runtime, verified by digest
        const input: Builder = {
          // The request file has them; here they would stand in every checkpoint.
          goal: '',
          repo: '',
          attempt,
          base: state.base,
          startTree: lastTree ?? (await session.places.repository.treeOf(state.base)),
          plan: state.planFile,
          planApproval: state.planApproval,
          review: state.review,
          rejection: state.rejection,
          agent: state.attempt === attempt && state.builder !== null ? state.builder : FRESH_AGENT,
          parts: [],
          task: 0,
          build: null,
          stop: null,
        };
        // `recursionLimit`: super-steps of this invocation.
        const result = await graph.invoke(input, { ...config, recursionLimit: session.facts.limits.stepsPerAgent * 4 + 50 });
        if (result.stop !== null) {
          const liftable = isAskable('build', result.stop.code) && session.facts.limits.onExhausted === 'ask';
          const askable = liftable || isFanOut(result.stop);
          return { builder: result.agent, attempt, stop: result.stop, route: askable ? 'approve_budget' : 'halt' };
        }
        build = result.build;
      }
      return {
        buildFile: build,
        attempt,
        builder: null,
        rules: null,
        rejection: null,
        stop: null,
        route: 'review_rules',
        notes: note('build', attempt, `Attempt ${attempt} handed over ${build?.path ?? 'nothing'}`),
      };
    })(state, config);
}
