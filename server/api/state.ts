/** The routes of a thread's state: now, at a checkpoint, its history, and edits. */
import { z } from 'zod';
import type { Server } from '../context.ts';
import { type Call, type Endpoint, endpoint, flag, json, uuid } from '../http/endpoint.ts';
import { needThread, readHistory, readState } from '../threads/thread-graph.ts';
import { selected } from '../threads/views.ts';
import { checkpointSchema, historySchema, stateAtSchema, stateSchema, stateSelect, stateUpdateSchema, threadParams } from './schemas.ts';

const tag = 'threads';
const stateQuery = z.strictObject({ subgraphs: flag.optional(), select: stateSelect.optional() });
const historyQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(10),
  before: z.string().optional(),
  select: stateSelect.optional(),
});

const history = {
  tag,
  summary: 'List the states of a thread, newest first',
  permission: 'read',
  params: threadParams,
  response: z.array(stateSchema),
} as const;

export const stateEndpoints = (server: Server): readonly Endpoint[] => [
  latestStateOf(server),
  editState(server),
  stateAt(server),
  stateAtId(server),
  historyByQuery(server),
  historyByBody(server),
];

/** The members that were asked for, by their names; nothing asked: all. */
function chosen(state: Record<string, unknown>, select: readonly string[] | null | undefined): Record<string, unknown> {
  if (select === null || select === undefined) return state;
  const whole = selected(state, select);
  const keys = select.flatMap((name) => (name.startsWith('values.') ? [name.slice('values.'.length)] : []));
  if (keys.length === 0 || 'values' in whole || typeof state['values'] !== 'object' || state['values'] === null) return whole;
  return { ...whole, values: selected(state['values'] as Record<string, unknown>, keys) }; // narrowed above
}

/** The thread that is asked about. */
async function threadOf(server: Server, call: Call<z.output<typeof threadParams>>) {
  const { thread_id } = call.params;
  return needThread(server, await call.allowed('threads', 'read', { thread_id }), thread_id);
}

const latestStateOf = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/state',
    { tag, summary: 'Get the latest state', permission: 'read', params: threadParams, query: stateQuery, response: stateSchema },
    async (call) =>
      json(chosen(await readState(server, await threadOf(server, call), {}, call.query.subgraphs ?? false), call.query.select)),
  );

const editState = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/state',
    {
      tag,
      summary: 'Edit the state, or fork it from a checkpoint',
      permission: 'run',
      params: threadParams,
      body: stateUpdateSchema,
      response: z.object({ checkpoint: checkpointSchema.nullable(), detail: z.string().optional() }),
    },
    async (call) => {
      const { body } = call;
      const scope = await call.allowed('threads', 'update', {
        thread_id: call.params.thread_id,
        values: body.values,
        as_node: body.as_node,
      });
      const thread = await needThread(server, scope, call.params.thread_id);
      const at = {
        ...body.checkpoint,
        ...(body.checkpoint_id === null || body.checkpoint_id === undefined ? {} : { checkpoint_id: body.checkpoint_id }),
      };
      const { updateState } = await import('../threads/edit-state.ts');
      return json(await updateState(server, call.caller, thread, { values: body.values, asNode: body.as_node ?? undefined, at, scope }));
    },
  );

const stateAt = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/state/checkpoint',
    {
      tag,
      summary: 'Get the state at a checkpoint',
      permission: 'read',
      params: threadParams,
      body: stateAtSchema,
      response: stateSchema,
    },
    async (call) => {
      const { checkpoint, subgraphs, select } = call.body;
      return json(chosen(await readState(server, await threadOf(server, call), checkpoint, subgraphs ?? false), select));
    },
  );

const stateAtId = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/threads/{thread_id}/state/{checkpoint_id}',
    {
      tag,
      summary: 'Get the state at a checkpoint (deprecated)',
      permission: 'read',
      params: z.object({ thread_id: uuid('thread_id'), checkpoint_id: uuid('checkpoint_id') }),
      query: stateQuery,
      response: stateSchema,
    },
    async (call) => {
      const { checkpoint_id } = call.params;
      const state = await readState(server, await threadOf(server, call), { checkpoint_id }, call.query.subgraphs ?? false);
      return json(chosen(state, call.query.select));
    },
  );

const historyByQuery = (server: Server): Endpoint =>
  endpoint('get', '/threads/{thread_id}/history', { ...history, query: historyQuery }, async (call) =>
    json((await readHistory(server, await threadOf(server, call), call.query)).map((state) => chosen(state, call.query.select))),
  );

const historyByBody = (server: Server): Endpoint =>
  endpoint('post', '/threads/{thread_id}/history', { ...history, body: historySchema, bodyOptional: true }, async (call) =>
    json((await readHistory(server, await threadOf(server, call), call.body)).map((state) => chosen(state, call.body.select))),
  );
