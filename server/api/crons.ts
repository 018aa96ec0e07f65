/** The routes of crons: runs that are put by the clock, on a thread or each with one of its own. */
import { z } from 'zod';
import type { CronRow } from '../../domain/crons.ts';
import type { Page, Scope } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { cronCreateSchema, cronPatchSchema } from '../crons/cron-body.ts';
import { cronScope } from '../crons/cron-scope.ts';
import { changeCron, makeCron } from '../crons/make-cron.ts';
import { type Call, type Endpoint, empty, endpoint, json, jsonObject, limit, offset, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { selected } from '../threads/views.ts';
import { threadParams } from './schemas.ts';

const tag = 'crons';
const cronParams = z.object({ cron_id: uuid('cron_id') });
const moment = z.string().nullable();
const cronSchema = z
  .object({
    cron_id: z.string(),
    assistant_id: z.string(),
    thread_id: moment,
    schedule: z.string(),
    timezone: moment,
    end_time: moment,
    enabled: z.boolean(),
    on_run_completed: z.enum(['delete', 'keep']).nullable(),
    next_run_date: moment,
    payload: jsonObject,
    metadata: jsonObject,
    user_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    last_run: z
      .object({
        tick: z.string(),
        at: z.string(),
        run_id: z.string().nullable(),
        thread_id: z.string().nullable(),
        error: z.object({ error: z.string(), message: z.string() }).nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Cron' });

const MEMBERS = Object.keys(cronSchema.shape);
const filter = {
  assistant_id: z.string().nullish(),
  thread_id: uuid('thread_id').nullish(),
  enabled: z.boolean().nullish(),
  metadata: jsonObject.nullish(),
};
const searchSchema = z
  .strictObject({
    ...filter,
    limit: limit(10),
    offset,
    sort_by: z.enum(['cron_id', 'assistant_id', 'thread_id', 'created_at', 'updated_at', 'next_run_date']).nullish(),
    sort_order: z.enum(['asc', 'desc']).nullish(),
    select: z.array(z.string().refine((name) => MEMBERS.includes(name), `must be one of ${MEMBERS.join(', ')}`)).nullish(),
  })
  .meta({ id: 'CronSearch' });
const countSchema = z.strictObject(filter).meta({ id: 'CronCount' });

export const cronEndpoints = (server: Server): readonly Endpoint[] => [
  createStateless(server),
  createOnThread(server),
  searchCrons(server),
  countCrons(server),
  getCron(server),
  patchCron(server),
  deleteCron(server),
];

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function cronView(cron: CronRow): Record<string, unknown> {
  const { last } = cron;
  return {
    cron_id: cron.cronId,
    assistant_id: cron.assistantId,
    thread_id: cron.threadId,
    schedule: cron.schedule,
    timezone: cron.timezone,
    end_time: isoOf(cron.endAt),
    enabled: cron.enabled,
    on_run_completed: cron.onRunCompleted,
    next_run_date: isoOf(cron.dueAt),
    payload: cron.payload,
    metadata: cron.metadata,
    user_id: cron.owner,
    created_at: cron.createdAt,
    updated_at: cron.updatedAt,
    last_run:
      last === null
        ? null
        : { tick: last.tick, at: last.at, run_id: last.runId ?? null, thread_id: last.threadId ?? null, error: last.error ?? null },
  };
}

const createStateless = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/crons',
    {
      tag,
      summary: 'Create a cron whose runs have a thread each',
      permission: 'run',
      body: cronCreateSchema,
      response: cronSchema,
    },
    async (call) => json(cronView(await makeCron(server, call, call.body, null))),
  );

const createOnThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/threads/{thread_id}/runs/crons',
    {
      tag,
      summary: 'Create a cron on a thread',
      permission: 'run',
      params: threadParams,
      body: cronCreateSchema,
      response: cronSchema,
    },
    async (call) => json(cronView(await makeCron(server, call, call.body, call.params.thread_id))),
  );

type Asked = z.output<typeof countSchema>;

const filterOf = ({ assistant_id, thread_id, enabled, metadata }: Asked) => ({
  assistantId: assistant_id ?? undefined,
  threadId: thread_id ?? undefined,
  enabled: enabled ?? undefined,
  metadata: metadata ?? undefined,
});

const paged = ({ rows, total, next }: Page<CronRow>, select: readonly string[] | null | undefined): Response =>
  json(
    rows.map((row) => selected(cronView(row), select ?? undefined)),
    200,
    { 'x-pagination-total': String(total), ...(next === null ? {} : { 'x-pagination-next': String(next) }) },
  );

const searchCrons = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/crons/search',
    { tag, summary: 'Search crons', permission: 'read', body: searchSchema, bodyOptional: true, response: z.array(cronSchema) },
    async (call) => {
      const { body } = call;
      const scope = await cronScope(call, 'search', { ...filterNames(body), limit: body.limit, offset: body.offset });
      const paging = {
        limit: body.limit,
        offset: body.offset,
        sortBy: body.sort_by ?? undefined,
        sortOrder: body.sort_order ?? undefined,
      };
      return paged(await server.served.crons.search(scope, filterOf(body), paging), body.select);
    },
  );

const filterNames = ({ assistant_id, thread_id, metadata }: Asked) => ({ assistant_id, thread_id, metadata: metadata ?? {} });

const countCrons = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/runs/crons/count',
    { tag, summary: 'Count crons', permission: 'read', body: countSchema, bodyOptional: true, response: z.number().int() },
    async (call) => json(await server.served.crons.count(await cronScope(call, 'search', filterNames(call.body)), filterOf(call.body))),
  );

/** @throws Problem 404. */
async function needCron(server: Server, scope: Scope, cronId: string): Promise<CronRow> {
  const cron = await server.served.crons.get(scope, cronId);
  if (cron === undefined) throw new Problem(404, `cron ${cronId} not found`);
  return cron;
}

const idOf = (call: Call<z.output<typeof cronParams>>): string => call.params.cron_id;

const getCron = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/runs/crons/{cron_id}',
    { tag, summary: 'Get a cron', permission: 'read', params: cronParams, response: cronSchema },
    async (call) => json(cronView(await needCron(server, await cronScope(call, 'read', { cron_id: idOf(call) }), idOf(call)))),
  );

const patchCron = (server: Server): Endpoint =>
  endpoint(
    'patch',
    '/runs/crons/{cron_id}',
    {
      tag,
      summary: 'Change a cron; its runs are made as the caller from then on',
      permission: 'run',
      params: cronParams,
      body: cronPatchSchema,
      response: cronSchema,
    },
    async (call) => {
      const asked = { cron_id: idOf(call), schedule: call.body.schedule, metadata: { ...call.body.metadata } };
      const scope = await cronScope(call, 'update', asked);
      const cron = await needCron(server, scope, idOf(call));
      // As the auth handler stamped it.
      return json(cronView(await changeCron(server, call, scope, { cron, body: { ...call.body, metadata: asked.metadata } })));
    },
  );

const deleteCron = (server: Server): Endpoint =>
  endpoint(
    'delete',
    '/runs/crons/{cron_id}',
    { tag, summary: 'Delete a cron; runs that it has put stay', permission: 'run', params: cronParams, status: 204 },
    async (call) => {
      await server.served.crons.delete(await cronScope(call, 'delete', { cron_id: idOf(call) }), idOf(call));
      return empty();
    },
  );
