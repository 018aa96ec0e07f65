/** The routes of runs, on a thread and without one: create, stream, wait, join, cancel. */
import { z } from 'zod';
import { SERVED_STATUSES } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { type Endpoint, empty, endpoint, flag, json, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { askerOf, createRuns } from '../runs/create-run.ts';
import { ended } from '../runs/follow.ts';
import { needThread } from '../threads/thread-graph.ts';
import { runView } from '../threads/views.ts';
import { createRun, followEvents, followOutput, needRun, readable, stopRuns, streamRun, waitRun } from './run-answers.ts';
import { runBatchSchema, runCreateSchema, runParams, runSchema, STREAM_MODES, threadParams } from './schemas.ts';

const tag = 'runs';
const output = z.unknown();
const EVENTS = 'text/event-stream';
const runIdOnly = z.object({ run_id: uuid('run_id') });
const cancelQuery = z.strictObject({ wait: flag.optional(), action: z.enum(['interrupt', 'rollback']).default('interrupt') });
/** httpx, under the Python SDK, writes a parameter that is None as an empty one: nothing is asked for. */
const streamModes = z
  .union([z.literal(''), z.enum(STREAM_MODES), z.array(z.union([z.literal(''), z.enum(STREAM_MODES)]))])
  .transform((given) => {
    const modes = [given].flat().filter((mode) => mode !== '');
    return modes.length === 0 ? undefined : modes;
  });
const namespaces = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat())
  .optional()
  .describe('Only events of these namespaces, `tools:1|agent:2`; the empty one is the graph itself.');
const runStreamQuery = z.object({ namespace: namespaces });
const joinQuery = z.strictObject({ cancel_on_disconnect: flag.optional() });
const streamQuery = z.strictObject({
  cancel_on_disconnect: flag.optional(),
  stream_mode: streamModes.optional(),
  namespace: namespaces,
  checkpoint_id: z.string().optional().describe('A wish to be told only what came after it; the whole run is told.'),
});
const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(10),
  offset: z.coerce.number().int().min(0).default(0),
  status: z.enum(SERVED_STATUSES).optional(),
  select: z.union([z.string(), z.array(z.string())]).optional(),
});
const cancelManySchema = z.strictObject({
  thread_id: uuid('thread_id').nullish(),
  run_ids: z.array(uuid('run_ids')).max(1000).nullish(),
  status: z.enum(['pending', 'running', 'all']).nullish(),
});

const withBody = { tag, permission: 'run', body: runCreateSchema } as const;
// An approver answers gates; who may start a run is asked where its graph is known.
const onThread = { ...withBody, permission: 'decide', params: threadParams } as const;

export const runEndpoints = (server: Server): readonly Endpoint[] => [
  createOnThread(server),
  streamOnThread(server),
  waitOnThread(server),
  createStateless(server),
  streamStateless(server),
  waitStateless(server),
  createBatch(server),
  cancelMany(server),
  joinStatelessStream(server),
  joinStateless(server),
  listRuns(server),
  getRun(server),
  deleteRun(server),
  joinRun(server),
  joinRunStream(server),
  cancelRun(server),
];

const createOnThread = (server: Server): Endpoint =>
  endpoint('post', '/threads/{thread_id}/runs', { ...onThread, summary: 'Start a run in the background', response: runSchema }, (call) =>
    createRun(server, call, call.body, call.params.thread_id),
  );

const streamOnThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/runs/stream',
    { ...onThread, query: runStreamQuery, summary: 'Start a run and stream its events', media: EVENTS },
    (call) => streamRun(server, call, call.body, call.params.thread_id),
  );

const waitOnThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/runs/wait',
    { ...onThread, summary: 'Start a run and wait for its output', response: output },
    (call) => waitRun(server, call, call.body, call.params.thread_id),
  );

const createStateless = (server: Server): Endpoint =>
  endpoint('post', '/runs', { ...withBody, summary: 'Start a stateless run in the background', response: runSchema }, (call) =>
    createRun(server, call, call.body, undefined),
  );

const streamStateless = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/stream',
    { ...withBody, query: runStreamQuery, summary: 'Start a stateless run and stream its events', media: EVENTS },
    (call) => streamRun(server, call, call.body, undefined),
  );

const waitStateless = (server: Server): Endpoint =>
  endpoint('post', '/runs/wait', { ...withBody, summary: 'Start a stateless run and wait for its output', response: output }, (call) =>
    waitRun(server, call, call.body, undefined),
  );

