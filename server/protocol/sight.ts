/** Whether the reader of a long stream may still read the thread: its key may be gone, and the thread may be another's now. */
import { assertMay } from '../auth/caller.ts';
import type { Peer } from '../auth/peer.ts';
import type { Server } from '../context.ts';
import type { Call } from '../http/endpoint.ts';

/** @throws Problem 401, 403 where the caller may read nothing any more. */
export function createSight(server: Server, call: Call, threadId: string): () => Promise<boolean> {
  const { incoming } = (call.c.env ?? {}) as { incoming?: { socket?: Peer } }; // what the Node adapter brings
  const request = call.c.req.raw;
  return async () => {
    const caller = await server.authenticate(request, incoming?.socket);
    assertMay(caller, 'read');
    const filters = await caller.authorize('threads', 'read', { thread_id: threadId });
    return (await server.served.threads.get({ tenant: caller.tenant, graphs: caller.graphs, filters }, threadId)) !== undefined;
  };
}

/** How often a long stream is asked again whether it may be read, in ms. */
export const ASK_MS = 30_000;

/** For a stream whose thread was seen when it began: false from when its reader may read it no more. */
export function askedAgain(isSeen: () => Promise<boolean>, now: () => number): () => Promise<boolean> {
  let askedAt = now();
  return async () => {
    if (now() - askedAt < ASK_MS) return true;
    askedAt = now();
    return isSeen().catch(() => false);
  };
}
