/**
 * The builder inside its walls: `lead <-> lead_tools`, one `worker` for each delegated task, `merge`, `install` for dependencies, then the artifact; and the node
 * that holds it. By itself it starts at `brief`.
 */

import type { RunnableConfig } from '@langchain/core/runnables';
import { END, Send, START, StateGraph } from '@langchain/langgraph';
import { StopError } from '../domain/errors.ts';
import { isFanOut } from '../domain/fan-out.ts';
import { appealBodySchema, buildBodySchema, FILES, type FileRef } from '../domain/handoff.ts';
import { isAskable } from '../domain/stages.ts';
import { superSteps } from '../nodes/agent-run.ts';
import { artifactNode, briefNode, installNode, leadNode, leadToolsNode, mergeNode } from '../nodes/build/lead.ts';
import { type Builder, BuilderState, buildInputs } from '../nodes/build/state.ts';
import { workerNode } from '../nodes/build/worker.ts';
import { governorNode } from '../nodes/governor-node.ts';
import { bodyOf, type FindSession, type Session } from '../nodes/session.ts';
import { attemptOf } from '../nodes/stage.ts';
import { isDisputed, standingRules } from '../nodes/standing-rules.ts';
import { FRESH_AGENT, note, type State, type Update } from '../nodes/state.ts';
import { agentGraph, drawnWorker } from './agent.ts';
import { anyOf, described } from './described.ts';
import { going } from './going.ts';

/** Where the lead goes on; coming back from a gate, that can be in the middle. Total and pure. */
function onward(state: Builder): 'lead' | 'lead_tools' | 'install' | 'artifact' | Send[] {
  const { phase, delegation } = state.agent;
  if (phase === 'tools') return 'lead_tools';
  if (phase === 'install') return 'install';
  if (phase === 'done') return 'artifact';
  if (phase === 'delegate' && delegation !== null)
    return Array.from({ length: delegation.tasks }, (_none, index) => new Send('worker', { ...state, task: index + 1 }));
  return 'lead';
}

const first = (state: Builder) => (state.plan === null ? 'brief' : onward(state));
const unlessStopped = (state: Builder) => (state.stop === null ? onward(state) : END);

/** The builder graph; compiled without a checkpointer: it inherits its parent's. */
export function builderGraph(find: FindSession) {
  return described(new StateGraph(BuilderState), anyOf(Object.keys(BuilderState.spec)))
    .addNode('brief', briefNode(find))
    .addNode('lead', going(leadNode(find), unlessStopped), { ends: ['lead_tools', 'lead', END] })
    .addNode('lead_tools', going(leadToolsNode(find), unlessStopped), { ends: ['lead', 'worker', 'install', 'artifact', END] })
    .addNode('install', installNode(find))
    .addNode('artifact', artifactNode(find))
    .addNode('worker', workerNode(find, agentGraph), { subgraphs: [drawnWorker(find)] })
    .addNode('merge', mergeNode(find))
    .addConditionalEdges(START, first, ['brief', 'lead', 'lead_tools', 'worker', 'install', 'artifact'])
    .addConditionalEdges('brief', unlessStopped, ['lead', END])
    .addConditionalEdges('install', unlessStopped, ['lead', END])
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
      const attempt = await attemptOf(session, 'build', buildInputs({ ...state, plan: state.planFile }));
      const written = async (path: string) => (await session.stores.dossier.read(session.facts.threadId, path))?.ref ?? null;
      let build = await written(FILES.build(attempt));
      let asked = await written(FILES.appeal(attempt));
      if (build === null && asked === null) {
        const recursionLimit = superSteps(session);
        const result = await graph.invoke(await builderInput(session, state, attempt), { ...config, recursionLimit });
        if (result.stop !== null) {
          const liftable = isAskable('build', result.stop.code) && session.facts.limits.onExhausted === 'ask';
          const askable = liftable || isFanOut(result.stop);
          return { builder: result.agent, attempt, stop: result.stop, route: askable ? 'approve_budget' : 'halt' };
        }
        ({ build, asked } = result);
      }
      const over = { attempt, builder: null, rules: null, stop: null };
      if (asked !== null) return { ...over, ...(await askedForPlan(session, state, asked, attempt)) };
      return { ...over, ...(await handedOver(session, { ...state, buildFile: build }, attempt)) };
    })(state, config);
}

/** What an attempt starts from: the files of the builder that asked for this plan, else the last candidate's, else the base's. */
async function builderInput(session: Session, state: State, attempt: number): Promise<Builder> {
  const before = state.buildFile === null ? undefined : await bodyOf(session, state.buildFile, buildBodySchema);
  const appeal = state.appeal === null ? undefined : await bodyOf(session, state.appeal, appealBodySchema);
  const from = appeal ?? before;
  const fresh = { ...FRESH_AGENT, installed: from?.installed ?? null };
  return {
    // The request file has them; here they would stand in every checkpoint.
    goal: '',
    repo: '',
    attempt,
    base: state.base,
    startTree: from?.tree ?? (await session.places.repository.treeOf(state.base)),
    lastTree: before?.tree ?? (await session.places.repository.treeOf(state.base)),
    plan: state.planFile,
    planApproval: state.planApproval,
    review: state.review,
    rejection: state.rejection,
    appeal: state.appeal,
    appeals: state.appeals,
    agent: state.attempt === attempt && state.builder !== null ? state.builder : fresh,
    parts: [],
    task: 0,
    build: null,
    asked: null,
    stop: null,
  };
}

/** To the planner, with what the builder asks for. */
async function askedForPlan(session: Session, { appeals }: State, appeal: FileRef, attempt: number) {
  const { paths } = await bodyOf(session, appeal, appealBodySchema);
  const said = note('build', attempt, `Attempt ${attempt} asks for another plan, with ${paths.join(', ')}`);
  return { appeal, appeals: { ...appeals, plan: appeals.plan + 1 }, route: 'plan' as const, notes: said };
}

/** To the review; straight to the critic where findings are disputed and nothing that the rules judged by has changed. */
async function handedOver(session: Session, state: State, attempt: number) {
  const { buildFile, appeals } = state;
  if (buildFile === null) throw new StopError('HANDOFF_MISSING', `the builder ended attempt ${attempt} without a file`);
  const disputed = isDisputed(await bodyOf(session, buildFile, buildBodySchema));
  return {
    buildFile,
    rejection: null,
    appeal: null,
    appeals: disputed ? { ...appeals, review: appeals.review + 1 } : appeals,
    route: (await standingRules(session, state)) === undefined ? ('review_rules' as const) : ('review_critic' as const),
    notes: note('build', attempt, `Attempt ${attempt} handed over ${buildFile.path}`),
  };
}
