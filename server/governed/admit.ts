/** What a client asks of a governed thread, before its run is put: a goal, an answer, or only to go on. A run carries none of it. */
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Json, Scope } from '../../domain/served.ts';
import { checkGoal } from '../../runtime/goal.ts';
import { createThread } from '../../runtime/start/create.ts';
import type { RunCreate } from '../api/schemas.ts';
import { assertMay, type Caller } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { ACCEPTED, parseAnswer } from './answers.ts';
import { decideAs } from './decide-as.ts';
import { editGoverned } from './edit.ts';
import { GOVERNOR, governedGraph, latestState } from './graph.ts';
import { parseInput, repositoryFor } from './input.ts';
import { cut } from './view.ts';

/** How long an answer waits for the drive that has just asked to let go of the thread, in ms. */
/** How long an answer that names no gate may be the echo of the one before, in ms: longer than the SDK's retries take. */
const ECHO_MS = 10_000;
const REST_WAIT_MS = 5000;
const REST_POLL_MS = 50;
const MAX_COMMENT_BYTES = 2048;

export interface GovernedAsk {
  readonly threadId: string;
  /** A stateless run: the thread is made for it. */
  readonly temporary: boolean;
  readonly body: Omit<RunCreate, 'assistant_id'>;
  /** Default: the caller's tenant. */
  readonly scope?: Scope;
  /** Default: the governor. */
  readonly graphId?: string;
  /** Of a thread that is made here. */
  readonly metadata?: Json;
}

/** Over the kwargs of the run: it only goes on, from the epoch at which it was asked for. */
interface Admitted {
  readonly kwargs: {
    readonly input: null;
    readonly command: undefined;
    readonly checkpoint: undefined;
    readonly governed: { readonly epoch: number };
  };
}

const goOn = (epoch: number): Admitted => ({ kwargs: { input: null, command: undefined, checkpoint: undefined, governed: { epoch } } });

/** @throws Problem 403, 404, 409, 422; UsageError of what cannot be decided or created. */
export async function admitGoverned(server: Server, caller: Caller, ask: GovernedAsk): Promise<Admitted> {
  const { body, threadId } = ask;
  const scope = ask.scope ?? { tenant: caller.tenant };
  assertPossible(server, body);
  // Whoever waits at a gate stops nobody's run by it.
  if (body.multitask_strategy === 'interrupt') assertMay(caller, 'run');
  const visibleToCaller = await server.served.threads.get(scope, threadId);
  const row = await server.runtime.stores.runs.get(threadId);
  if (row !== undefined && visibleToCaller === undefined) throw new Problem(404, `Thread with ID ${threadId} not found`);
  if (row === undefined) return beginGoverned(server, caller, ask, scope);
  // Asked before anything is recorded: what is refused must have decided nothing.
  if (body.multitask_strategy === 'reject' && visibleToCaller?.status === 'busy')
    throw new Problem(409, `thread ${threadId} is already running a task; wait for it, or choose another multitask_strategy than reject`);
  const { command } = body;
  const jumps = (command?.goto ?? null) !== null || (command?.update ?? null) !== null;
  const answers = command !== null && command !== undefined && command.resume !== undefined;
  if (jumps && answers) throw new Problem(422, 'command: an answer (resume) goes alone, without goto and update');
  if (command !== null && command !== undefined && !jumps && !answers)
    throw new Problem(422, 'command: is empty; send resume, goto or update, or no command to go on');
  const checkpointId = body.checkpoint_id ?? body.checkpoint?.checkpoint_id ?? undefined;
  const head = (await latestState(server.runtime, threadId)).config.configurable?.['checkpoint_id'];
  // Clients name the newest checkpoint with every request; only another one is a fork.
  const fork = checkpointId !== undefined && checkpointId !== head ? checkpointId : undefined;
  if (answers) {
    assertMay(caller, 'decide');
    if (fork !== undefined)
      throw new Problem(409, `thread ${threadId}: has moved on since checkpoint ${fork}; look again before you decide`);
    await answer(server, caller, row, command.resume, checkpointId !== undefined);
    return goOn(row.epoch);
  }
  if (jumps || fork !== undefined || (body.checkpoint?.checkpoint_ns ?? '') !== '') {
    await edit(server, caller, threadId, command, fork, body.checkpoint?.checkpoint_ns ?? '');
    return goOn(await epochOf(server, threadId));
  }
  assertMay(caller, 'run');
  if (body.input !== null && body.input !== undefined) await again(server, caller, row, body.input);
  return goOn(row.epoch);
}

