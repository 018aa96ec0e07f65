/** The SSE form of a thread's stream: it stays open over runs, and begins before the thread exists. */
import type { ThreadEvent } from '../../domain/thread-events.ts';
import type { Server } from '../context.ts';
import type { Call } from '../http/endpoint.ts';
import { sse } from '../runs/stream.ts';
import type { Filter } from './filter.ts';
import { followThread } from './follow-thread.ts';
import { createSight } from './sight.ts';

/** The event as clients read it; `params` is JSON already. */
export const wire = ({ seq, method, params }: ThreadEvent): string =>
  `{"type":"event","event_id":"${seq}","seq":${seq},"method":${JSON.stringify(method)},"params":${params}}`;

export function threadStream(server: Server, call: Call, threadId: string, filter: Filter): Response {
  const owner = call.caller.person.id;
  server.streams.assertRoom(owner);
  async function* parts(signal: AbortSignal): AsyncGenerator<string> {
    server.streams.opened(owner);
    try {
      for await (const event of followThread(server, { threadId, filter, signal, isSeen: createSight(server, call, threadId) }))
        yield event === undefined ? ': heartbeat\n\n' : `event: ${event.method}\ndata: ${wire(event)}\nid: ${event.seq}\n\n`;
    } finally {
      server.streams.closed(owner);
    }
  }
  return sse(parts);
}
