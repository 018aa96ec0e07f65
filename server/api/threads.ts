/** The routes of threads: create, look, search, copy, prune, delete. */
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import { z } from 'zod';
import type { Page, ThreadFilter } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { type Endpoint, empty, endpoint, json } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { needThread, viewOf } from '../threads/thread-graph.ts';
import { selected } from '../threads/views.ts';
import {
  threadCountSchema,
  threadCreateSchema,
  threadParams,
  threadPatchSchema,
  threadPruneSchema,
  threadSchema,
  threadSearchSchema,
} from './schemas.ts';

const tag = 'threads';
/** `a,b`, or the same name twice. */
const words = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat().flatMap((word) => word.split(',')));

/** `X-Pagination-Next` is there only when there is a next page. */
export function paging(page: Page<unknown>): Record<string, string> {
  return { 'x-pagination-total': String(page.total), ...(page.next === null ? {} : { 'x-pagination-next': String(page.next) }) };
}

function filterOf(body: z.output<typeof threadCountSchema>): ThreadFilter {
  return {
    ids: body.ids ?? undefined,
    metadata: body.metadata ?? undefined,
    values: body.values ?? undefined,
    status: body.status ?? undefined,
  };
}

/** `extract`: `name -> path` into the thread, such as `values.messages[-1].content`; what is not there is null. */
function extracted(view: Record<string, unknown>, paths: Readonly<Record<string, string>> | null | undefined): Record<string, unknown> {
  if (paths === null || paths === undefined) return {};
  const found = Object.entries(paths).map(([name, path]) => [name, at(view, path)] as const);
  return { extracted: Object.fromEntries(found) };
}

function at(view: unknown, path: string): unknown {
  let value = view;
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(-?\d+)\]/g)) {
    if (index !== undefined) value = Array.isArray(value) ? value.at(Number(index)) : undefined;
    else
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name ?? '')
          ? (value as Record<string, unknown>)[name ?? '']
          : undefined; // asked for by name
  }
  return value ?? null;
}

export const threadEndpoints = (server: Server): readonly Endpoint[] => [
  createThread(server),
  searchThreads(server),
  countThreads(server),
  pruneThreads(server),
  getThread(server),
  patchThread(server),
  deleteThread(server),
  copyThread(server),
];

const createThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads',
    { tag, summary: 'Create a thread', permission: 'run', body: threadCreateSchema, bodyOptional: true, response: threadSchema },
    async (call) => {
      const { body } = call;
      const metadata = {
        ...body.metadata,
        ...(body.graph_id === null || body.graph_id === undefined ? {} : { graph_id: body.graph_id }),
      };
      const { graphs, person } = call.caller;
      const graphId = metadata['graph_id'];
      if (graphs !== undefined && typeof graphId === 'string' && !graphs.includes(graphId))
        throw new Problem(403, `${person.id} may use ${graphs.join(', ')}, not ${graphId}`);
      const threadId = body.thread_id ?? uuidv7();
      const value = { thread_id: threadId, metadata, if_exists: body.if_exists ?? 'raise' };
      const scope = await call.allowed('threads', 'create', value);
      const supersteps = body.supersteps ?? [];
      if (supersteps.length > 0 && typeof metadata['graph_id'] !== 'string')
        throw new Problem(422, 'body.supersteps: need body.metadata.graph_id, the graph that they are steps of');
      const before = supersteps.length > 0 ? await server.served.threads.get(scope, threadId) : undefined;
      const thread = await server.served.threads.create(scope, {
        threadId,
        metadata: value.metadata,
        ifExists: value.if_exists,
        ttlMinutes: body.ttl ?? null,
      });
      // All or nothing: a thread that was there stays as it is, one whose steps are refused is not made.
      if (supersteps.length > 0 && before === undefined)
        try {
          const { applySupersteps } = await import('../threads/edit-state.ts');
          await applySupersteps(server, call.caller, thread, supersteps);
        } catch (error) {
          await server.served.threads.delete(scope, threadId);
          throw error;
        }
      return json(await viewOf(server, await needThread(server, scope, threadId)));
    },
  );