/** What a governed thread cannot do is said, never dropped. @throws Problem 422. */
function assertPossible(server: Server, body: GovernedAsk['body']): void {
  if (body.multitask_strategy === 'rollback')
    throw new Problem(422, 'multitask_strategy: "rollback" is not possible on a governed thread; its record is kept');
  if ([body.stream_mode].flat().includes('events'))
    throw new Problem(422, 'stream_mode: "events" would show what models were sent; a governed thread streams the other modes');
  const nodes = Object.keys(governedGraph(server.runtime).nodes).filter((name) => !name.startsWith('__'));
  for (const name of [body.interrupt_before, body.interrupt_after].flat())
    if (name !== null && name !== undefined && name !== '*' && !nodes.includes(name))
      throw new Problem(422, `interrupt_before, interrupt_after: ${JSON.stringify(name)} is none of ${nodes.join(', ')}`);
}

/**
 * The first input: the caller is the run's starter. @throws Problem also where the thread holds another graph's state, or a run that
 * would write it later, which must not become a governed run's.
 */
export async function beginGoverned(server: Server, caller: Caller, ask: GovernedAsk, scope: Scope): Promise<Admitted> {
  const { body, threadId } = ask;
  const { runtime, served } = server;
  assertMay(caller, 'run');
  const thread = await served.threads.get(scope, threadId);
  const exists = thread !== undefined;
  if (thread?.status === 'busy')
    throw new Problem(409, `thread ${threadId}: a run of another graph is open on it; a governed run needs a thread of its own`);
  if (!exists && !ask.temporary && body.if_not_exists !== 'create') throw new Problem(404, `Thread with ID ${threadId} not found`);
  if ((body.command ?? null) !== null || (body.checkpoint ?? null) !== null || (body.checkpoint_id ?? null) !== null)
    throw new Problem(
      409,
      `thread ${threadId}: has no goal yet; there is nothing to answer, to edit or to fork. Send input { "goal", "repo" }`,
    );
  if (body.input === null || body.input === undefined)
    throw new Problem(422, `input: thread ${threadId} has no goal yet; send { "goal", "repo" }`);
  if ((await latestState(runtime, threadId)).createdAt !== undefined)
    throw new Problem(409, `thread ${threadId}: holds the state of another graph; a governed run needs a thread of its own`);
  const input = parseInput(body.input);
  const goal = checkGoal(input.kind === 'goal' ? input.goal : input.text);
  const repo = repositoryFor(runtime, caller, input.kind === 'goal' ? input.repo : undefined);
  // Before the run's row, which would make it a thread of the default tenant.
  if (!exists)
    await served.threads.create(scope, {
      threadId,
      metadata: { ...ask.metadata, graph_id: ask.graphId ?? GOVERNOR },
      ifExists: 'do_nothing',
    });
  try {
    await createThread({ ...runtime, person: caller.person }, { goal, repo, threadId });
  } catch (error) {
    if (!exists) await served.threads.delete(scope, threadId).catch(() => undefined);
    throw error;
  }
  return goOn(await epochOf(server, threadId));
}

async function epochOf(server: Server, threadId: string): Promise<number> {
  return (await server.runtime.stores.runs.get(threadId))?.epoch ?? 0;
}

/** The same input goes on; a chat message at a gate is a comment; anything else is a conflict. */
async function again(server: Server, caller: Caller, row: RunRow, given: unknown): Promise<void> {
  const input = parseInput(given);
  const text = checkGoal(input.kind === 'goal' ? input.goal : input.text);
  if (text === row.input.goal) {
    const repo = input.kind === 'goal' && input.repo !== undefined ? repositoryFor(server.runtime, caller, input.repo) : row.input.repo;
    if (repo === row.input.repo) return;
  }
  const gate = await pendingOf(server, row.threadId);
  if (input.kind === 'message' && gate !== undefined && !row.live) return comment(server, caller, row, gate, text);
  throw new Problem(409, `thread ${row.threadId}: takes one goal, and has it; start another thread for another goal`);
}

const pendingOf = async (server: Server, threadId: string): Promise<ApprovalRow | undefined> =>
  (await server.runtime.stores.approvals.list({ threadId, status: 'pending' })).at(-1);

