/** "Mark as resolved", a button of the inboxes: the thread is cancelled and its gate is void. Nothing is decided by it, and nothing released. */
import type { RunRow } from '../../domain/ports.ts';
import type { Json, Scope } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { RunCreate } from '../api/schemas.ts';
import { assertMay } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import { checkpointOf } from '../threads/views.ts';
import type { Speaker } from './answer-gate.ts';
import { type Governed, latestState } from './graph.ts';

const END = '__end__';

/** Agent Chat UI jumps to the end; with values beside it that is an edit. */
export function isResolved(command: RunCreate['command']): boolean {
  const { goto, update, resume } = command ?? {};
  const places = [goto ?? []].flat();
  return places.length === 1 && places[0] === END && (update ?? null) === null && resume === undefined;
}

/** @throws Problem 409 where there is nothing to cancel. */
export function assertCancellable(row: RunRow): void {
  if (['released', 'unchanged', 'rolled_back'].includes(row.status) || (row.status === 'stopped' && row.reason?.resumable !== true))
    throw new Problem(409, `thread ${row.threadId}: is ${row.status}; it cannot be cancelled`);
}

/** Takes the right to cancel; one that is cancelled already stays so. @throws Problem 403, 409. */
export async function resolveGoverned({ governed, caller }: Speaker, scope: Scope, row: RunRow): Promise<void> {
  assertMay(caller, 'run');
  assertCancellable(row);
  await operationsOf(governed.runtime, caller.person).cancel(row);
  await governed.served.queue.cancel(scope, { threadId: row.threadId, status: 'all' }, 'interrupt');
}

/** As `POST /threads/{id}/state` answers it. @throws Problem 404 too. */
export async function resolveByEdit(
  speaker: Speaker,
  scope: Scope,
  threadId: string,
): Promise<{ readonly checkpoint: Json | null; readonly detail: string }> {
  const { runs } = speaker.governed.runtime.stores;
  const row = await runs.get(threadId);
  if (row === undefined) throw new Problem(404, `thread ${threadId}: there is no governed thread with this id`);
  await resolveGoverned(speaker, scope, row);
  return { checkpoint: await headOf(speaker.governed, threadId), detail: toldOf(speaker, threadId) };
}

const headOf = async (governed: Governed, threadId: string): Promise<Json | null> =>
  checkpointOf((await latestState(governed, threadId)).config);

const toldOf = ({ caller }: Speaker, threadId: string): string =>
  `thread ${threadId}: cancelled by ${caller.person.id}, its gate is void and nothing is released; governor resume ${threadId.slice(0, 8)} goes on`;