const searchThreads = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/search',
    { tag, summary: 'Search threads', permission: 'read', body: threadSearchSchema, bodyOptional: true, response: z.array(threadSchema) },
    async (call) => {
      const { body } = call;
      const value = { ...body, metadata: { ...body.metadata } };
      const scope = await call.allowed('threads', 'search', value);
      const page = await server.served.threads.search(scope, filterOf({ ...body, metadata: value.metadata }), {
        limit: body.limit,
        offset: body.offset,
        sortBy: body.sort_by ?? undefined,
        sortOrder: body.sort_order ?? undefined,
      });
      const views: Record<string, unknown>[] = [];
      for (const row of page.rows) {
        const view = await viewOf(server, row, true);
        views.push({ ...selected(view, body.select ?? undefined), ...extracted(view, body.extract) });
      }
      return json(views, 200, paging(page));
    },
  );

const countThreads = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/count',
    { tag, summary: 'Count threads', permission: 'read', body: threadCountSchema, bodyOptional: true, response: z.number() },
    async (call) => {
      const value = { ...call.body, metadata: { ...call.body.metadata } };
      const scope = await call.allowed('threads', 'search', value);
      return json(await server.served.threads.count(scope, filterOf({ ...call.body, metadata: value.metadata })));
    },
  );

const pruneThreads = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/prune',
    {
      tag,
      summary: 'Delete threads, or all but their latest state',
      permission: 'edit',
      body: threadPruneSchema,
      response: z.object({ pruned_count: z.number() }),
    },
    async (call) => {
      const scope = await call.allowed('threads', 'delete', { thread_ids: call.body.thread_ids });
      let count = 0;
      for (const threadId of call.body.thread_ids) {
        const thread = await server.served.threads.get(scope, threadId);
        if (thread === undefined) continue;
        if (call.body.strategy === 'delete') await server.served.threads.delete(scope, threadId);
        else await server.served.threads.keepLatest(scope, threadId);
        count += 1;
      }
      return json({ pruned_count: count });
    },
  );

const getThread = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}',
    {
      tag,
      summary: 'Get a thread',
      permission: 'read',
      params: threadParams,
      query: z.strictObject({ include: words.optional(), select: words.optional() }),
      response: threadSchema,
    },
    async (call) => {
      const scope = await call.allowed('threads', 'read', { thread_id: call.params.thread_id });
      const thread = await needThread(server, scope, call.params.thread_id);
      const ttl =
        call.query.include?.includes('ttl') === true
          ? { ttl: thread.ttlMinutes === null ? null : { strategy: 'delete', ttl_minutes: thread.ttlMinutes } }
          : {};
      return json({ ...selected(await viewOf(server, thread), call.query.select), ...ttl });
    },
  );

const patchThread = (server: Server): Endpoint =>
  endpoint(
    'patch',
    '/threads/{thread_id}',
    {
      tag,
      summary: 'Merge metadata into a thread',
      permission: 'run',
      params: threadParams,
      body: threadPatchSchema,
      response: threadSchema,
    },
    async (call) => {
      const value = { thread_id: call.params.thread_id, metadata: { ...call.body.metadata } };
      const scope = await call.allowed('threads', 'update', value);
      const thread = await server.served.threads.patch(scope, call.params.thread_id, {
        metadata: value.metadata,
        ...(call.body.ttl === undefined ? {} : { ttlMinutes: call.body.ttl }),
      });
      if (/(^|[,\s])return=minimal\b/.test(call.c.req.header('prefer') ?? '')) return empty();
      return json(await viewOf(server, thread));
    },
  );

const deleteThread = (server: Server): Endpoint =>
  endpoint(
    'delete',
    '/threads/{thread_id}',
    { tag, summary: 'Delete a thread with its runs and checkpoints', permission: 'run', params: threadParams, status: 204 },
    async (call) => {
      const scope = await call.allowed('threads', 'delete', { thread_id: call.params.thread_id });
      const { governed } = await needThread(server, scope, call.params.thread_id);
      // A governed one is refused, and goes on.
      const stopped = governed ? [] : await server.served.queue.cancel(scope, { threadId: call.params.thread_id }, 'interrupt');
      await server.served.threads.delete(scope, call.params.thread_id);
      server.stopRuns(stopped, 'interrupt');
      return empty();
    },
  );

const copyThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/copy',
    { tag, summary: 'Copy a thread with its checkpoints', permission: 'run', params: threadParams, response: threadSchema },
    async (call) => {
      const { thread_id } = call.params;
      // Two questions: who may create threads may not read all of them.
      const scope = await call.allowed('threads', 'read', { thread_id });
      const threadId = uuidv7();
      const value = { thread_id: threadId, metadata: { ...(await needThread(server, scope, thread_id)).metadata }, if_exists: 'raise' };
      await call.allowed('threads', 'create', value);
      return json(await viewOf(server, await server.served.threads.copy(scope, thread_id, threadId, value.metadata)));
    },
  );
