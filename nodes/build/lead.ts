/** The lead: one node asks its model, one acts on its calls, one takes the artifact from disk. */
import { StopError } from '../../domain/errors.ts';
import {
  type BuildBody,
  buildBodySchema,
  FILES,
  type FileRef,
  partBodySchema,
  planBodySchema,
  submitBuildSchema,
} from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { actOnCalls } from '../agent.ts';
import { type AgentSpec, append } from '../agent-spec.ts';
import { askModel } from '../ask.ts';
import { buildBody } from '../candidate.ts';
import { isLeanAt } from '../notes.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';
import { planAlone } from './alone.ts';
import { leadBrief } from './brief.ts';
import { type BuilderNode, builderNode } from './builder-node.ts';
import { judgeDelegation } from './delegate.ts';
import { mergeParts } from './merge.ts';
import { type Builder, buildInputs } from './state.ts';

const contract = contractOf('lead', import.meta.url);

/** `brief`: only where the builder runs by itself. */
export const briefNode = (find: FindSession): BuilderNode => builderNode(find, 'brief', planAlone);

/** `lead`: one model call. */
export const leadNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'lead', async (session, state) => ({ agent: await askModel(await specOf(session, state), state.agent) }));

/** `lead_tools`: the calls of the newest answer, in order. */
export const leadToolsNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'lead_tools', async (session, state) => ({ agent: await actOnCalls(await specOf(session, state), state.agent) }));

/** `merge`: the parts of a delegation become one tree, the lead's files follow, and its call gets its answer. */
export const mergeNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'merge', async (session, state) => {
    const { delegation, head } = state.agent;
    if (state.stop !== null || delegation === null) return {};
    const merged = await mergeParts(session, state);
    await (await workTreeOf(session, state)).restore(merged.tree);
    const row = await append({ session, agent: 'lead' }, head, {
      role: 'tool',
      toolCallId: delegation.callId,
      toolName: 'delegate',
      content: merged.answer,
    });
    const parts = [...state.agent.parts, ...state.parts.filter((part) => part.id.startsWith(`w${state.agent.calls}.`))];
    return { agent: { ...state.agent, head: row.id, tree: merged.tree, phase: 'model', delegation: null, parts } };
  });

/** `artifact`: the governor snapshots the tree and writes `20-build.<attempt>.json` with its patch. */
export const artifactNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'artifact', async (session, state) => {
    const workTree = await workTreeOf(session, state);
    const done = await runStage<BuildBody>(session, {
      stage: 'build',
      kind: 'build',
      inputs: buildInputs(state),
      file: STAGE_TABLE.build.file,
      schema: buildBodySchema,
      madeBy: 'agent:lead',
      work: async (attempt) => {
        const submission = submitBuildSchema.parse(JSON.parse(state.agent.submission ?? '{}'));
        const spent = await session.stores.ledger.totals(session.facts.threadId, `agent:build:${attempt}:lead`);
        return buildBody(session, {
          attempt,
          base: state.base,
          before: state.startTree,
          tree: await workTree.snapshot(),
          plan: await planOf(session, state),
          summary: session.doors.redact(submission.summary),
          answers: submission.answers ?? [],
          agents: [
            { id: 'lead', title: 'lead', status: 'done', steps: state.agent.calls, cost_micro_usd: spent.settled.costMicroUsd, part: '' },
            ...(await Promise.all(state.agent.parts.map((part) => agentLine(session, part.ref)))),
          ],
        });
      },
      beside: async (attempt, body) => [
        {
          path: FILES.patch(attempt),
          text: await session.places.repository.patch(await session.places.repository.treeOf(body.base), body.tree),
        },
      ],
    });
    await removeWorkTree(session, workTreeName(state));
    return { build: done.ref };
  });

async function agentLine(session: Session, ref: FileRef): Promise<BuildBody['agents'][number]> {
  const { id, title, status, steps, cost_micro_usd } = await bodyOf(session, ref, partBodySchema);
  return { id, title, status, steps, cost_micro_usd, part: ref.path };
}

async function specOf(session: Session, state: Builder): Promise<AgentSpec> {
  return {
    session,
    stage: 'build',
    attempt: state.attempt,
    role: 'lead',
    agent: 'lead',
    contract,
    brief: state.agent.head === null ? await briefOf(session, state) : '',
    workTree: await workTreeOf(session, state),
    handoff: async (name, input) => {
      if (name !== 'delegate') return { ok: true, content: JSON.stringify({ accepted: true }) };
      const plan = await planOf(session, state);
      const planned = plan.items.some((item) => item.paths.length === 0) ? [] : plan.items.flatMap((item) => item.paths);
      const lean = await isLeanAt(session, state.agent.head);
      return judgeDelegation({ session, attempt: state.attempt, call: state.agent.calls, planned, base: state.base, lean }, input);
    },
  };
}

async function briefOf(session: Session, state: Builder): Promise<string> {
  const plan = await planOf(session, state);
  const near = plan.items.flatMap((item) => item.paths);
  return oriented(session, { role: 'lead', base: state.base, near }, await leadBrief(session, { ...state, plan }));
}

async function planOf(session: Session, state: Builder) {
  if (state.plan === null) throw new StopError('HANDOFF_MISSING', 'the builder was started without a plan');
  return bodyOf(session, state.plan, planBodySchema);
}

const workTreeName = ({ attempt }: Builder): string => `build-${attempt}`;

const workTreeOf = (session: Session, state: Builder): Promise<WorkTree> =>
  workTreeAt(session, workTreeName(state), state.agent.tree ?? state.startTree);
