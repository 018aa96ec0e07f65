/** The routes of protocol v2: commands to a thread, and the stream of its events over all runs. */
import type { Server } from '../context.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { httpAnswer } from '../protocol/commands/answer.ts';
import { commandSchema } from '../protocol/commands/command.ts';
import { dispatch } from '../protocol/commands/dispatch.ts';
import { threadStream } from '../protocol/event-stream.ts';
import { filterSchema } from '../protocol/filter.ts';
import { acceptSocket } from '../protocol/socket/accept-socket.ts';
import { needThread } from '../threads/thread-graph.ts';
import { threadParams } from './schemas.ts';

const tag = 'protocol';

export const protocolEndpoints = (server: Server): readonly Endpoint[] => [sendCommand(server), streamThread(server), openSocket(server)];

const sendCommand = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/commands',
    // What each command needs it asks for itself.
    { tag, summary: 'Send a command of protocol v2', permission: 'read', params: threadParams, body: commandSchema },
    async (call) => {
      const { answer, problem } = await dispatch({ server, call, threadId: call.params.thread_id, body: call.body });
      return httpAnswer(answer, problem);
    },
  );

const streamThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/stream/events',
    {
      tag,
      summary: 'Stream the events of a thread over all its runs',
      permission: 'read',
      params: threadParams,
      body: filterSchema,
      media: 'text/event-stream',
    },
    async (call) => {
      const { thread_id } = call.params;
      await call.allowed('threads', 'read', { thread_id });
      return threadStream(server, call, thread_id, call.body);
    },
  );

const openSocket = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/stream/events',
    {
      tag,
      summary: 'Commands and events of a thread over a WebSocket',
      permission: 'read',
      params: threadParams,
      status: 101,
    },
    async (call) => {
      const { thread_id } = call.params;
      const scope = await call.allowed('threads', 'read', { thread_id });
      if (call.c.req.header('upgrade')?.toLowerCase() === 'websocket') return acceptSocket(server, call, thread_id);
      await needThread(server, scope, thread_id);
      throw new Problem(426, 'this path is a WebSocket: send Upgrade: websocket, or POST to it for server-sent events', {
        upgrade: 'websocket',
      });
    },
  );
