/** What a thread needs next, read from its checkpoint and the approval records; never from a client. */
import { Command, type StateSnapshot } from '@langchain/langgraph';
import { StopError } from '../../domain/errors.ts';
import { FILES } from '../../domain/handoff.ts';
import { reasonOf } from '../../domain/reasons.ts';
import { hasWords, type Words } from '../../domain/resume.ts';
import { stageOf } from '../../domain/stages.ts';
import type { governorGraph } from '../../graphs/governor.ts';
import type { GatePayload, Session } from '../../nodes/session.ts';
import type { State } from '../../nodes/state.ts';
import type { Runtime } from '../runtime.ts';
import { reasonFor } from './reason-for.ts';
import { goesOnAfterAnswer, recordResume } from './record-resume.ts';
import type { Rest } from './rest.ts';

export type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

/** The graph is invoked with this input, or the thread rests. */
export type Turn = { readonly kind: 'go'; readonly input: Parameters<Graph['invoke']>[0] } | { readonly kind: 'rest'; readonly rest: Rest };

export interface Standing {
  readonly runtime: Runtime;
  readonly session: Session;
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  readonly snapshot: StateSnapshot;
  /** What a person brought; undefined after the first turn of a drive. */
  readonly words: Words | undefined;
}

/** @throws StopError `DEFINITION_CHANGED`, `STATE_TAMPERED`, `INTERNAL`. */
export async function nextTurn(standing: Standing): Promise<Turn> {
  const { runtime, session, snapshot, words } = standing;
  if (snapshot.createdAt === undefined) {
    const { goal, repo } = session.facts.request;
    return { kind: 'go', input: { goal, repo } };
  }
  // `next` leaves out tasks whose writes are stored but whose super-step is not closed; a kill between the two is no end.
  const due = snapshot.tasks.map((task) => task.name);
  const unknown = due.find((name) => !standing.nodes.includes(name));
  if (unknown !== undefined)
    throw new StopError(
      'DEFINITION_CHANGED',
      `thread ${session.facts.threadId}: its next node ${JSON.stringify(unknown)} does not exist in this pipeline`,
    );
  const gate = await turnAtGate(standing);
  if (gate !== undefined) return gate;
  if (due.length > 0) {
    if (words !== undefined && hasWords(words)) await recordResume(runtime, session, { stage: stageOf(due[0]), stop: null }, words);
    return { kind: 'go', input: null };
  }
  return turnAfterEnd(standing);
}

const stateOf = (snapshot: StateSnapshot) => snapshot.values as Partial<State>; // our own channels

/** Undefined where no gate asks. */
async function turnAtGate({ runtime, session, snapshot }: Standing): Promise<Turn | undefined> {
  const pending = snapshot.tasks.filter((task) => snapshot.next.includes(task.name)).flatMap((task) => task.interrupts ?? [])[0];
  if (pending === undefined) return undefined;
  const { gate, subject, required, shown } = pending.value as GatePayload; // made by `passGate`
  const record = await runtime.stores.approvals.open({ threadId: session.facts.threadId, gate, subject, required, shown });
  if (record.status !== 'pending')
    return { kind: 'go', input: new Command({ resume: { [String(pending.id)]: { approval_id: record.id } } }) };
  const attempt = stateOf(snapshot).attempt ?? 0;
  return {
    kind: 'rest',
    rest: { status: 'waiting', stage: stageOf(snapshot.next[0]), attempt, reason: null, interruptId: pending.id ?? null },
  };
}

/** No node is due: it is released, unchanged or stopped; a resumable stop goes on where a person resumes it. */
async function turnAfterEnd(standing: Standing): Promise<Turn> {
  const { runtime, session, snapshot, words } = standing;
  const { threadId } = session.facts;
  const { outcome, releaseKey, ...state } = stateOf(snapshot);
  const attempt = state.attempt ?? 0;
  const stop = state.stop ?? null;
  if (outcome === 'released') {
    await assertReleased(session, releaseKey ?? null);
    return { kind: 'rest', rest: { status: 'released', stage: 'verify', attempt, reason: null, interruptId: null } };
  }
  if (outcome === 'unchanged')
    return { kind: 'rest', rest: { status: 'unchanged', stage: 'approve_plan', attempt, reason: null, interruptId: null } };
  if (outcome !== 'stopped' || stop === null) throw endedWithout(standing);
  if (words !== undefined && reasonOf(stop.code).resumable) {
    if (goesOnAfterAnswer(stop, words)) await recordResume(runtime, session, { stage: stop.stage, stop }, words);
    return { kind: 'go', input: new Command({ goto: stop.stage, update: { stop: null, outcome: null, route: '' } }) };
  }
  return { kind: 'rest', rest: { status: 'stopped', stage: stop.stage, attempt, reason: reasonFor(threadId, stop), interruptId: null } };
}

/** A success means that the expected terminal node ran; anything else is ours to answer for. */
function endedWithout({ session, snapshot, nodes }: Standing): StopError {
  const { threadId } = session.facts;
  // LangGraph forgets a pending node that the graph no longer has, and says that all is done (langgraphjs#2608).
  const lost = stampedNodes(snapshot).filter((name) => !nodes.includes(name));
  return lost.length > 0
    ? new StopError(
        'DEFINITION_CHANGED',
        `thread ${threadId}: it was checkpointed by a graph with ${lost.join(', ')}; this one has no such node`,
      )
    : new StopError('INTERNAL', `thread ${threadId}: the graph ended without an outcome`);
}

/** The nodes of the graph that wrote a checkpoint. */
function stampedNodes(snapshot: StateSnapshot): string[] {
  const names: unknown = (snapshot.metadata as Record<string, unknown> | undefined)?.['nodes']; // our own stamp
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** State can be edited; the journal and the release file are what happened. @throws StopError `STATE_TAMPERED`. */
async function assertReleased(session: Session, key: string | null): Promise<void> {
  const effect = key === null ? undefined : await session.stores.effects.peek(key);
  const file = await session.stores.dossier.read(session.facts.threadId, FILES.release);
  if (effect?.state === 'done' && file !== undefined) return;
  throw new StopError(
    'STATE_TAMPERED',
    `thread ${session.facts.threadId}: its state says released, but ${FILES.release} and the journal know of no release`,
  );
}
