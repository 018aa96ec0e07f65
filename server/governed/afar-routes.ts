/** What the command line asks a server for beside the other routes of `/governor`: the same data that it finds in a home. */
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import { z } from 'zod';
import type { RunRow } from '../../domain/ports.ts';
import type { Scope } from '../../domain/served.ts';
import { theOne } from '../../domain/thread-word.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Created } from '../../runtime/options.ts';
import { runCreateSchema } from '../api/schemas.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json } from '../http/endpoint.ts';
import { runIdOfKey } from '../http/idempotency.ts';
import { askerOf, createRuns } from '../runs/create-run.ts';
import { GOVERNOR } from './graph.ts';
import { isAtWork, params, seen, seenIn, tag } from './thread-rows.ts';

/** Threads of a tenant that are asked for at once. */
const PAGE = 1000;
const STREAM_MODES = ['values', 'custom', 'messages-tuple'];

const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(PAGE).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const findQuery = z.strictObject({ thread: z.string().min(1).max(100).describe('An id, the beginning of one, or `last`.') });
const startBody = z
  .strictObject({
    goal: z.string(),
    repo: z.string().optional().describe('A name of the repositories of this server; may be left out where it has one.'),
  })
  .meta({ id: 'GovernorStart' });

export const afarEndpoints = (server: Server): readonly Endpoint[] => [
  whoCalls(),
  listThreads(server),
  findThread(server),
  startThread(server),
  showGate(server),
  isLive(server),
  listPending(server),
];

const whoCalls = (): Endpoint =>
  endpoint('get', '/governor/me', { tag, summary: 'Who the caller is, and what it may do', permission: 'read' }, async ({ caller }) => {
    const { id, roles, method } = caller.person;
    return json({ id, roles, method, tenant: caller.tenant });
  });

const listThreads = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads',
    { tag, summary: 'The result objects of governed threads, newest first', permission: 'read', query: listQuery },
    async (call) => {
      const { limit, offset } = call.query;
      const rows = await visibleRows(server, await call.allowed('threads', 'search', {}));
      const shown = await operationsOf(server.runtime).list(rows.slice(offset, offset + limit));
      const more: Record<string, string> = offset + limit < rows.length ? { 'x-pagination-next': String(offset + limit) } : {};
      return json(shown, 200, { 'x-pagination-total': String(rows.length), ...more });
    },
  );

const findThread = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/find',
    { tag, summary: 'The id of the thread that a word names', permission: 'read', query: findQuery },
    async (call) => {
      const rows = await visibleRows(server, await call.allowed('threads', 'search', {}));
      return json({ thread_id: theOne(call.query.thread, rows).threadId });
    },
  );

function startThread(server: Server): Endpoint {
  const declared = {
    tag,
    summary: 'Start a governed thread from a goal; says first what it may cost',
    permission: 'run',
    body: startBody,
  } as const;
  return endpoint('post', '/governor/threads', declared, async (call) => {
    const { goal, repo } = call.body;
    const body = runCreateSchema.parse({
      assistant_id: GOVERNOR,
      input: repo === undefined ? { goal } : { goal, repo },
      if_not_exists: 'create',
      stream_mode: STREAM_MODES,
    });
    // The same request again, after a crash before its answer was kept, finds the same thread.
    const [run] = await createRuns(server, askerOf(call), [body], runIdOfKey(call, 1) ?? uuidv7());
    if (run === undefined) throw new Error('no run was put');
    return json(startedView((run.kwargs['governed'] as { readonly created: Created }).created)); // what `beginGoverned` wrote
  });
}

const startedView = (created: Created): Record<string, unknown> => ({
  thread_id: created.threadId,
  worst_case_micro_usd: created.worstCaseMicroUsd,
  limits: created.limits,
  warnings: created.warnings,
  sandbox: created.sandbox,
  canned: created.canned,
});

const showGate = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads/{thread_id}/gate',
    { tag, summary: 'What a person sees before deciding; null where nobody is waited for', permission: 'read', params },
    async (call) => json((await operationsOf(server.runtime).gate(await seen(server, call))) ?? null),
  );

const isLive = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads/{thread_id}/live',
    { tag, summary: 'Whether a process runs it just now, or is about to', permission: 'read', params },
    async (call) => {
      const { scope, row } = await seenIn(server, call);
      return json({ live: await isAtWork(server, scope, row) });
    },
  );

const listPending = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/pending',
    { tag, summary: 'What waits for a person, oldest first, as `governor approvals --json` tells it', permission: 'read' },
    async (call) => {
      const scope = await call.allowed('threads', 'search', {});
      const visible = new Set((await visibleRows(server, scope)).map((row) => row.threadId));
      return json((await operationsOf(server.runtime).pending()).filter((row) => visible.has(row.threadId)));
    },
  );

/** Newest first, in the order of the home. */
async function visibleRows({ served, runtime }: Server, scope: Scope): Promise<RunRow[]> {
  const ids = new Set<string>();
  const filter = { metadata: { graph_id: GOVERNOR } };
  for (let offset = 0; ; offset += PAGE) {
    const { rows } = await served.threads.search(scope, filter, { limit: PAGE, offset, sortBy: 'created_at', sortOrder: 'desc' });
    for (const row of rows) ids.add(row.threadId);
    if (rows.length < PAGE) break;
  }
  return (await runtime.stores.runs.list()).filter((row) => ids.has(row.threadId));
}
