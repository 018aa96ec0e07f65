/** A sub-agent's own delegation, inside of its node: its sub-agents work side by side, and their parts are merged into its files. */

import { StopError } from '../../domain/errors.ts';
import { type DelegateTask, delegateSchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { rowOf } from '../../domain/transcript.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import type { Session } from '../session.ts';
import type { AgentState, PartRef } from '../state.ts';
import { workerId } from './delegating.ts';
import { mergeParts } from './merge.ts';

/** Who delegates. */
interface Parent {
  readonly session: Session;
  readonly id: string;
  readonly attempt: number;
  /** The tree that it started from. */
  readonly base: string;
  readonly workTree: WorkTree;
  /** Does one task, or finds it done. */
  readonly part: (
    task: DelegateTask,
    at: { readonly index: number; readonly base: string; readonly state: AgentState },
  ) => Promise<PartRef>;
}

type Delegation = NonNullable<AgentState['delegation']>;

/** The tasks of a delegation, from the recorded answer that holds it. */
export async function tasksOf(session: Session, delegation: AgentState['delegation']): Promise<DelegateTask[]> {
  const rows = delegation === null ? [] : await session.stores.transcripts.chain(session.facts.threadId, delegation.answer);
  const message = rows.at(-1)?.message;
  const call = message?.role === 'assistant' ? message.toolCalls.find((one) => one.id === delegation?.callId) : undefined;
  if (call === undefined) throw new StopError('STATE_TAMPERED', 'the builder delegates, but its transcript has no such call');
  return delegateSchema.parse(JSON.parse(call.arguments)).tasks;
}

/**
 * Where the parent stands behind it. Each part is a file and the fan-in a journaled effect, so that a restart repeats neither.
 * @throws what ends the run, when all sub-agents have come to rest.
 */
export async function fanOut(parent: Parent, state: AgentState): Promise<AgentState> {
  const { session, base, workTree } = parent;
  const { delegation } = state;
  const tasks = await tasksOf(session, delegation);
  const tree = state.tree ?? base;
  const ended = await session.line.aside(() =>
    Promise.allSettled(tasks.map((task, index) => session.line.inLine(() => parent.part(task, { index: index + 1, base: tree, state })))),
  );
  const parts = ended.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  const merged = await fanIn(parent, state, { delegation: delegation as Delegation, tree, parts }); // tasksOf refuses null
  await workTree.restore(merged.tree);
  return { ...state, head: merged.head, tree: merged.tree, phase: 'model', delegation: null, parts: [...state.parts, ...parts] };
}

interface Merging {
  readonly delegation: Delegation;
  readonly tree: string;
  readonly parts: readonly PartRef[];
}

/** The tree, the answer of the call and the record of both come in one transaction. */
async function fanIn({ session, id, attempt }: Parent, { head, calls }: AgentState, { delegation, tree, parts }: Merging) {
  const { threadId, fence } = session.facts;
  const key = digestOf({ thread: threadId, stage: 'build', attempt, agent: id, parent: head, ordinal: calls, kind: 'merge' });
  const requestHash = digestOf({ tree, parts });
  const effect = { key, kind: 'merge', stage: 'build', attempt, agent: id, role: 'worker', requestHash } as const;
  const started = await session.stores.effects.start(fence, effect, { before: tree });
  if (started.kind === 'done') return { head: started.result, tree: started.after ?? tree };
  const ids = parts.map((_part, index) => workerId(id, calls, index + 1));
  const merged = await mergeParts(session, { attempt, tree, ids, parts });
  const answer = { role: 'tool', toolCallId: delegation.callId, toolName: 'delegate', content: merged.answer } as const;
  const row = rowOf(head, id, answer);
  await session.stores.effects.finish(fence, key, { result: row.id, after: merged.tree, rows: [row], audit: [merged.record] });
  return { head: row.id, tree: merged.tree };
}
