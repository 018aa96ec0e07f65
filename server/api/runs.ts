/** The routes of runs, on a thread and without one: create, stream, wait, join, cancel. */
import { z } from 'zod';
import { type CancelAction, type Scope, SERVED_STATUSES, type ServedRun } from '../../domain/served.ts';
import { assertMay, may } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { recordCancel } from '../governed/record-cancel.ts';
import { type Call, type Endpoint, empty, endpoint, flag, json, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { createRuns } from '../runs/create-run.ts';
import { ended } from '../runs/follow.ts';
import { eventStream, waitFor } from '../runs/stream.ts';
import { needThread } from '../threads/thread-graph.ts';
import { runView } from '../threads/views.ts';
import { type RunCreate, runBatchSchema, runCreateSchema, runParams, runSchema, STREAM_MODES, threadParams } from './schemas.ts';

const tag = 'runs';
const output = z.unknown();
const EVENTS = 'text/event-stream';
const runIdOnly = z.object({ run_id: uuid('run_id') });
const cancelQuery = z.strictObject({ wait: flag.optional(), action: z.enum(['interrupt', 'rollback']).default('interrupt') });
const joinQuery = z.strictObject({ cancel_on_disconnect: flag.optional() });
const streamQuery = z.strictObject({
  cancel_on_disconnect: flag.optional(),
  stream_mode: z.union([z.enum(STREAM_MODES), z.array(z.enum(STREAM_MODES))]).optional(),
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

/** Whose share of open answers it is. */
const ownerOf = (call: Call): string => call.caller.person.id;

/** Where a client that was cut off goes on: the SDKs reconnect by themselves when they are told. */
function places(run: ServedRun, threadId: string | undefined, then: 'stream' | 'join'): Record<string, string> {
  const at = `${threadId === undefined ? '' : `/threads/${threadId}`}/runs/${run.runId}`;
  return { 'content-location': at, location: threadId === undefined && then === 'join' ? `/runs/${run.runId}/wait` : `${at}/${then}` };
}

/** @throws Problem 422 for an id that is none. */
function afterSeq(call: Call): number {
  const given = call.c.req.header('last-event-id');
  if (given === undefined || given === '' || given === '-') return -1;
  if (!/^-?\d{1,15}$/.test(given))
    throw new Problem(422, `Last-Event-ID: must be a whole number; got ${JSON.stringify(given.slice(0, 50))}`);
  return Number(given);
}

export const runEndpoints = (server: Server): readonly Endpoint[] => {
  const { queue } = server.served;
  const one = async (call: Call, body: RunCreate, threadId: string | undefined): Promise<ServedRun> => {
    const [run] = await createRuns(server, call, [body], threadId);
    if (run === undefined) throw new Error('no run was put');
    return run;
  };
  const need = async (scope: Scope, threadId: string | undefined, runId: string): Promise<ServedRun> => {
    if (threadId !== undefined) await needThread(server, scope, threadId);
    const run = await queue.get(scope, threadId, runId);
    if (run === undefined) throw new Problem(404, `run ${runId} not found`);
    return run;
  };
  const cancel = async (scope: Scope, which: Parameters<typeof queue.cancel>[1], action: CancelAction): Promise<readonly string[]> => {
    const stopped = await queue.cancel(scope, which, action);
    server.stopRuns(stopped, action);
    server.poke();
    return stopped;
  };
  /** What happens to a run when its client leaves. An approver, who answered, stops nothing by it: the SDK always asks for it. */
  const leaving = (call: Call, run: ServedRun, cancels: boolean) =>
    cancels && may(call.caller, 'run')
      ? (): void => {
          const stop = async (): Promise<void> => {
            const now = await queue.get({ tenant: run.tenant }, undefined, run.runId);
            if (now !== undefined) await recordCancel(server, call.caller, now, true);
            await cancel({ tenant: run.tenant }, { runIds: [run.runId] }, 'interrupt');
          };
          stop().catch((error: unknown) => server.log('error', `run ${run.runId}: ${String(error)}`));
        }
      : undefined;
  const stream = async (call: Call, body: RunCreate, threadId: string | undefined): Promise<Response> => {
    server.streams.assertRoom(ownerOf(call));
    const run = await one(call, body, threadId);
    return eventStream(server, run, {
      afterSeq: -1,
      headers: places(run, threadId, 'stream'),
      owner: ownerOf(call),
      onLeave: leaving(call, run, body.on_disconnect === 'cancel'),
    });
  };
  /** Answers with the output, once there is one. */
  const outputOf = (call: Call, run: ServedRun, threadId: string | undefined, cancels: boolean): Response =>
    waitFor(server, run, {
      headers: places(run, threadId, 'join'),
      owner: ownerOf(call),
      onLeave: leaving(call, run, cancels),
    });
  const wait = async (call: Call, body: RunCreate, threadId: string | undefined): Promise<Response> => {
    server.streams.assertRoom(ownerOf(call));
    return outputOf(call, await one(call, body, threadId), threadId, body.on_disconnect === 'cancel');
  };
  const create = async (call: Call, body: RunCreate, threadId: string | undefined): Promise<Response> => {
    const run = await one(call, body, threadId);
    return json(runView(run), 200, places(run, threadId, 'stream'));
  };
  const read = (call: Call, threadId?: string): Promise<Scope> => call.allowed('threads', 'read', { thread_id: threadId });
  /** A run to look at. To stop it by leaving takes the right to stop it. */
  const joined = async (call: Call, threadId: string | undefined, runId: string, cancels: boolean): Promise<ServedRun> => {
    server.streams.assertRoom(ownerOf(call));
    if (!cancels) return need(await read(call, threadId), threadId, runId);
    assertMay(call.caller, 'run');
    return need(await call.allowed('threads', 'update', { thread_id: threadId, run_id: runId, action: 'interrupt' }), threadId, runId);
  };
  const join = async (call: Call<unknown, z.output<typeof joinQuery>>, threadId: string | undefined, runId: string): Promise<Response> => {
    const cancels = call.query.cancel_on_disconnect === true;
    return outputOf(call, await joined(call, threadId, runId, cancels), threadId, cancels);
  };
  const joinStream = async (
    call: Call<unknown, z.output<typeof streamQuery>>,
    threadId: string | undefined,
    runId: string,
  ): Promise<Response> => {
    const { cancel_on_disconnect, stream_mode } = call.query;
    const cancels = cancel_on_disconnect === true;
    const run = await joined(call, threadId, runId, cancels);
    return eventStream(server, run, {
      afterSeq: afterSeq(call),
      modes: stream_mode === undefined ? undefined : [stream_mode].flat(),
      headers: places(run, threadId, 'stream'),
      owner: ownerOf(call),
      onLeave: leaving(call, run, cancels),
    });
  };

  const withBody = { tag, permission: 'run', body: runCreateSchema } as const;
  // An approver answers gates; who may start a run is asked where its graph is known.
  const onThread = { ...withBody, permission: 'decide', params: threadParams } as const;
  return [
    endpoint('post', '/threads/{thread_id}/runs', { ...onThread, summary: 'Start a run in the background', response: runSchema }, (call) =>
      create(call, call.body, call.params.thread_id),
    ),
    endpoint(
      'post',
      '/threads/{thread_id}/runs/stream',
      { ...onThread, summary: 'Start a run and stream its events', media: EVENTS },
      (call) => stream(call, call.body, call.params.thread_id),
    ),
    endpoint(
      'post',
      '/threads/{thread_id}/runs/wait',
      { ...onThread, summary: 'Start a run and wait for its output', response: output },
      (call) => wait(call, call.body, call.params.thread_id),
    ),
    endpoint('post', '/runs', { ...withBody, summary: 'Start a stateless run in the background', response: runSchema }, (call) =>
      create(call, call.body, undefined),
    ),
    endpoint('post', '/runs/stream', { ...withBody, summary: 'Start a stateless run and stream its events', media: EVENTS }, (call) =>
      stream(call, call.body, undefined),
    ),
    endpoint('post', '/runs/wait', { ...withBody, summary: 'Start a stateless run and wait for its output', response: output }, (call) =>
      wait(call, call.body, undefined),
    ),
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
      async (call) => json((await createRuns(server, call, call.body, undefined)).map(runView)),
    ),
    endpoint(
      'post',
      '/runs/cancel',
      { tag, summary: 'Cancel many runs', permission: 'run', body: cancelManySchema, query: cancelQuery, status: 204 },
      async (call) => {
        const { thread_id, run_ids, status } = call.body;
        if ((thread_id ?? run_ids ?? status) == null) throw new Problem(422, 'body: thread_id, run_ids or status must say which runs');
        const scope = await call.allowed('threads', 'update', { thread_id, action: call.query.action });
        const stopped = await cancel(
          scope,
          { threadId: thread_id ?? undefined, runIds: run_ids ?? undefined, status: status ?? undefined },
          call.query.action,
        );
        for (const runId of stopped) {
          const run = await queue.get(scope, undefined, runId);
          if (run !== undefined) await recordCancel(server, call.caller, { ...run, status: 'running' });
        }
        return empty();
      },
    ),
    endpoint(
      'get',
      '/runs/{run_id}/stream',
      { tag, summary: 'Join the events of a stateless run', permission: 'read', params: runIdOnly, query: streamQuery, media: EVENTS },
      (call) => joinStream(call, undefined, call.params.run_id),
    ),
    endpoint(
      'get',
      '/runs/{run_id}/wait',
      { tag, summary: 'Wait for the output of a stateless run', permission: 'read', params: runIdOnly, query: joinQuery, response: output },
      (call) => join(call, undefined, call.params.run_id),
    ),
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
        const runs = await queue.list(await read(call, thread_id), thread_id, call.query);
        return json(
          runs.map((run) =>
            select === undefined
              ? runView(run)
              : Object.fromEntries(Object.entries(runView(run)).filter(([name]) => select.includes(name))),
          ),
        );
      },
    ),
    endpoint(
      'get',
      '/threads/{thread_id}/runs/{run_id}',
      { tag, summary: 'Get a run', permission: 'read', params: runParams, response: runSchema },
      async (call) => {
        const { thread_id, run_id } = call.params;
        return json(runView(await need(await read(call, thread_id), thread_id, run_id)));
      },
    ),
    endpoint(
      'delete',
      '/threads/{thread_id}/runs/{run_id}',
      { tag, summary: 'Delete a run', permission: 'run', params: runParams, status: 204 },
      async (call) => {
        const { thread_id, run_id } = call.params;
        const scope = await call.allowed('threads', 'delete', { thread_id, run_id });
        await need(scope, thread_id, run_id);
        await queue.delete(scope, thread_id, run_id);
        return empty();
      },
    ),
    endpoint(
      'get',
      '/threads/{thread_id}/runs/{run_id}/join',
      { tag, summary: 'Wait for the output of a run', permission: 'read', params: runParams, query: joinQuery, response: output },
      (call) => join(call, call.params.thread_id, call.params.run_id),
    ),
    endpoint(
      'get',
      '/threads/{thread_id}/runs/{run_id}/stream',
      { tag, summary: 'Join the events of a run', permission: 'read', params: runParams, query: streamQuery, media: EVENTS },
      (call) => joinStream(call, call.params.thread_id, call.params.run_id),
    ),
    endpoint(
      'post',
      '/threads/{thread_id}/runs/{run_id}/cancel',
      { tag, summary: 'Cancel a run', permission: 'run', params: runParams, query: cancelQuery, status: 202 },
      async (call) => {
        const { thread_id, run_id } = call.params;
        const scope = await call.allowed('threads', 'update', { thread_id, run_id, action: call.query.action });
        const run = await need(scope, thread_id, run_id);
        if (call.query.action === 'rollback' && (await needThread(server, scope, thread_id)).governed)
          throw new Problem(422, 'action: "rollback" is not possible on a governed thread; its record is kept');
        await recordCancel(server, call.caller, run);
        await cancel(scope, { threadId: thread_id, runIds: [run_id] }, call.query.action);
        if (call.query.wait !== true) return empty(202);
        await ended(server, run, call.c.req.raw.signal);
        return empty(204);
      },
    ),
  ];
};
