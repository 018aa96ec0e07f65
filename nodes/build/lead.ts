/** The lead: one node asks its model, one acts on its calls, one takes the artifact from disk. */
import { StopError } from '../../domain/errors.ts';
import { type BuildBody, buildBodySchema, FILES, type FileRef, partBodySchema, planBodySchema } from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { actOnCalls } from '../agent.ts';
import { type AgentSpec, append } from '../agent-spec.ts';
import { askModel } from '../ask.ts';
import { buildBody } from '../candidate.ts';
import { installedFor } from '../installed.ts';
import { isLeanAt } from '../notes.ts';
import { contractOf } from '../prompt.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { planAlone } from './alone.ts';
import { appealBrief, writeAppeal } from './appeal.ts';
import { afterHandOver, submissionOf } from './blocked.ts';
import { leadBrief } from './brief.ts';
import { type BuilderNode, builderNode } from './builder-node.ts';
import { judgeDelegation } from './delegate.ts';
import { install } from './install.ts';
import { judgeBuild } from './judge-build.ts';
import { mergeParts } from './merge.ts';
import { type Builder, beforeTree, buildInputs } from './state.ts';

const contract = contractOf('lead', import.meta.url);

/** `brief`: only where the builder runs by itself. */
export const briefNode = (find: FindSession): BuilderNode => builderNode(find, 'brief', planAlone);

/** `lead`: one model call. */
export const leadNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'lead', async (session, state) => ({ agent: await askModel(await specOf(session, state), state.agent) }));

/** `lead_tools`: the calls of the newest answer, in order. */
export const leadToolsNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'lead_tools', async (session, state) => {
    const spec = await specOf(installedFor(session, state.agent.installed), state);
    return { agent: afterHandOver(spec, await actOnCalls(spec, state.agent)) };
  });

/** `install`: the dependencies that the lead asked for. */
export const installNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'install', async (session, state) => ({ agent: await install(session, state, await workTreeOf(session, state)) }));

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

/** `artifact`: the governor snapshots the tree and writes `20-build.<attempt>.json` with its patch, or what the lead asks instead. */
export const artifactNode = (find: FindSession): BuilderNode =>
  builderNode(find, 'artifact', async (session, state) => {
    const workTree = await workTreeOf(session, state);
    const submission = submissionOf(state.agent);
    const handed =
      submission.status === 'needs_paths'
        ? { asked: await writeAppeal(session, state, workTree) }
        : { build: await writeBuild(session, state, workTree) };
    session.places.workTrees.delete(workTreeName(state));
    await workTree.remove();
    return handed;
  });

async function writeBuild(session: Session, state: Builder, workTree: WorkTree): Promise<FileRef> {
  const submission = submissionOf(state.agent);
  const done = await runStage<BuildBody>(session, {
    stage: 'build',
    kind: 'build',
    inputs: buildInputs(state),
    file: STAGE_TABLE.build.file,
    schema: buildBodySchema,
    madeBy: 'agent:lead',
    work: async (attempt) => {
      const spent = await session.stores.ledger.totals(session.facts.threadId, `agent:build:${attempt}:lead`);
      return buildBody(session, {
        attempt,
        base: state.base,
        before: beforeTree(state),
        tree: await workTree.snapshot(),
        plan: await planOf(session, state),
        summary: session.doors.redact(submission.summary),
        answers: submission.answers ?? [],
        disputes: masked(session, submission.disputes ?? []),
        installed: state.agent.installed,
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
  return done.ref;
}

const masked = (session: Session, disputes: NonNullable<BuildBody['disputes']>) =>
  disputes.map((dispute) => ({ ...dispute, evidence: session.doors.redact(dispute.evidence) }));

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
      const plan = await planOf(session, state);
      if (name !== 'delegate') {
        const tree = await (await workTreeOf(session, state)).current();
        return judgeBuild({ session, state, plan, tree }, input);
      }
      const planned = plan.items.some((item) => item.paths.length === 0) ? [] : plan.items.flatMap((item) => item.paths);
      const lean = await isLeanAt(session, state.agent.head);
      return judgeDelegation({ session, attempt: state.attempt, call: state.agent.calls, planned, base: state.base, lean }, input);
    },
  };
}

const briefOf = async (session: Session, state: Builder): Promise<string> =>
  `${await leadBrief(session, { ...state, plan: await planOf(session, state) })}${await appealBrief(session, state.appeal ?? null)}`;

async function planOf(session: Session, state: Builder) {
  if (state.plan === null) throw new StopError('HANDOFF_MISSING', 'the builder was started without a plan');
  return bodyOf(session, state.plan, planBodySchema);
}

const workTreeName = ({ attempt }: Builder): string => `build-${attempt}`;

async function workTreeOf(session: Session, state: Builder): Promise<WorkTree> {
  const { repository, workTrees } = session.places;
  const name = workTreeName(state);
  const known = workTrees.get(name);
  if (known !== undefined) return known;
  const tree = state.agent.tree ?? state.startTree;
  const folder = session.places.workFolder(name);
  const workTree = (await reopen(session, folder, tree)) ?? (await repository.checkout(tree, folder));
  workTrees.set(name, workTree);
  return workTree;
}

/** After a crash the folder may be ahead of the checkpoint: it goes back, and the tool door brings recorded effects forward. */
async function reopen(session: Session, folder: string, tree: string): Promise<WorkTree | undefined> {
  try {
    const workTree = await session.places.repository.open(folder);
    await workTree.restore(tree);
    return workTree;
  } catch (error) {
    if (session.signal.aborted) throw error;
    return undefined;
  }
}
