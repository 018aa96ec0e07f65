/** Puts a run into the queue: what a request asks for, checked, as the row that a worker will deliver verbatim. */
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import type { CronTick } from '../../domain/cron-tick.ts';
import type { AssistantRow, Json, NewRun, Scope, ServedRun } from '../../domain/served.ts';
import type { RunCreate } from '../api/schemas.ts';
import { assertMay } from '../auth/caller.ts';
import { cleanConfigurable, wordsOf } from '../auth/configurable.ts';
import type { ServedGraph, Server } from '../context.ts';
import type { Call } from '../http/endpoint.ts';
import { runIdOfKey } from '../http/idempotency.ts';
import { Problem } from '../http/problem.ts';
import { findAssistant } from '../project/find-assistant.ts';
import { needCheckpoint } from '../threads/thread-graph.ts';
import { checkWebhook } from '../webhooks/webhook-target.ts';

/** Headers that graphs may read as `configurable["x-..."]`; never those that carry a credential. */
const SECRET_HEADERS: readonly string[] = ['x-api-key', 'x-tenant-id', 'x-service-key', 'x-auth-token', 'x-auth-scheme'];

/** A body that a route checked; `protocol`: what a command of protocol v2 adds; `tick`: what a cron does. */
export type WantedRun = RunCreate & { readonly protocol?: Json; readonly tick?: CronTick };

/** Who asks for runs: a request, or a cron on behalf of whoever made it. */
export interface Asker extends Pick<Call, 'caller' | 'scope' | 'allowed'> {
  readonly headers: Headers;
  /** The id of the run that this very request put, or will put; undefined: any. */
  runId(index: number): string | undefined;
  /** The same of a stateless run's thread. */
  readonly threadId?: string | undefined;
}

export const askerOf = (call: Call): Asker => ({
  caller: call.caller,
  scope: call.scope,
  allowed: (resource, action, value) => call.allowed(resource, action, value),
  headers: call.c.req.raw.headers,
  runId: (index) => runIdOfKey(call, index),
});

/** All or nothing. `threadId` undefined: stateless, with a thread of its own. */
export async function createRuns(
  server: Server,
  call: Asker,
  bodies: readonly WantedRun[],
  threadId: string | undefined,
): Promise<readonly ServedRun[]> {
  const ids = bodies.map((_, index) => call.runId(index));
  const known = await Promise.all(
    ids.map(async (id) => (id === undefined ? undefined : server.served.queue.get(call.scope, undefined, id))),
  );
  // This very request put its runs before, and the process died before it could keep its answer.
  if (known[0] !== undefined) return known.filter((run) => run !== undefined);
  if (bodies.length > 1) for (const body of bodies) await assertPlain(server, call, body);
  const prepared: { run: NewRun; scope: Scope }[] = [];
  for (const [index, body] of bodies.entries())
    prepared.push(
      await prepare({
        server,
        call,
        body,
        given: threadId,
        threadId: threadId ?? call.threadId ?? uuidv7(),
        runId: ids[index] ?? uuidv7(),
      }),
    );
  const first = prepared[0];
  if (first === undefined) throw new Problem(422, 'body: at least one run is needed');
  const runs = await server.served.queue.put(
    first.scope,
    prepared.map(({ run }) => run),
  );
  for (const { run } of prepared)
    if (run.multitask === 'interrupt' || run.multitask === 'rollback') {
      const others = await server.served.queue.list(first.scope, run.threadId, { limit: 1000, offset: 0, status: 'running' });
      server.stopRuns(
        others.map((other) => other.runId),
        run.multitask,
      );
      server.pokeWebhooks();
    }
  server.poke();
  return runs;
}

/** A governed run is on record from its beginning: if another one of its batch were refused, it could not be taken back. @throws Problem 422. */
async function assertPlain(server: Server, call: Asker, { assistant_id: id }: RunCreate): Promise<void> {
  const { graphId } = await findAssistant(server, await call.allowed('assistants', 'read', { assistant_id: id }), id);
  const served = server.graphs.get(graphId);
  if (served?.governs !== undefined || served?.begin !== undefined)
    throw new Problem(422, `assistant_id: runs of graph ${JSON.stringify(graphId)} are not put in batches; send each to POST /runs`);
}

/** One run that a request asks for. */
interface Wanted {
  readonly server: Server;
  readonly call: Asker;
  readonly body: WantedRun;
  /** The thread that the request names; undefined: stateless. */
  readonly given: string | undefined;
  readonly threadId: string;
  readonly runId: string;
}

