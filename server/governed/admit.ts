/** What a client asks of a governed thread, before its run is put: a goal, an answer, or only to go on. A run carries none of it. */
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Scope, ThreadRow } from '../../domain/served.ts';
import { assertNoSecret, checkGoal } from '../../runtime/goal.ts';
import type { RunCreate } from '../api/schemas.ts';
import { assertMay, type Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import type { GovernedAsk } from '../project/governs.ts';
import { answerGate, commentAt, type Speaker } from './answer-gate.ts';
import { type Admitted, beginGoverned, epochOf, goOn, type Only } from './begin.ts';
import { type Governed, latestState } from './graph.ts';
import { parseInput, repositoryFor } from './input.ts';
import { isResolved, resolveGoverned } from './resolve.ts';

/** @throws Problem 403, 404, 409, 422; UsageError of what cannot be decided or created. */
export async function admitGoverned(governed: Governed, caller: Caller, ask: GovernedAsk): Promise<Admitted> {
  const { body, threadId } = ask;
  const scope = ask.scope ?? { tenant: caller.tenant };
  await assertPossible(governed, body);
  assertNoSecret(governed.runtime.env, 'metadata', body.metadata);
  assertNoSecret(governed.runtime.env, 'config', body.config);
  assertNoSecret(governed.runtime.env, 'context', body.context);
  // Whoever waits at a gate stops nobody's run by it.
  if (body.multitask_strategy === 'interrupt') assertMay(caller, 'run');
  const visibleToCaller = await governed.served.threads.get(scope, threadId);
  const row = await governed.runtime.stores.runs.get(threadId);
  if (row !== undefined && visibleToCaller === undefined) throw new Problem(404, `Thread with ID ${threadId} not found`);
  // Asked before anything is recorded: what is refused must have decided nothing.
  assertFree(ask, visibleToCaller);
  if (row === undefined) return beginGoverned(governed, caller, ask, scope);
  return goneOn({ governed, caller }, { ask, scope, row });
}

/** A thread that another run is open on. @throws Problem 409. */
function assertFree({ body, threadId }: GovernedAsk, thread: ThreadRow | undefined): void {
  if (thread?.status !== 'busy') return;
  if (body.multitask_strategy === 'reject')
    throw new Problem(409, `thread ${threadId} is already running a task; wait for it, or choose another multitask_strategy than reject`);
  if (body.multitask_strategy === 'rollback')
    throw new Problem(
      409,
      `multitask_strategy: "rollback" would take back the run that is open on thread ${threadId}, and a governed thread keeps its record; wait for it, or choose interrupt or enqueue`,
    );
}

interface Request {
  readonly ask: GovernedAsk;
  readonly scope: Scope;
  readonly row: RunRow;
}

/** What a thread that has its goal is asked: to be resolved, answered, edited, or gone on with. */
async function goneOn(speaker: Speaker, { ask: { body, threadId }, scope, row }: Request): Promise<Admitted> {
  const { governed, caller } = speaker;
  const { command } = body;
  const jumps = (command?.goto ?? null) !== null || (command?.update ?? null) !== null;
  const answers = command !== null && command !== undefined && command.resume !== undefined;
  if (jumps && answers) throw new Problem(422, 'command: an answer (resume) goes alone, without goto and update');
  if (command !== null && command !== undefined && !jumps && !answers)
    throw new Problem(422, 'command: is empty; send resume, goto or update, or no command to go on');
  const fork = await forkOf(governed, threadId, body);
  const namespace = body.checkpoint?.checkpoint_ns ?? '';
  const resolved = isResolved(command);
  if ((answers || resolved) && fork !== undefined)
    throw new Problem(409, `thread ${threadId}: has moved on since checkpoint ${fork}; look again before you decide`);
  if (resolved) {
    await resolveGoverned(speaker, scope, row);
    return goOn(row.epoch, { only: 'resolved' });
  }
  if (answers) {
    assertMay(caller, 'decide');
    await answerGate(speaker, row, { resume: command.resume, placed: placeOf(body) !== undefined, strict: body.strict_resume === true });
    return goOn(row.epoch);
  }
  if (jumps || fork !== undefined || namespace !== '') {
    await edit(speaker, threadId, { command, fork, namespace });
    return goOn(await epochOf(governed, threadId));
  }
  assertMay(caller, 'run');
  const only = body.input === null || body.input === undefined ? undefined : await again(speaker, row, body.input);
  return goOn(row.epoch, only === undefined ? {} : { only });
}

const placeOf = (body: GovernedAsk['body']): string | undefined => body.checkpoint_id ?? body.checkpoint?.checkpoint_id ?? undefined;

/** Clients name the newest checkpoint with every request; only another one is a fork. */
async function forkOf(governed: Governed, threadId: string, body: GovernedAsk['body']): Promise<string | undefined> {
  const place = placeOf(body);
  if (place === undefined) return undefined;
  return place === (await latestState(governed, threadId)).config.configurable?.['checkpoint_id'] ? undefined : place;
}

/** What a governed thread cannot do is said, never dropped. @throws Problem 422. */
async function assertPossible(governed: Governed, body: GovernedAsk['body']): Promise<void> {
  const named = [body.interrupt_before, body.interrupt_after]
    .flat()
    .flatMap((name) => (name === null || name === undefined || name === '*' ? [] : [name]));
  if (named.length === 0) return;
  const nodes = Object.keys((await governed.graph()).nodes).filter((name) => !name.startsWith('__'));
  for (const name of named)
    if (!nodes.includes(name))
      throw new Problem(422, `interrupt_before, interrupt_after: ${JSON.stringify(name)} is none of ${nodes.join(', ')}`);
}

/** The same input goes on; a chat message at a gate is a comment, which the run only answers; anything else is a conflict. */
async function again(speaker: Speaker, row: RunRow, given: unknown): Promise<Only | undefined> {
  const { governed, caller } = speaker;
  const input = parseInput(given);
  const text = checkGoal(input.kind === 'goal' ? input.goal : input.text);
  if (text === row.input.goal) {
    const repo = input.kind === 'goal' && input.repo !== undefined ? repositoryFor(governed.runtime, caller, input.repo) : row.input.repo;
    if (repo === row.input.repo) return undefined;
  }
  const gate = await pendingOf(governed, row.threadId);
  if (input.kind === 'message' && gate !== undefined && !row.live) {
    await commentAt(speaker, gate, text);
    return 'comment';
  }
  throw new Problem(409, `thread ${row.threadId}: takes one goal, and has it; start another thread for another goal`);
}

const pendingOf = async (governed: Governed, threadId: string): Promise<ApprovalRow | undefined> =>
  (await governed.runtime.stores.approvals.list({ threadId, status: 'pending' })).at(-1);

interface Jump {
  readonly command: RunCreate['command'];
  /** The checkpoint to fork from. */
  readonly fork: string | undefined;
  readonly namespace: string;
}

async function edit({ governed, caller }: Speaker, threadId: string, { command, fork, namespace }: Jump): Promise<void> {
  assertMay(caller, 'edit');
  if (namespace !== '')
    throw new Problem(422, 'checkpoint.checkpoint_ns: a governed thread is forked as a whole; name a checkpoint of its own');
  const goto: unknown = command?.goto ?? undefined;
  if (goto !== undefined && typeof goto !== 'string')
    throw new Problem(422, 'command.goto: on a governed thread it is the name of one node');
  const update: unknown = command?.update ?? undefined;
  const values = Array.isArray(update) ? Object.fromEntries(update) : update;
  const { editGoverned } = await import('./edit.ts');
  await editGoverned(governed, caller, threadId, { values, goto, checkpointId: fork });
}
