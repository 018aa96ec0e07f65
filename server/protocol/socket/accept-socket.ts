/** Makes a request a WebSocket, and begins its session. */
import { upgradeWebSocket } from '@hono/node-server';
import type { Server } from '../../context.ts';
import type { Call } from '../../http/endpoint.ts';
import { Problem } from '../../http/problem.ts';
import type { ServerSocket } from './socket.ts';
import { createSocketSession, type SocketSession } from './socket-session.ts';

/** The caller is asked for already; the socket counts as one of its open streams. @throws Problem 429. */
export async function acceptSocket(server: Server, call: Call, threadId: string): Promise<Response> {
  const owner = call.caller.person.id;
  server.streams.assertRoom(owner);
  let session: SocketSession | undefined;
  const upgrade = upgradeWebSocket(() => ({
    onOpen: (_event, { raw }) => {
      server.streams.opened(owner);
      session = createSocketSession({ server, call, threadId, socket: raw as ServerSocket }); // made by our own socket server
    },
    onMessage: ({ data }) => session?.receive(String(data)),
    onClose: () => {
      session?.close();
      server.streams.closed(owner);
    },
  }));
  const answer = await upgrade(call.c, async () => undefined);
  if (answer instanceof Response) return answer;
  throw new Problem(400, 'this request cannot be made a WebSocket');
}