async function prepare(wanted: Wanted): Promise<{ run: NewRun; scope: Scope }> {
  const { server, call, body, given, threadId } = wanted;
  const { assistant, served } = await usable(wanted);
  const metadata = { ...body.metadata };
  const value = askedOf(wanted, assistant, metadata);
  const scope = await call.allowed('threads', 'create_run', value);
  const kwargs = kwargsOf(server, body);
  const ask = { threadId, temporary: given === undefined, body, scope, metadata: scopeMetadata(value), graphId: served.id };
  if (served.governs === undefined) await admitPlain(wanted, { scope, graphId: served.id, kwargs });
  const governed = served.governs === undefined ? { kwargs: {} } : await served.governs.admit(call.caller, ask);
  if (served.begin !== undefined) {
    // Between the two the governor could have gone on with the thread.
    if ((body.after_seconds ?? 0) > 0) throw new Problem(422, `after_seconds: graph ${served.id} begins at once`);
    await served.begin(call.caller, ask, scope);
  }
  const checked = {
    metadata,
    stamped: ask.metadata,
    kwargs: { ...kwargs, ...governed.kwargs },
    plain: served.governs === undefined && served.begin === undefined,
    governed: served.governs !== undefined,
  };
  return { scope, run: newRun(wanted, assistant, checked) };
}

/** The assistant and its graph. @throws Problem 403, 404. */
async function usable({ server, call, body }: Wanted): Promise<{ assistant: AssistantRow; served: ServedGraph }> {
  const readable = await call.allowed('assistants', 'read', { assistant_id: body.assistant_id });
  const assistant = await findAssistant(server, readable, body.assistant_id);
  const { graphId } = assistant;
  const served = server.graphs.get(graphId);
  if (served === undefined) throw new Problem(404, `graph ${JSON.stringify(graphId)} of assistant ${assistant.assistantId} is not served`);
  if (call.caller.graphs !== undefined && !call.caller.graphs.includes(graphId))
    throw new Problem(403, `${call.caller.person.id} may use ${call.caller.graphs.join(', ')}, not ${graphId}`);
  if (served.governs === undefined) assertMay(call.caller, 'run');
  return { assistant, served };
}

/** What the auth handler is asked about; it may write into the metadata. */
const askedOf = ({ body, given }: Wanted, { assistantId }: AssistantRow, metadata: Json): Record<string, unknown> => ({
  thread_id: given,
  assistant_id: assistantId,
  run_id: undefined,
  status: 'pending',
  metadata,
  prevent_insert_if_inflight: body.multitask_strategy === 'reject',
  multitask_strategy: body.multitask_strategy ?? 'enqueue',
  if_not_exists: body.if_not_exists ?? 'reject',
  after_seconds: body.after_seconds ?? 0,
  kwargs: { input: body.input ?? null, command: body.command ?? null, config: body.config ?? {} },
});

interface Checked {
  readonly metadata: Json;
  /** The same after the auth handler, which may have written an owner into it. */
  readonly stamped: Json;
  readonly kwargs: Json;
  /** No record is kept of its thread: a stateless run takes it away again. */
  readonly plain: boolean;
  readonly governed: boolean;
}

function newRun({ call, body, given, threadId, runId }: Wanted, assistant: AssistantRow, checked: Checked): NewRun {
  const configurable = { ...configurableOf(assistant.config), ...body.config?.configurable };
  const { metadata, stamped, kwargs, plain, governed } = checked;
  return {
    runId,
    threadId,
    assistantId: assistant.assistantId,
    metadata: { ...assistantMetadata(assistant), ...metadata },
    kwargs,
    caller: callerConfig(call, configurable, body.config?.configurable ?? {}),
    // A governed thread keeps its record: should another run have come meanwhile, this one is refused, and takes nothing back.
    multitask: governed && body.multitask_strategy === 'rollback' ? 'reject' : (body.multitask_strategy ?? 'enqueue'),
    temporary: given === undefined && !keeps(body) && plain,
    afterMs: Math.round((body.after_seconds ?? 0) * 1000),
    ifNotExists: given === undefined ? 'create' : (body.if_not_exists ?? 'reject'),
    threadMetadata: { ...stamped, graph_id: assistant.graphId, assistant_id: assistant.assistantId },
    tick: body.tick,
    // What the thread's state will be read with: a factory must make the same graph again.
    threadConfig: { ...assistant.config, ...body.config, configurable: wordsOf(call.caller.person, configurable) },
  };
}

