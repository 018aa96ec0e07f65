/** `/assistants`: graphs with settings, their versions, their drawing and their schemas. */
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import { z } from 'zod';
import { toError } from '../../domain/errors.ts';
import { type AssistantRow, type Json, ServedError } from '../../domain/served.ts';
import { wordsOf } from '../auth/configurable.ts';
import type { GraphSchemas, ServableGraph, ServedGraph, Server } from '../context.ts';
import { type Call, type Endpoint, endpoint, flag, json, jsonObject, parse } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { systemAssistantId } from '../project/assistant-id.ts';
import { assistantOf } from '../project/find-assistant.ts';
import * as schema from './assistant-schemas.ts';

const TAG = 'assistants';
/** Threads looked at in one go when an assistant's threads are deleted. */
const THREADS_AT_ONCE = 100;

export const assistantEndpoints = (server: Server): readonly Endpoint[] => [
  createAssistant(server),
  searchAssistants(server),
  countAssistants(server),
  getAssistant(server),
  patchAssistant(server),
  deleteAssistant(server),
  listVersions(server),
  setLatest(server),
  drawGraph(server),
  readSchemas(server),
  listSubgraphs(server),
  getSubgraph(server),
];

type OfAssistant = Call<{ assistant_id: string }>;

/** The id is asked about before the row is looked for: a refusal must not tell whether it exists. @throws Problem 403, 404. */
async function touched(server: Server, call: OfAssistant, action: 'read' | 'update' | 'delete', value: Record<string, unknown> = {}) {
  const { assistant_id: given } = call.params;
  const id = server.graphs.has(given) ? systemAssistantId(given) : given;
  const scope = await call.allowed('assistants', action, Object.assign(value, { assistant_id: id }));
  const row = await assistantOf(server, scope, given);
  if (row === undefined || call.caller.graphs?.includes(row.graphId) === false)
    throw new Problem(404, `Assistant not found: ${JSON.stringify(given)} is no assistant's id and no graph's name`);
  return { scope, row };
}

/** The graph of an assistant, made with its config. */
async function opened(server: Server, call: OfAssistant) {
  const { row } = await touched(server, call, 'read');
  const config = { ...row.config, configurable: wordsOf(call.caller.person, member(row.config, 'configurable')) };
  return { config, graph: await open(server, call, row, config) };
}

async function subgraphsOf(server: Server, call: OfAssistant, keep: (namespace: string) => boolean): Promise<Response> {
  const { row } = await touched(server, call, 'read');
  const all = await servedGraph(server, row.graphId, call.caller.graphs).subgraphSchemas();
  return json(
    Object.fromEntries(
      Object.entries(all).flatMap(([key, value]) => (keep(key) ? [[key, { ...schemaView(value), ...aliased(value) }]] : [])),
    ),
  );
}

const createAssistant = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/assistants',
    { tag: TAG, summary: 'Create an assistant', permission: 'run', body: schema.create, response: schema.assistant },
    async (call) => {
      const { body } = call;
      servedGraph(server, body.graph_id, call.caller.graphs);
      const value: Record<string, unknown> = {
        ...body,
        assistant_id: body.assistant_id ?? uuidv7(),
        config: body.config ?? {},
        context: body.context ?? {},
        metadata: body.metadata ?? {},
        if_exists: body.if_exists ?? 'raise',
        name: body.name ?? 'Untitled',
      };
      const scope = await call.allowed('assistants', 'create', value);
      const row = await server.served.assistants.create(
        scope,
        {
          assistantId: String(value['assistant_id']),
          graphId: body.graph_id,
          name: body.name || 'Untitled',
          description: body.description ?? null,
          config: body.config ?? {},
          context: body.context ?? {},
          metadata: stamped(value),
        },
        body.if_exists ?? 'raise',
      );
      return json(view(row));
    },
  );

const searchAssistants = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/assistants/search',
    {
      tag: TAG,
      summary: 'Search assistants',
      permission: 'read',
      body: schema.search,
      bodyOptional: true,
      response: z.array(schema.assistant.partial()),
    },
    async (call) => {
      const { body } = call;
      const scope = await call.allowed('assistants', 'search', { ...body });
      const page = await server.served.assistants.search(scope, filterOf(call), {
        limit: body.limit,
        offset: body.offset,
        sortBy: body.sort_by ?? undefined,
        sortOrder: body.sort_order ?? undefined,
      });
      return json(
        page.rows.map((row) => pick(view(row), body.select ?? schema.MEMBERS)),
        200,
        { 'x-pagination-total': String(page.total), ...(page.next === null ? {} : { 'x-pagination-next': String(page.next) }) },
      );
    },
  );