const createBatch = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/batch',
    {
      tag,
      summary: 'Start stateless runs, all or none',
      permission: 'run',
      body: runBatchSchema,
      response: z.array(runSchema),
    },
    async (call) => json((await createRuns(server, askerOf(call), call.body, undefined)).map(runView)),
  );

const cancelMany = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/cancel',
    { tag, summary: 'Cancel many runs', permission: 'run', body: cancelManySchema, query: cancelQuery, status: 204 },
    async (call) => {
      const { thread_id, run_ids, status } = call.body;
      if ((thread_id ?? run_ids ?? status) == null) throw new Problem(422, 'body: thread_id, run_ids or status must say which runs');
      const scope = await call.allowed('threads', 'update', { thread_id, action: call.query.action });
      const stopped = await stopRuns(
        server,
        scope,
        { threadId: thread_id ?? undefined, runIds: run_ids ?? undefined, status: status ?? undefined },
        call.query.action,
      );
      for (const runId of stopped) {
        const run = await server.served.queue.get(scope, undefined, runId);
        if (run !== undefined) await server.recordCancel(call.caller, { ...run, status: 'running' });
      }
      return empty();
    },
  );

const joinStatelessStream = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/runs/{run_id}/stream',
    { tag, summary: 'Join the events of a stateless run', permission: 'read', params: runIdOnly, query: streamQuery, media: EVENTS },
    (call) => followEvents(server, call, undefined, call.params.run_id),
  );

const joinStateless = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/runs/{run_id}/wait',
    { tag, summary: 'Wait for the output of a stateless run', permission: 'read', params: runIdOnly, query: joinQuery, response: output },
    (call) => followOutput(server, call, undefined, call.params.run_id),
  );

const listRuns = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/runs',
    {
      tag,
      summary: 'List the runs of a thread, newest first',
      permission: 'read',
      params: threadParams,
      query: listQuery,
      response: z.array(runSchema),
    },
    async (call) => {
      const { thread_id } = call.params;
      const select = call.query.select === undefined ? undefined : [call.query.select].flat();
      const runs = await server.served.queue.list(await readable(call, thread_id), thread_id, call.query);
      return json(
        runs.map((run) =>
          select === undefined ? runView(run) : Object.fromEntries(Object.entries(runView(run)).filter(([name]) => select.includes(name))),
        ),
      );
    },
  );

const getRun = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/runs/{run_id}',
    { tag, summary: 'Get a run', permission: 'read', params: runParams, response: runSchema },
    async (call) => {
      const { thread_id, run_id } = call.params;
      return json(runView(await needRun(server, await readable(call, thread_id), thread_id, run_id)));
    },
  );

const deleteRun = (server: Server): Endpoint =>
  endpoint(
    'delete',
    '/threads/{thread_id}/runs/{run_id}',
    { tag, summary: 'Delete a run', permission: 'run', params: runParams, status: 204 },
    async (call) => {
      const { thread_id, run_id } = call.params;
      const scope = await call.allowed('threads', 'delete', { thread_id, run_id });
      await needRun(server, scope, thread_id, run_id);
      await server.served.queue.delete(scope, thread_id, run_id);
      return empty();
    },
  );

const joinRun = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/runs/{run_id}/join',
    { tag, summary: 'Wait for the output of a run', permission: 'read', params: runParams, query: joinQuery, response: output },
    (call) => followOutput(server, call, call.params.thread_id, call.params.run_id),
  );

const joinRunStream = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/runs/{run_id}/stream',
    { tag, summary: 'Join the events of a run', permission: 'read', params: runParams, query: streamQuery, media: EVENTS },
    (call) => followEvents(server, call, call.params.thread_id, call.params.run_id),
  );

const cancelRun = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/runs/{run_id}/cancel',
    { tag, summary: 'Cancel a run', permission: 'run', params: runParams, query: cancelQuery, status: 202 },
    async (call) => {
      const { thread_id, run_id } = call.params;
      const scope = await call.allowed('threads', 'update', { thread_id, run_id, action: call.query.action });
      const run = await needRun(server, scope, thread_id, run_id);
      if (call.query.action === 'rollback' && (await needThread(server, scope, thread_id)).governed)
        throw new Problem(422, 'action: "rollback" is not possible on a governed thread; its record is kept');
      await server.recordCancel(call.caller, run);
      await stopRuns(server, scope, { threadId: thread_id, runIds: [run_id] }, call.query.action);
      if (call.query.wait !== true) return empty(202);
      await ended(server, run, call.c.req.raw.signal);
      return empty(204);
    },
  );
