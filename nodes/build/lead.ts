/** The lead: one node asks its model, one acts on its calls, one takes the artifact from disk. */
import { StopError } from '../../domain/errors.ts';
import {
  type BuildBody,
  buildBodySchema,
  FILES,
  type FileRef,
  partBodySchema,
  planBodySchema,
  reviewBodySchema,
} from '../../domain/handoff.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import { isBlocking, leftToPerson } from '../../domain/waivers.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { actOnCalls } from '../agent.ts';
import { type AgentSpec, append } from '../agent-spec.ts';
import { askModel } from '../ask.ts';
import { buildBody, patchOf } from '../candidate.ts';
import { installedFor } from '../installed.ts';
import { isLeanAt } from '../notes.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { bodyOf, type FindSession, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import type { PartRef } from '../state.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';
import { planAlone } from './alone.ts';
import { appealBrief, writeAppeal } from './appeal.ts';
import { afterHandOver, submissionOf } from './blocked.ts';
import { leadBrief } from './brief.ts';
import { type BuilderNode, builderNode } from './builder-node.ts';
import { judgeDelegation } from './delegate.ts';
import { workerId } from './delegating.ts';
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
    const { attempt, startTree, parts: brought } = state;
    const merged = await mergeParts(session, { attempt, tree: state.agent.tree ?? startTree, ids: idsOf(state), parts: brought });
    await session.stores.audit.append(merged.record);
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
    await removeWorkTree(session, workTreeName(state));
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
        answers: (submission.answers ?? []).map((one) => ({ ...one, answer: session.doors.redact(one.answer) })),
        disputes: masked(session, submission.disputes ?? []),
        insists: await isForPerson(session, state.review),
        installed: state.agent.installed,
        agents: [
          { id: 'lead', title: 'lead', status: 'done', steps: state.agent.calls, cost_micro_usd: spent.settled.costMicroUsd, part: '' },
          ...(await agentLines(session, state.agent.parts)),
        ],
      });
    },
    beside: async (attempt, body) => [{ path: FILES.patch(attempt), text: await patchOf(session, body) }],
  });
  return done.ref;
}

/** Were the last findings that block all of those that a person may waive? */
async function isForPerson(session: Session, review: FileRef | null): Promise<boolean> {
  if (review === null) return false;
  const { findings } = await bodyOf(session, review, reviewBodySchema);
  return findings.some(isBlocking) && leftToPerson(findings) !== undefined;
}

const masked = (session: Session, disputes: NonNullable<BuildBody['disputes']>) =>
  disputes.map((dispute) => ({ ...dispute, evidence: session.doors.redact(dispute.evidence) }));

/** Each sub-agent, and behind it its own. */
async function agentLines(session: Session, parts: readonly PartRef[]): Promise<BuildBody['agents']> {
  const lines: BuildBody['agents'] = [];
  for (const { ref } of parts) {
    const { id, title, status, steps, cost_micro_usd, parts: own = [] } = await bodyOf(session, ref, partBodySchema);
    const below = own.map((one) => ({ id: one.id, ref: { path: one.path, sha256: one.sha256 } }));
    lines.push({ id, title, status, steps, cost_micro_usd, part: ref.path }, ...(await agentLines(session, below)));
  }
  return lines;
}

/** The sub-agents of the delegation that is under way. */
const idsOf = ({ agent }: Builder): string[] =>
  Array.from({ length: agent.delegation?.tasks ?? 0 }, (_none, index) => workerId('lead', agent.calls, index + 1));

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
    base: state.base,
    handoff: async (name, input) => {
      const plan = await planOf(session, state);
      if (name !== 'delegate') {
        const tree = await (await workTreeOf(session, state)).current();
        return judgeBuild({ session, state, plan, tree }, input);
      }
      const planned = plan.items.some((item) => item.paths.length === 0) ? [] : plan.items.flatMap((item) => item.paths);
      const lean = await isLeanAt(session, state.agent.head);
      const { attempt, base, agent } = state;
      const by = { parent: 'lead', call: agent.calls, answer: agent.head ?? '', purse: [] };
      return judgeDelegation({ session, attempt, ...by, planned, base, lean }, input);
    },
  };
}

async function briefOf(session: Session, state: Builder): Promise<string> {
  const plan = await planOf(session, state);
  const near = plan.items.flatMap((item) => item.paths);
  const brief = `${await leadBrief(session, { ...state, plan })}${await appealBrief(session, state.appeal ?? null)}`;
  return oriented(session, { role: 'lead', base: state.base, near }, brief);
}

async function planOf(session: Session, state: Builder) {
  if (state.plan === null) throw new StopError('HANDOFF_MISSING', 'the builder was started without a plan');
  return bodyOf(session, state.plan, planBodySchema);
}

const workTreeName = ({ attempt }: Builder): string => `build-${attempt}`;

const workTreeOf = (session: Session, state: Builder): Promise<WorkTree> =>
  workTreeAt(session, workTreeName(state), state.agent.tree ?? state.startTree);
