/** `/governor`: what only governed threads have, beside the LangGraph API: results, files, approvals, the audit trail. */
import { z } from 'zod';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Scope } from '../../domain/served.ts';
import { cancel } from '../../runtime/decide/cancel.ts';
import { rollback } from '../../runtime/decide/rollback.ts';
import { explainText } from '../../runtime/look/explain.ts';
import { diffOf, fileOf } from '../../runtime/look/gate.ts';
import { resultOf } from '../../runtime/look/result.ts';
import { assertOwnHouse, type Caller } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { microUsd } from '../governed/answers.ts';
import { breakGlass } from '../governed/break-glass.ts';
import { continueRun } from '../governed/continue.ts';
import { decideAs } from '../governed/decide-as.ts';
import { overview } from '../governed/overview.ts';
import { type Call, type Endpoint, endpoint, json, jsonObject, uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';

const tag = 'governor';
const params = z.strictObject({ thread_id: uuid('thread_id') });
const count = (standard: number, max: number) => z.coerce.number().int().min(1).max(max).default(standard);
const auditQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0), limit: count(1000, 10_000) });
const STATUSES = ['pending', 'approved', 'edited', 'rejected', 'void'] as const;
const decisionBody = z
  .strictObject({
    decision: z.enum(['approved', 'rejected']),
    subject: z.string().describe('The digest of what was shown; another one is a conflict.'),
    comment: z.string().optional(),
    edit: jsonObject.optional().describe('The edited plan, at the plan gate.'),
    add_usd: z.union([z.number(), z.string()]).optional().describe('At the budget gate: the dollars that may be spent more.'),
  })
  .meta({ id: 'GovernorDecision' });

