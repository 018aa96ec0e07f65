/** `/governor`: what only governed threads have, beside the LangGraph API: results, files, the audit trail, and their end. */
import { z } from 'zod';
import { logEventSchema } from '../../domain/log.ts';
import type { RunRow } from '../../domain/ports.ts';
import { type Operations, operationsOf } from '../../runtime/operations.ts';
import { assertDefaultTenant } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { afarEndpoints } from './afar-routes.ts';
import { approvalEndpoints } from './approval-routes.ts';
import { breakGlass } from './break-glass.ts';
import { commentEndpoints } from './comment-routes.ts';
import { followThread } from './follow-routes.ts';
import { overview } from './overview.ts';
import { assertCancellable } from './resolve.ts';
import { changed, params, seen, tag } from './thread-rows.ts';

const TEXT = 'text/plain';
const auditQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});
const logQuery = z.strictObject({
  after: z.coerce.number().int().min(-1).default(-1).describe('The `seq` of the last event that is known.'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000).describe('Events; those of one `seq` come together.'),
  agent: z.string().min(1).max(100).optional().describe('`planner`, `lead`, `critic`, or a sub-agent such as `w1.2`.'),
});
const rollbackBody = z.strictObject({ reason: z.string().min(1) });
const breakGlassBody = z.strictObject({
  for: z.string().min(1).max(500).describe('The principal who will edit.'),
  reason: z.string().min(1).max(2000),
});

export const governorEndpoints = (server: Server): readonly Endpoint[] => [
  ...readEndpoints(server),
  oneFile(server),
  auditOfThread(server),
  logOfThread(server),
  verifyAudit(server),
  showOverview(server),
  ...approvalEndpoints(server),
  ...commentEndpoints(server),
  ...afarEndpoints(server),
  followThread(server),
  cancelThread(server),
  rollbackThread(server),
  openThread(server),
];

/** What needs nothing but the thread. */
function readEndpoints(server: Server): readonly Endpoint[] {
  const operations = operationsOf(server.runtime);
  const read = (name: string, summary: string, show: (row: RunRow) => Promise<Response>, media = 'application/json'): Endpoint =>
    endpoint('get', `/governor/threads/{thread_id}${name}`, { tag, summary, permission: 'read', params, media }, async (call) =>
      show(await seen(server, call)),
    );
  return [
    read('', 'The result object of a governed thread', async (row) => json(await operations.result(row))),
    read('/explain', 'Why it stands where it stands, on one screen', async (row) => text(await operations.explain(row)), TEXT),
    read('/diff', 'The candidate against its base', async (row) => text(await operations.diff(row)), TEXT),
    read('/files', 'The files of its dossier', async (row) => json(await operations.files(row))),
  ];
}

function oneFile(server: Server): Endpoint {
  const operations = operationsOf(server.runtime);
  const declared = {
    tag,
    summary: 'One file of its dossier; slashes in its name are sent as %2F',
    permission: 'read',
    params: params.extend({ name: z.string().min(1) }),
    media: TEXT,
  } as const;
  return endpoint('get', '/governor/threads/{thread_id}/files/{name}', declared, async (call) => {
    const { name } = call.params;
    const row = await seen(server, call);
    // Only names of the list: no other word ever becomes a path.
    if (!(await operations.files(row)).some((file) => file.path === name))
      throw new Problem(404, `file ${JSON.stringify(name)}: the dossier of ${row.threadId} has no such file`);
    return text(await operations.file(row, name));
  });
}

const auditOfThread = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads/{thread_id}/audit',
    { tag, summary: 'Its audit trail, oldest first', permission: 'read', params, query: auditQuery },
    async (call) => {
      const { threadId } = await seen(server, call);
      return json(await server.runtime.stores.audit.read({ threadId, afterSeq: call.query.after, limit: call.query.limit }));
    },
  );

const logOfThread = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads/{thread_id}/log',
    {
      tag,
      summary: 'What its agents said and did, oldest first',
      permission: 'read',
      params,
      query: logQuery,
      response: z.array(logEventSchema),
    },
    async (call) => {
      const { after, limit, agent } = call.query;
      const events = await operationsOf(server.runtime).log(await seen(server, call), { after, agent });
      const last = events[limit - 1]?.seq;
      return json(events.filter(({ seq }, index) => index < limit || seq === last));
    },
  );

const verifyAudit = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/audit/verify',
    { tag, summary: 'Is the whole audit trail as it was written?', permission: 'read' },
    async ({ caller }) => {
      assertDefaultTenant(caller);
      return json(await operationsOf(server.runtime).verifyAudit());
    },
  );

const showOverview = (server: Server): Endpoint =>
  endpoint('get', '/governor/overview', { tag, summary: 'What runs, what waits, what it cost', permission: 'read' }, async (call) =>
    json(await overview(server, await call.allowed('threads', 'search', {}))),
  );

function cancelThread(server: Server): Endpoint {
  const declared = { tag, summary: 'Stop it; what it did is kept, and it can be resumed', permission: 'run', params } as const;
  return endpoint('post', '/governor/threads/{thread_id}/cancel', declared, async (call) => {
    const { scope, row } = await changed(server, call);
    assertCancellable(row);
    const operations = operationsOf(server.runtime, call.caller.person);
    await operations.cancel(row);
    const told = await server.served.queue.cancel(scope, { threadId: row.threadId, status: 'all' }, 'interrupt');
    server.stopRuns(told, 'interrupt');
    return resultNow(operations, server, row.threadId);
  });
}

function rollbackThread(server: Server): Endpoint {
  const declared = { tag, summary: 'Undo its release by a new commit', permission: 'edit', params, body: rollbackBody } as const;
  return endpoint('post', '/governor/threads/{thread_id}/rollback', declared, async (call) => {
    const { row } = await changed(server, call);
    if (row.status !== 'released' && row.status !== 'rolled_back')
      throw new Problem(409, `thread ${row.threadId}: is ${row.status}; there is no release to undo`);
    return json(await operationsOf(server.runtime, call.caller.person).rollback(row, call.body.reason));
  });
}

const openThread = (server: Server): Endpoint =>
  endpoint(
    'post',
    '/governor/threads/{thread_id}/break-glass',
    {
      tag,
      summary: 'As a second admin, let another one edit its state for a quarter of an hour',
      permission: 'edit',
      params,
      body: breakGlassBody,
    },
    async (call) => json(await breakGlass(server, call.caller, (await changed(server, call)).row.threadId, call.body)),
  );

async function resultNow(operations: Operations, { runtime }: Server, threadId: string): Promise<Response> {
  const row = await runtime.stores.runs.get(threadId);
  if (row === undefined) throw new Problem(404, `thread ${threadId}: is gone`);
  return json(await operations.result(row));
}

/** Whatever a run wrote is shown as text, and nothing in it is run. */
function text(body: string): Response {
  return new Response(body, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    },
  });
}
