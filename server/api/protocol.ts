/** The routes of protocol v2: commands to a thread, and the stream of its events over all runs. */
import { z } from 'zod';
import type { Server } from '../context.ts';
import { type Call, type Endpoint, endpoint } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { httpAnswer } from '../protocol/commands/answer.ts';
import { commandSchema } from '../protocol/commands/command.ts';
import { dispatch } from '../protocol/commands/dispatch.ts';
import { threadStream } from '../protocol/event-stream.ts';
import { filterSchema } from '../protocol/filter.ts';
import { createSight } from '../protocol/sight.ts';
import { acceptSocket } from '../protocol/socket/accept-socket.ts';
import { type EventPlace, followRuns } from '../runs/follow-runs.ts';
import { sse } from '../runs/stream.ts';
import { needThread } from '../threads/thread-graph.ts';
import { threadParams } from './schemas.ts';

const tag = 'protocol';

export const protocolEndpoints = (server: Server): readonly Endpoint[] => [
  sendCommand(server),
  streamThread(server),
  openSocket(server),
  joinThread(server),
];

const sendCommand = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/commands',
    // What each command needs it asks for itself.
    {
      tag,
      summary: 'Send a command of protocol v2',
      permission: 'read',
      params: threadParams,
      body: commandSchema,
      isRefusal: (answer) => answer.startsWith('{"type":"error"'),
    },
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

const mode = z.enum(['run_modes', 'lifecycle', 'state_update']);
const modes = z.union([mode, z.array(mode)]).optional();
/** The SDK sends the first, the hosted server's document names the second. */
const joinQuery = z.strictObject({ stream_mode: modes, stream_modes: modes });

const joinThread = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/stream',
    {
      tag: 'threads',
      summary: 'Join the events of all runs of a thread',
      permission: 'read',
      params: threadParams,
      query: joinQuery,
      media: 'text/event-stream',
    },
    async (call) => {
      const { thread_id: threadId } = call.params;
      await needThread(server, await call.allowed('threads', 'read', { thread_id: threadId }), threadId);
      const asked = [call.query.stream_mode ?? call.query.stream_modes ?? 'run_modes'].flat();
      if (asked.includes('state_update'))
        throw new Problem(
          422,
          'stream_mode: "state_update" is not served; the channel values of POST /threads/{thread_id}/stream/events tells of the state',
        );
      return joined(server, call, { threadId, after: placeOf(call), whole: asked.includes('run_modes') });
    },
  );

/** @throws Problem 422 for an id that is none. */
function placeOf(call: Call): EventPlace | undefined {
  const given = call.c.req.header('last-event-id') ?? '';
  if (given === '') return undefined;
  if (given === '-' || given === '-1') return { run: 0, event: 'end' };
  const [, run, event] = /^(\d{1,15})-(\d{1,15}|end)$/.exec(given) ?? [];
  if (run === undefined)
    throw new Problem(422, `Last-Event-ID: must be an id of this stream, or "-" for all; got ${JSON.stringify(given.slice(0, 50))}`);
  return { run: Number(run), event: event === 'end' ? 'end' : Number(event) };
}

interface Joined {
  readonly threadId: string;
  readonly after: EventPlace | undefined;
  /** Every event; false: only that runs begin and end. */
  readonly whole: boolean;
}

function joined(server: Server, call: Call, { threadId, after, whole }: Joined): Response {
  const owner = call.caller.person.id;
  server.streams.assertRoom(owner);
  async function* parts(signal: AbortSignal): AsyncGenerator<string> {
    server.streams.opened(owner);
    try {
      for await (const one of followRuns(server, { threadId, after, isSeen: createSight(server, call, threadId) }, signal)) {
        if (one === undefined) yield ': heartbeat\n\n';
        else if (whole || one.event === 'metadata' || one.event === 'run_done')
          yield `event: ${one.event}\ndata: ${one.data}\nid: ${one.id}\n\n`;
      }
    } finally {
      server.streams.closed(owner);
    }
  }
  return sse(parts, { headers: { location: `/threads/${threadId}/stream` } });
}