export function governorEndpoints(server: Server): readonly Endpoint[] {
  const { runtime } = server;
  const { stores } = runtime;

  /** The run of a thread that this caller may see. @throws Problem 404. */
  const runOf = async (scope: Scope, threadId: string): Promise<RunRow> => {
    const row = (await server.served.threads.get(scope, threadId)) === undefined ? undefined : await stores.runs.get(threadId);
    if (row === undefined) throw new Problem(404, `thread ${threadId}: there is no governed thread with this id`);
    return row;
  };
  type OfThread = Pick<Call<{ readonly thread_id: string }>, 'params' | 'allowed'>;
  const seen = async (call: OfThread): Promise<RunRow> =>
    runOf(await call.allowed('threads', 'read', { thread_id: call.params.thread_id }), call.params.thread_id);
  const changed = async (call: OfThread): Promise<{ scope: Scope; row: RunRow }> => {
    const scope = await call.allowed('threads', 'update', { thread_id: call.params.thread_id });
    return { scope, row: await runOf(scope, call.params.thread_id) };
  };
  const resultNow = async (threadId: string): Promise<Response> => {
    const row = await stores.runs.get(threadId);
    if (row === undefined) throw new Problem(404, `thread ${threadId}: is gone`);
    return json(await resultOf(runtime, row));
  };
  const look = (name: string, summary: string, media: string, show: (row: RunRow) => Promise<Response>): Endpoint =>
    endpoint('get', `/governor/threads/{thread_id}${name}`, { tag, summary, permission: 'read', params, media }, async (call) =>
      show(await seen(call)),
    );

  return [
    look('', 'The result object of a governed thread', 'application/json', async (row) => json(await resultOf(runtime, row))),
    look('/explain', 'Why it stands where it stands, on one screen', TEXT, async (row) => text(await explainText(runtime, row))),
    look('/diff', 'The candidate against its base', TEXT, async (row) => text(await diffOf(runtime, row))),
    look('/files', 'The files of its dossier', 'application/json', async (row) => json(await stores.dossier.list(row.threadId))),
    endpoint(
      'get',
      '/governor/threads/{thread_id}/files/{name}',
      {
        tag,
        summary: 'One file of its dossier; slashes in its name are sent as %2F',
        permission: 'read',
        params: params.extend({ name: z.string().min(1) }),
        media: TEXT,
      },
      async (call) => {
        const { name } = call.params;
        const row = await seen(call);
        // Only names of the list: no other word ever becomes a path.
        if (!(await stores.dossier.list(row.threadId)).some((file) => file.path === name))
          throw new Problem(404, `file ${JSON.stringify(name)}: the dossier of ${row.threadId} has no such file`);
        return text(await fileOf(runtime, row, name));
      },
    ),
    endpoint(
      'get',
      '/governor/threads/{thread_id}/audit',
      { tag, summary: 'Its audit trail, oldest first', permission: 'read', params, query: auditQuery },
      async (call) => {
        const { threadId } = await seen(call);
        return json(await stores.audit.read({ threadId, afterSeq: call.query.after, limit: call.query.limit }));
      },
    ),
    endpoint(
      'get',
      '/governor/audit/verify',
      { tag, summary: 'Is the whole audit trail as it was written?', permission: 'read' },
      async ({ caller }) => {
        assertOwnHouse(caller);
        return json(await stores.audit.verify());
      },
    ),
    endpoint('get', '/governor/overview', { tag, summary: 'What runs, what waits, what it cost', permission: 'read' }, async (call) =>
      json(await overview(server, await call.allowed('threads', 'search', {}))),
    ),
    endpoint(
      'get',
      '/governor/approvals',
      {
        tag,
        summary: 'Gates, by default those that wait',
        permission: 'read',
        query: z.strictObject({ status: z.enum(STATUSES).default('pending'), limit: count(100, 1000) }),
      },
      async (call) => {
        const scope = await call.allowed('threads', 'search', {});
        const shown: object[] = [];
        for (const row of (await stores.approvals.list({ status: call.query.status })).toReversed()) {
          if (shown.length >= call.query.limit) break;
          if ((await server.served.threads.get(scope, row.threadId)) !== undefined) shown.push(approvalView(row));
        }
        return json(shown);
      },
    ),
    endpoint(
      'post',
      '/governor/approvals/{approval_id}',
      {
        tag,
        summary: 'Decide, about exactly what was shown; the run then goes on',
        permission: 'decide',
        params: z.strictObject({ approval_id: z.string().regex(/^[0-9a-f]{32}$/, 'approval_id must be 32 hex digits') }),
        body: decisionBody,
      },
      async (call) => {
        const approval = await stores.approvals.get(call.params.approval_id);
        const missing = new Problem(404, `approval ${call.params.approval_id}: there is no such approval`);
        if (approval === undefined) throw missing;
        const scope = await call.allowed('threads', 'create_run', { thread_id: approval.threadId });
        const row = await runOf(scope, approval.threadId).catch(() => undefined);
        if (row === undefined) throw missing;
        const { decision, subject, comment, edit, add_usd } = call.body;
        const decided = await decideAs(server, call.caller, row, approval, {
          decision,
          subject,
          ...(comment === undefined ? {} : { comment }),
          ...(edit === undefined ? {} : { edit }),
          ...amount(add_usd),
        });
        const run = decided.status === 'pending' ? undefined : await continueRun(server, scope, row);
        return json({ ...approvalView(decided), run_id: run?.runId ?? null });
      },
    ),
    endpoint(
      'post',
      '/governor/threads/{thread_id}/cancel',
      { tag, summary: 'Stop it; what it did is kept, and it can be resumed', permission: 'run', params },
      async (call) => {
        const { scope, row } = await changed(call);
        if (['released', 'unchanged', 'rolled_back'].includes(row.status) || (row.status === 'stopped' && row.reason?.resumable !== true))
          throw new Problem(409, `thread ${row.threadId}: is ${row.status}; it cannot be cancelled`);
        await cancel(as(call.caller), row);
        const told = await server.served.queue.cancel(scope, { threadId: row.threadId, status: 'all' }, 'interrupt');
        server.stopRuns(told, 'interrupt');
        return resultNow(row.threadId);
      },
    ),
    endpoint(
      'post',
      '/governor/threads/{thread_id}/rollback',
      {
        tag,
        summary: 'Undo its release by a new commit',
        permission: 'edit',
        params,
        body: z.strictObject({ reason: z.string().min(1) }),
      },
      async (call) => {
        const { row } = await changed(call);
        if (row.status !== 'released' && row.status !== 'rolled_back')
          throw new Problem(409, `thread ${row.threadId}: is ${row.status}; there is no release to undo`);
        await rollback(as(call.caller), row, call.body.reason);
        return resultNow(row.threadId);
      },
    ),
    endpoint(
      'post',
      '/governor/threads/{thread_id}/break-glass',
      {
        tag,
        summary: 'As a second admin, let another one edit its state for a quarter of an hour',
        permission: 'edit',
        params,
        body: z.strictObject({
          for: z.string().min(1).max(500).describe('The principal who will edit.'),
          reason: z.string().min(1).max(2000),
        }),
      },
      async (call) => json(await breakGlass(server, call.caller, (await changed(call)).row.threadId, call.body)),
    ),
  ];

  function as(caller: Caller): typeof runtime {
    return { ...runtime, person: caller.person };
  }
}

const TEXT = 'text/plain';

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

/** @throws Problem 422. */
function amount(given: number | string | undefined): { addMicroUsd?: number } {
  if (given === undefined) return {};
  const addMicroUsd = microUsd(given);
  if (addMicroUsd === undefined)
    throw new Problem(422, `body.add_usd: must be dollars above 0 with at most 6 decimals; got ${JSON.stringify(given)}`);
  return { addMicroUsd };
}

function approvalView(row: ApprovalRow): Record<string, unknown> {
  return {
    approval_id: row.id,
    thread_id: row.threadId,
    gate: row.gate,
    round: row.round,
    subject: row.subject,
    required: { role: row.required.role, min: row.required.min, not_starter: row.required.notStarter },
    shown: row.shown,
    status: row.status,
    votes: row.votes.map(({ by, decision, comment, selfApproved, at }) => ({ by, decision, comment, self_approved: selfApproved, at })),
    decided_at: row.decidedAt,
    used_by: row.usedBy,
    created_at: row.createdAt,
  };
}
