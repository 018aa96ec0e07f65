/** What the routes of runs answer: a run's row, its events, or its output once there is one. */
import type { CancelAction, Scope, ServedRun } from '../../domain/served.ts';
import { assertMay, may } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { type Call, json } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { askerOf, createRuns } from '../runs/create-run.ts';
import { eventStream, waitFor } from '../runs/stream.ts';
import { needThread } from '../threads/thread-graph.ts';
import { runView } from '../threads/views.ts';
import type { RunCreate } from './schemas.ts';

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

async function putRun(server: Server, call: Call, body: RunCreate, threadId: string | undefined): Promise<ServedRun> {
  const [run] = await createRuns(server, askerOf(call), [body], threadId);
  if (run === undefined) throw new Error('no run was put');
  return run;
}

export const readable = (call: Call, threadId?: string): Promise<Scope> => call.allowed('threads', 'read', { thread_id: threadId });

/** @throws Problem 404. */
export async function needRun(server: Server, scope: Scope, threadId: string | undefined, runId: string): Promise<ServedRun> {
  if (threadId !== undefined) await needThread(server, scope, threadId);
  const run = await server.served.queue.get(scope, threadId, runId);
  if (run === undefined) throw new Problem(404, `run ${runId} not found`);
  return run;
}

type Which = Parameters<Server['served']['queue']['cancel']>[1];

/** @returns the ids of those that were told to stop. */
export async function stopRuns(server: Server, scope: Scope, which: Which, action: CancelAction): Promise<readonly string[]> {
  const stopped = await server.served.queue.cancel(scope, which, action);
  server.stopRuns(stopped, action);
  server.poke();
  // Of those that had not begun.
  server.pokeWebhooks();
  return stopped;
}

/** What happens to a run when its client leaves. An approver, who answered, stops nothing by it: the SDK always asks for it. */
function leaving(server: Server, call: Call, run: ServedRun, cancels: boolean): (() => void) | undefined {
  if (!cancels || !may(call.caller, 'run')) return undefined;
  const scope = { tenant: run.tenant };
  const stop = async (): Promise<void> => {
    const now = await server.served.queue.get(scope, undefined, run.runId);
    if (now !== undefined) await server.recordCancel(call.caller, now, true);
    await stopRuns(server, scope, { runIds: [run.runId] }, 'interrupt');
  };
  return () => {
    stop().catch((error: unknown) => server.log('error', `run ${run.runId}: ${String(error)}`));
  };
}

/** The row of a new run. */
export async function createRun(server: Server, call: Call, body: RunCreate, threadId: string | undefined): Promise<Response> {
  const run = await putRun(server, call, body, threadId);
  return json(runView(run), 200, places(run, threadId, 'stream'));
}

/** The events of a new run. */
export async function streamRun(
  server: Server,
  call: Call<unknown, { namespace?: readonly string[] | undefined }>,
  body: RunCreate,
  threadId: string | undefined,
): Promise<Response> {
  server.streams.assertRoom(ownerOf(call));
  const run = await putRun(server, call, body, threadId);
  return eventStream(server, run, {
    afterSeq: -1,
    namespaces: call.query.namespace,
    headers: places(run, threadId, 'stream'),
    owner: ownerOf(call),
    onLeave: leaving(server, call, run, body.on_disconnect === 'cancel'),
  });
}

/** The output of a new run. */
export async function waitRun(server: Server, call: Call, body: RunCreate, threadId: string | undefined): Promise<Response> {
  server.streams.assertRoom(ownerOf(call));
  const run = await putRun(server, call, body, threadId);
  return outputOf(server, call, run, { threadId, cancels: body.on_disconnect === 'cancel' });
}

interface Followed {
  readonly threadId: string | undefined;
  /** The run is stopped when its client leaves. */
  readonly cancels: boolean;
}

const outputOf = (server: Server, call: Call, run: ServedRun, { threadId, cancels }: Followed): Response =>
  waitFor(server, run, {
    headers: places(run, threadId, 'join'),
    owner: ownerOf(call),
    onLeave: leaving(server, call, run, cancels),
  });

/** A run to look at. To stop it by leaving takes the right to stop it. */
async function joined(server: Server, call: Call, runId: string, { threadId, cancels }: Followed): Promise<ServedRun> {
  server.streams.assertRoom(ownerOf(call));
  if (!cancels) return needRun(server, await readable(call, threadId), threadId, runId);
  assertMay(call.caller, 'run');
  const scope = await call.allowed('threads', 'update', { thread_id: threadId, run_id: runId, action: 'interrupt' });
  return needRun(server, scope, threadId, runId);
}

/** The output of a run that is there. */
export async function followOutput(
  server: Server,
  call: Call<unknown, { cancel_on_disconnect?: boolean | undefined }>,
  threadId: string | undefined,
  runId: string,
): Promise<Response> {
  const followed = { threadId, cancels: call.query.cancel_on_disconnect === true };
  return outputOf(server, call, await joined(server, call, runId, followed), followed);
}

interface FollowQuery {
  readonly cancel_on_disconnect?: boolean | undefined;
  readonly stream_mode?: readonly string[] | undefined;
  readonly namespace?: readonly string[] | undefined;
}

/** The events of a run that is there, from where its client was cut off. */
export async function followEvents(
  server: Server,
  call: Call<unknown, FollowQuery>,
  threadId: string | undefined,
  runId: string,
): Promise<Response> {
  const { cancel_on_disconnect, stream_mode, namespace } = call.query;
  const cancels = cancel_on_disconnect === true;
  const run = await joined(server, call, runId, { threadId, cancels });
  return eventStream(server, run, {
    afterSeq: afterSeq(call),
    modes: stream_mode,
    namespaces: namespace,
    headers: places(run, threadId, 'stream'),
    owner: ownerOf(call),
    onLeave: leaving(server, call, run, cancels),
  });
}