const countAssistants = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/assistants/count',
    { tag: TAG, summary: 'Count assistants', permission: 'read', body: schema.count, bodyOptional: true, response: z.number().int() },
    async (call) =>
      json(
        await server.served.assistants.count(
          await call.allowed('assistants', 'search', { ...call.body, limit: 0, offset: 0 }),
          filterOf(call),
        ),
      ),
  );

const getAssistant = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/assistants/{assistant_id}',
    { tag: TAG, summary: 'Get an assistant', permission: 'read', params: schema.params, response: schema.assistant },
    async (call) => json(view((await touched(server, call, 'read')).row)),
  );

const patchAssistant = (server: Server): Endpoint =>
  endpoint(
    'patch',
    '/assistants/{assistant_id}',
    {
      tag: TAG,
      summary: 'Change an assistant: a new version',
      permission: 'run',
      params: schema.params,
      body: schema.patch,
      response: schema.assistant,
    },
    async (call) => {
      const { body } = call;
      const value: Record<string, unknown> = { ...body };
      const { scope, row } = await touched(server, call, 'update', value);
      if (typeof body.graph_id === 'string') servedGraph(server, body.graph_id, call.caller.graphs);
      const changed = await server.served.assistants.patch(scope, row.assistantId, {
        graphId: body.graph_id ?? undefined,
        name: body.name ?? undefined,
        description: body.description ?? undefined,
        config: body.config ?? undefined,
        context: body.context ?? undefined,
        metadata: value['metadata'] === undefined || value['metadata'] === null ? undefined : stamped(value),
      });
      return json(view(changed));
    },
  );

const deleteAssistant = (server: Server): Endpoint =>
  endpoint(
    'delete',
    '/assistants/{assistant_id}',
    {
      tag: TAG,
      summary: 'Delete an assistant, and its threads where asked',
      permission: 'run',
      params: schema.params,
      query: z.strictObject({ delete_threads: flag.optional() }),
      response: z.array(z.string()),
    },
    async (call) => {
      const { scope, row } = await touched(server, call, 'delete');
      // Its threads first: after a crash between the two the client can ask again. The system's own will be refused.
      if (call.query.delete_threads === true && row.tenant !== null) await deleteThreads(server, call, row.assistantId);
      await server.served.assistants.delete(scope, row.assistantId);
      return json([row.assistantId]);
    },
  );

const listVersions = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/assistants/{assistant_id}/versions',
    {
      tag: TAG,
      summary: 'List the versions, newest first',
      permission: 'read',
      params: schema.params,
      body: schema.versions,
      bodyOptional: true,
      response: z.array(schema.version),
    },
    async (call) => {
      const { scope, row } = await touched(server, call, 'read');
      const { limit, offset, metadata } = call.body;
      const rows = await server.served.assistants.versions(scope, row.assistantId, { limit, offset, metadata: metadata ?? undefined });
      return json(rows.map((each) => pick(view(each), Object.keys(schema.version.shape))));
    },
  );

const setLatest = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/assistants/{assistant_id}/latest',
    {
      tag: TAG,
      summary: 'Make an earlier version the current one',
      permission: 'run',
      params: schema.params,
      query: schema.latestQuery,
      body: schema.latest,
      bodyOptional: true,
      response: schema.assistant,
    },
    async (call) => {
      const wanted = call.body.version ?? call.query.version;
      if (wanted === undefined) throw new Problem(422, 'body.version: must be the number of a version; got none');
      const { scope, row } = await touched(server, call, 'update', { version: wanted });
      return json(view(await server.served.assistants.setLatest(scope, row.assistantId, wanted)));
    },
  );

const drawGraph = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/assistants/{assistant_id}/graph',
    { tag: TAG, summary: 'Draw the graph', permission: 'read', params: schema.params, query: schema.xray, response: schema.drawing },
    async (call) => {
      const { config, graph } = await opened(server, call);
      return json((await graph.getGraphAsync({ ...config, xray: call.query.xray ?? false })).toJSON());
    },
  );