async function comment(server: Server, caller: Caller, row: RunRow, gate: ApprovalRow, text: string): Promise<void> {
  await server.runtime.stores.audit.append({
    threadId: row.threadId,
    actor: caller.person.id,
    action: 'approval-comment',
    facts: { approval: gate.id, gate: gate.gate, message: cut(visible(text), MAX_COMMENT_BYTES) },
  });
}

const asked = z.looseObject({ gate: z.enum(['plan', 'release', 'budget']), subject: z.looseObject({ digest: z.string() }) });

/** An answer to exactly the interrupt that waits. @throws Problem 409, 422; the gate stays as it is then. */
async function answer(server: Server, caller: Caller, asLive: RunRow, resume: unknown, placed: boolean): Promise<void> {
  const row = await atRest(server, asLive);
  const { threadId } = row;
  const waits = (await latestState(server.runtime, threadId)).tasks.flatMap((task) => task.interrupts ?? [])[0];
  const payload = asked.safeParse(waits?.value);
  const approval = payload.success
    ? await server.runtime.stores.approvals.newest(threadId, payload.data.gate, payload.data.subject.digest)
    : undefined;
  if (waits === undefined || approval === undefined || approval.status !== 'pending')
    throw new Problem(409, `thread ${threadId}: is ${row.status}; no approval is pending`);
  const parsed = parseAnswer(resume, { interruptId: String(waits.id), gate: approval.gate });
  switch (parsed.kind) {
    case 'unparseable':
      throw new Problem(422, `command.resume: ${parsed.why}; ${ACCEPTED}. The ${approval.gate} gate stays pending`);
    case 'ignored':
      return;
    case 'comment':
      return comment(server, caller, row, approval, parsed.text);
    case 'decision': {
      const { kind: _kind, subject, ...decision } = parsed;
      const keyed = typeof resume === 'object' && resume !== null && Object.hasOwn(resume, String(waits.id));
      if (!placed && !keyed && subject === undefined) await assertNoEcho(server, caller, approval);
      await decideAs(server, caller, row, approval, { ...decision, subject: subject ?? approval.subject.digest });
    }
  }
}

/**
 * A client that sends its answer again, because it did not hear that it arrived, must not answer the next gate with it.
 * @throws Problem 409 for an answer that names no gate, so soon after the same caller answered another one of this thread.
 */
async function assertNoEcho(server: Server, caller: Caller, approval: ApprovalRow): Promise<void> {
  const since = server.runtime.clock.now() - ECHO_MS;
  const others = await server.runtime.stores.approvals.list({ threadId: approval.threadId });
  const echoed = others.some(
    (other) => other.id !== approval.id && other.votes.some((vote) => vote.by.id === caller.person.id && Date.parse(vote.at) > since),
  );
  if (echoed)
    throw new Problem(
      409,
      `approval ${approval.id}: the ${approval.gate} gate opened after an answer of ${caller.person.id} less than ${ECHO_MS / 1000} s ago; look at it, and answer by its interrupt id or with its subject`,
    );
}

/** A client can see the question a moment before the drive that asked it has let go. */
async function atRest(server: Server, row: RunRow): Promise<RunRow> {
  let now = row;
  for (let waitedMs = 0; now.live && waitedMs < REST_WAIT_MS; waitedMs += REST_POLL_MS) {
    await new Promise((wake) => setTimeout(wake, REST_POLL_MS));
    now = (await server.runtime.stores.runs.get(row.threadId)) ?? now;
  }
  return now;
}

async function edit(
  server: Server,
  caller: Caller,
  threadId: string,
  command: RunCreate['command'],
  fork: string | undefined,
  namespace: string,
): Promise<void> {
  assertMay(caller, 'edit');
  if (namespace !== '')
    throw new Problem(422, 'checkpoint.checkpoint_ns: a governed thread is forked as a whole; name a checkpoint of its own');
  const goto: unknown = command?.goto ?? undefined;
  if (goto !== undefined && typeof goto !== 'string')
    throw new Problem(422, 'command.goto: on a governed thread it is the name of one node');
  const update: unknown = command?.update ?? undefined;
  const values = Array.isArray(update) ? Object.fromEntries(update) : update;
  await editGoverned(server, caller, threadId, { values, goto, checkpointId: fork });
}