/** @throws Problem 409 on a governed thread, whose record no other graph may write; 404 for a checkpoint that is not there. */
async function admitPlain(
  { server, threadId }: Wanted,
  { scope, graphId, kwargs }: { readonly scope: Scope; readonly graphId: string; readonly kwargs: Json },
): Promise<void> {
  if ((await server.served.threads.get(scope, threadId))?.governed === true)
    throw new Problem(409, `thread ${threadId} is a governed run: graph ${JSON.stringify(graphId)} cannot run on it`);
  await needCheckpoint(server, threadId, (kwargs['checkpoint'] ?? {}) as Json); // made by kwargsOf
}

/** What a stateless run leaves: nothing by default. `complete` and `continue` are the SDK's own words for it. */
const keeps = (body: RunCreate): boolean => body.on_completion === 'keep' || body.on_completion === 'continue';

const assistantMetadata = (assistant: AssistantRow): Json =>
  Object.fromEntries(Object.entries(assistant.metadata).filter(([key]) => key !== 'created_by'));

/** A new thread's metadata is what the auth handler stamped onto the run: its owner. */
const scopeMetadata = (value: Record<string, unknown>): Json => (value['metadata'] ?? {}) as Json; // an object by construction

function kwargsOf(server: Server, body: WantedRun): Json {
  const modes = body.stream_mode === null || body.stream_mode === undefined ? [] : [body.stream_mode].flat();
  const checkpoint = {
    ...(body.checkpoint_id === null || body.checkpoint_id === undefined ? {} : { checkpoint_id: body.checkpoint_id }),
    ...Object.fromEntries(
      Object.entries(body.checkpoint ?? {}).filter(([key, value]) => key !== 'thread_id' && value !== null && value !== undefined),
    ),
  };
  const kwargs = {
    // Absent and null both mean: go on. An empty object is an input of its own.
    input: body.input ?? null,
    command: body.command ?? undefined,
    config: {
      ...body.config,
      configurable: { ...cleanConfigurable(body.config?.configurable ?? {}), ...langsmith(body) },
    },
    context: body.context ?? undefined,
    stream_mode: modes.length === 0 ? ['values'] : modes,
    subgraphs: body.stream_subgraphs ?? false,
    resumable: body.stream_resumable ?? false,
    interrupt_before: body.interrupt_before ?? undefined,
    interrupt_after: body.interrupt_after ?? undefined,
    durability: body.durability ?? (body.checkpoint_during === false ? 'exit' : undefined),
    strict_resume: body.strict_resume ?? undefined,
    webhook: body.webhook ?? undefined,
    feedback_keys: body.feedback_keys === null || body.feedback_keys === undefined ? undefined : [body.feedback_keys].flat(),
    checkpoint: Object.keys(checkpoint).length === 0 ? undefined : checkpoint,
    protocol: body.protocol,
  };
  if (kwargs.webhook !== undefined) checkWebhook(kwargs.webhook, server.webhookPolicy);
  return Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== undefined));
}

const langsmith = (body: RunCreate): Json =>
  body.langsmith_tracer === null || body.langsmith_tracer === undefined
    ? {}
    : { langsmith_project: body.langsmith_tracer.project_name ?? null, langsmith_example_id: body.langsmith_tracer.example_id ?? null };

/** `x-...` headers and the user agent, which existing graphs read. */
function headersOf(headers: Headers): Json {
  const found: Record<string, string> = {};
  headers.forEach((value, name) => {
    if ((name.startsWith('x-') && !SECRET_HEADERS.includes(name)) || name === 'user-agent') found[name] = value;
  });
  return found;
}

/**
 * What the graph may know of its caller: no reader of the run is shown it. A client may say which `user_id` its run is about, and a
 * header's value by its name; never who it is itself.
 */
function callerConfig(call: Asker, known: Json, given: Json): Json {
  const { user, person } = call.caller;
  const identity = user?.['identity'];
  const headers = Object.entries(headersOf(call.headers)).filter(([name]) => !Object.hasOwn(given, name));
  return {
    ...Object.fromEntries(headers),
    // Whoever came with a credential is who it says; the local operator may speak for others.
    ...(known['user_id'] === undefined || person.method !== 'local'
      ? { user_id: typeof identity === 'string' ? identity : person.id }
      : {}),
    ...(user === undefined
      ? {}
      : {
          langgraph_auth_user: user,
          langgraph_auth_user_id: identity,
          langgraph_auth_permissions: user['permissions'] ?? [],
        }),
  };
}

const configurableOf = (config: Json): Json => (config['configurable'] ?? {}) as Json; // checked when the assistant was written