const readSchemas = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/assistants/{assistant_id}/schemas',
    { tag: TAG, summary: "The graph's JSON Schemas", permission: 'read', params: schema.params, response: schema.graphSchemas },
    async (call) => {
      const { row } = await touched(server, call, 'read');
      const known = await servedGraph(server, row.graphId, call.caller.graphs).schemas();
      return json({ graph_id: row.graphId, ...schemaView(known) });
    },
  );

const listSubgraphs = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/assistants/{assistant_id}/subgraphs',
    {
      tag: TAG,
      summary: 'The JSON Schemas of its subgraphs',
      permission: 'read',
      params: schema.params,
      query: schema.recurse,
      response: schema.subgraphs,
    },
    (call) => subgraphsOf(server, call, (namespace) => call.query.recurse === true || !namespace.includes('|')),
  );

const getSubgraph = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/assistants/{assistant_id}/subgraphs/{namespace}',
    {
      tag: TAG,
      summary: 'The JSON Schemas of one subgraph',
      permission: 'read',
      params: schema.namespaced,
      query: schema.recurse,
      response: schema.subgraphs,
    },
    (call) => subgraphsOf(server, call, (namespace) => namespace === call.params.namespace),
  );

/** @throws Problem 404, also where the caller may not use it. */
function servedGraph(server: Server, graphId: string, graphs: readonly string[] | undefined): ServedGraph {
  const graph = graphs === undefined || graphs.includes(graphId) ? server.graphs.get(graphId) : undefined;
  if (graph === undefined) throw new Problem(404, `graph ${JSON.stringify(graphId)}: is not served; langgraph.json names what is`);
  return graph;
}

/** @throws Problem 422 with what a factory throws: it is the project's own code, and asking again helps nobody. */
async function open(server: Server, call: Call, row: AssistantRow, config: Record<string, unknown>): Promise<ServableGraph> {
  const graph = servedGraph(server, row.graphId, call.caller.graphs);
  try {
    return await graph.open(config, { saver: await server.saver(), store: await server.store(call.caller.tenant) });
  } catch (thrown) {
    throw new Problem(422, `graph "${row.graphId}": its function fails with the config of this assistant: ${toError(thrown).message}`);
  }
}

/** Those that may be deleted: governed and busy ones, and those the auth handler keeps, stay. */
async function deleteThreads(server: Server, call: Call, assistantId: string): Promise<void> {
  const { threads } = server.served;
  for (let kept = 0; ; ) {
    const page = await threads.search(call.scope, { metadata: { assistant_id: assistantId } }, { limit: THREADS_AT_ONCE, offset: kept });
    for (const { threadId } of page.rows)
      try {
        await threads.delete(await call.allowed('threads', 'delete', { thread_id: threadId }), threadId);
      } catch (thrown) {
        if (!(thrown instanceof ServedError) && !(thrown instanceof Problem && thrown.status === 403)) throw thrown;
        kept += 1;
      }
    if (page.rows.length < THREADS_AT_ONCE) return;
  }
}

const filterOf = ({
  body,
  caller,
}: Call<
  unknown,
  unknown,
  { metadata?: Json | null | undefined; graph_id?: string | null | undefined; name?: string | null | undefined }
>) => ({
  graphId: body.graph_id ?? undefined,
  graphIds: caller.graphs,
  name: body.name ?? undefined,
  metadata: body.metadata ?? undefined,
});

/** The metadata after the auth handler, which may have written an owner into it. */
const stamped = (value: Record<string, unknown>): Json => parse(jsonObject, value['metadata'] ?? {}, 'metadata') as Json; // what the schema makes

function member(holder: Json, key: string): Json {
  const value = holder[key];
  return typeof value === 'object' && value !== null ? (value as Json) : {}; // any object
}

const view = (row: AssistantRow): Record<(typeof schema.MEMBERS)[number], unknown> => ({
  assistant_id: row.assistantId,
  graph_id: row.graphId,
  config: row.config,
  context: row.context,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  metadata: row.metadata,
  version: row.version,
  name: row.name,
  description: row.description,
});

const pick = (row: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));

const schemaView = (known: GraphSchemas) => ({
  input_schema: known.input,
  output_schema: known.output,
  state_schema: known.state,
  config_schema: known.config,
  context_schema: known.context,
  ...(known.problem === undefined ? {} : { detail: known.problem }),
});

/** The dev server's names. */
const aliased = ({ input, output, state, config }: GraphSchemas) => ({ input, output, state, config });
