/** The first input of a governed thread: a goal and a repository that its caller may use. From then on the thread takes no other. */
import type { Scope, ThreadRow } from '../../domain/served.ts';
import { checkGoal } from '../../runtime/goal.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Created } from '../../runtime/options.ts';
import { assertMay, type Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import type { GovernedAsk } from '../project/governs.ts';
import { GOVERNOR, type Governed, latestState } from './graph.ts';
import { parseInput, repositoryFor } from './input.ts';

/** Over the kwargs of the run: it only goes on, from the epoch at which it was asked for. */
export interface Admitted {
  readonly kwargs: {
    readonly input: null;
    readonly command: undefined;
    readonly checkpoint: undefined;
    readonly governed: { readonly epoch: number; readonly only?: Only; readonly created?: Created };
  };
}

/** A run that does not go on: it tells how the thread was cancelled, or how a message at its gate is answered. */
export type Only = 'resolved' | 'comment';

export const goOn = (epoch: number, more: { readonly only?: Only; readonly created?: Created } = {}): Admitted => ({
  kwargs: { input: null, command: undefined, checkpoint: undefined, governed: { epoch, ...more } },
});

/**
 * The first input: the caller is the run's starter. @throws Problem also where the thread holds another graph's state, or a run that
 * would write it later, which must not become a governed run's.
 */
export async function beginGoverned(governed: Governed, caller: Caller, ask: GovernedAsk, scope: Scope): Promise<Admitted> {
  const { body, threadId } = ask;
  const { runtime, served } = governed;
  assertMay(caller, 'run');
  const thread = await served.threads.get(scope, threadId);
  assertBegins(ask, thread);
  if ((await latestState(governed, threadId)).createdAt !== undefined)
    throw new Problem(409, `thread ${threadId}: holds the state of another graph; a governed run needs a thread of its own`);
  const input = parseInput(body.input);
  const goal = checkGoal(input.kind === 'goal' ? input.goal : (input.goal ?? input.text));
  const repo = repositoryFor(runtime, caller, input.repo);
  // Before the run's row, which would make it a thread of the default tenant.
  if (thread === undefined)
    await served.threads.create(scope, {
      threadId,
      metadata: { ...ask.metadata, graph_id: ask.graphId ?? GOVERNOR },
      ifExists: 'do_nothing',
    });
  try {
    const created = await operationsOf(runtime, caller.person).create({ goal, repo, threadId });
    return goOn(await epochOf(governed, threadId), { created });
  } catch (error) {
    if (thread === undefined) await served.threads.delete(scope, threadId).catch(() => undefined);
    throw error;
  }
}

/** @throws Problem 404, 409, 422 where the thread cannot begin with this request. */
function assertBegins({ body, threadId, temporary }: GovernedAsk, thread: ThreadRow | undefined): void {
  if (thread?.status === 'busy')
    throw new Problem(409, `thread ${threadId}: a run of another graph is open on it; a governed run needs a thread of its own`);
  if (thread === undefined && !temporary && body.if_not_exists !== 'create') throw new Problem(404, `Thread with ID ${threadId} not found`);
  if ((body.command ?? null) !== null || (body.checkpoint ?? null) !== null || (body.checkpoint_id ?? null) !== null)
    throw new Problem(
      409,
      `thread ${threadId}: has no goal yet; there is nothing to answer, to edit or to fork. Send input { "goal", "repo" }`,
    );
  if (body.input === null || body.input === undefined)
    throw new Problem(422, `input: thread ${threadId} has no goal yet; send { "goal", "repo" }`);
}

export async function epochOf(governed: Governed, threadId: string): Promise<number> {
  return (await governed.runtime.stores.runs.get(threadId))?.epoch ?? 0;
}
