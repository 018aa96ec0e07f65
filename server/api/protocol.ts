/** The routes of protocol v2: commands to a thread, and the stream of its events over all runs. */
import type { Server } from '../context.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { httpAnswer } from '../protocol/commands/answer.ts';
import { commandSchema } from '../protocol/commands/command.ts';
import { dispatch } from '../protocol/commands/dispatch.ts';
import { threadStream } from '../protocol/event-stream.ts';
import { filterSchema } from '../protocol/filter.ts';
import { threadParams } from './schemas.ts';

const tag = 'protocol';

export const protocolEndpoints = (server: Server): readonly Endpoint[] => [sendCommand(server), streamThread(server)];

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
