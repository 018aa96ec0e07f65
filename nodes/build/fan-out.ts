/** A sub-agent's own delegation: the nodes in which its sub-agents work, and the one that merges their parts into its files. */

import { StopError } from '../../domain/errors.ts';
import { type DelegateTask, delegateSchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { rowOf } from '../../domain/transcript.ts';
import type { AgentRun, AgentUpdate, Delegates } from '../agent-run.ts';
import type { Place } from '../line.ts';
import { nodeDoor } from '../node-door.ts';
import type { FindSession, NodeConfig, Session } from '../session.ts';
import { type AgentState, agentOf, type PartRef } from '../state.ts';
import { workTreeAt } from '../work-tree.ts';
import { workerId } from './delegating.ts';
import { type Job, jobBelow, workTreeName } from './job.ts';
import { mergeParts } from './merge.ts';

/** The tasks of a delegation, from the recorded answer that holds it. */
export async function tasksOf(session: Session, delegation: AgentState['delegation']): Promise<DelegateTask[]> {
  const rows = delegation === null ? [] : await session.stores.transcripts.chain(session.facts.threadId, delegation.answer);
  const message = rows.at(-1)?.message;
  const call = message?.role === 'assistant' ? message.toolCalls.find((one) => one.id === delegation?.callId) : undefined;
  if (call === undefined) throw new StopError('STATE_TAMPERED', 'the builder delegates, but its transcript has no such call');
  return delegateSchema.parse(JSON.parse(call.arguments)).tasks;
}

/** The task that a node is for. @throws StopError `STATE_TAMPERED`. */
export async function taskAt(session: Session, { delegation }: AgentState, { index, id }: { index: number; id: string }) {
  const task = (await tasksOf(session, delegation))[index - 1];
  if (task === undefined) throw new StopError('STATE_TAMPERED', `${id}: the delegation has no such task`);
  return task;
}

/** Who delegates. */
export interface Parent {
  readonly job: Job;
  /** Its sub-agents work there while it waits for them. */
  readonly place: Place;
  /** Does one task, or finds it done. */
  readonly part: (job: Job, at: { readonly config: NodeConfig; readonly place: Place }) => Promise<PartRef>;
}

/** Each part is a file and the fan-in a journaled effect, so that a restart repeats neither. */
export function delegatesOf(find: FindSession, parent: Parent): Delegates {
  const door = (name: string, run: (session: Session, state: AgentRun, config: NodeConfig) => Promise<AgentUpdate>) =>
    nodeDoor<Session, AgentRun, AgentUpdate>(find, {
      stage: 'build',
      name,
      sideBySide: true,
      run,
      stopped: (_session, stop) => ({ stop }),
    });
  return {
    depth: parent.job.depth + 1,
    subAgent: door('sub_agent', async (session, state, config) => {
      const [index, agent] = [state.task, agentOf(state.agent)];
      const id = workerId(parent.job.id, agent.calls, index);
      const job = jobBelow(session, parent.job, await taskAt(session, agent, { index, id }), { index, agent });
      parent.place.lend();
      return { parts: [await session.line.inLine((place) => parent.part(job, { config, place }))] };
    }),
    merge: door('sub_merge', async (session, state) => {
      const agent = agentOf(state.agent);
      if (state.stop !== null || agent.delegation === null) return {};
      await parent.place.back();
      return { agent: await merged(session, parent.job, { agent, parts: state.parts }) };
    }),
  };
}

/** Where the parent stands behind it. */
async function merged(session: Session, job: Job, { agent, parts }: Pick<AgentRun, 'agent' | 'parts'>): Promise<AgentState> {
  const before = agent.tree ?? job.base;
  const ids = Array.from({ length: agent.delegation?.tasks ?? 0 }, (_none, index) => workerId(job.id, agent.calls, index + 1));
  const brought = parts.filter((part) => ids.includes(part.id)).toSorted((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
  const { head, tree } = await fanIn(session, job, { agent, tree: before, ids, parts: brought });
  await (await workTreeAt(session, workTreeName(job), before)).restore(tree);
  return { ...agent, head, tree, phase: 'model', delegation: null, parts: [...agent.parts, ...brought] };
}

interface FanIn {
  readonly agent: AgentState;
  readonly tree: string;
  readonly ids: readonly string[];
  readonly parts: readonly PartRef[];
}

/** The tree, the answer of the call and the record of both come in one transaction. */
async function fanIn(session: Session, { id, attempt }: Job, { agent: { head, calls, delegation }, tree, ids, parts }: FanIn) {
  const { threadId, fence } = session.facts;
  const key = digestOf({ thread: threadId, stage: 'build', attempt, agent: id, parent: head, ordinal: calls, kind: 'merge' });
  const requestHash = digestOf({ tree, parts });
  const effect = { key, kind: 'merge', stage: 'build', attempt, agent: id, role: 'worker', requestHash } as const;
  const started = await session.stores.effects.start(fence, effect, { before: tree });
  if (started.kind === 'done') return { head: started.result, tree: started.after ?? tree };
  const result = await mergeParts(session, { attempt, tree, ids, parts });
  const answer = { role: 'tool', toolCallId: delegation?.callId ?? '', toolName: 'delegate', content: result.answer } as const;
  const row = rowOf(head, id, answer);
  await session.stores.effects.finish(fence, key, { result: row.id, after: result.tree, rows: [row], audit: [result.record] });
  return { head: row.id, tree: result.tree };
}
