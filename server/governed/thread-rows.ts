/** How the routes of `/governor` find a governed thread that their caller may see. */

import { z } from 'zod';
import type { RunRow } from '../../domain/ports.ts';
import type { Scope } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { type Call, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';

export const tag = 'governor';
export const params = z.strictObject({ thread_id: uuid('thread_id') });

export type OfThread = Pick<Call<{ readonly thread_id: string }>, 'params' | 'allowed'>;

/** The run of a thread that this scope holds. @throws Problem 404. */
export async function runOf({ served, runtime }: Server, scope: Scope, threadId: string): Promise<RunRow> {
  const row = (await served.threads.get(scope, threadId)) === undefined ? undefined : await runtime.stores.runs.get(threadId);
  if (row === undefined) throw new Problem(404, `thread ${threadId}: there is no governed thread with this id`);
  return row;
}

/** To look at. @throws Problem 403, 404. */
export async function seen(server: Server, { params: { thread_id }, allowed }: OfThread): Promise<RunRow> {
  return runOf(server, await allowed('threads', 'read', { thread_id }), thread_id);
}

/** The same with the scope that sees it. @throws Problem 403, 404. */
export async function seenIn(server: Server, { params: { thread_id }, allowed }: OfThread): Promise<{ scope: Scope; row: RunRow }> {
  const scope = await allowed('threads', 'read', { thread_id });
  return { scope, row: await runOf(server, scope, thread_id) };
}

/** A process runs it, or a run of it is in the queue. */
export async function isAtWork({ served }: Server, scope: Scope, row: RunRow): Promise<boolean> {
  return row.live || (await served.threads.get(scope, row.threadId))?.status === 'busy';
}

/** To change. @throws Problem 403, 404. */
export async function changed(server: Server, { params: { thread_id }, allowed }: OfThread): Promise<{ scope: Scope; row: RunRow }> {
  const scope = await allowed('threads', 'update', { thread_id });
  return { scope, row: await runOf(server, scope, thread_id) };
}
