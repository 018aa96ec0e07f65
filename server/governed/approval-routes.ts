/** `/governor/approvals`: the gates that wait, and a person's decision about exactly what was shown. */
import { z } from 'zod';
import type { ApprovalRow } from '../../domain/ports.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json, jsonObject } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { microUsd } from './answers.ts';
import { continueRun } from './continue.ts';
import { decideAs } from './decide-as.ts';
import { runOf, tag } from './thread-rows.ts';

const STATUSES = ['pending', 'approved', 'edited', 'rejected', 'void'] as const;
const listQuery = z.strictObject({
  status: z.enum(STATUSES).default('pending'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const approvalParams = z.strictObject({ approval_id: z.string().regex(/^[0-9a-f]{32}$/, 'approval_id must be 32 hex digits') });
const decisionBody = z
  .strictObject({
    decision: z.enum(['approved', 'rejected']),
    subject: z.string().describe('The digest of what was shown; another one is a conflict.'),
    comment: z.string().optional(),
    edit: jsonObject.optional().describe('The edited plan, at the plan gate.'),
    add_usd: z.union([z.number(), z.string()]).optional().describe('At the budget gate: the dollars that may be spent more.'),
    waive: z
      .array(z.string())
      .max(100)
      .optional()
      .describe('At the release gate: the ids of the open findings, each of which an approval must waive.'),
  })
  .meta({ id: 'GovernorDecision' });

export const approvalEndpoints = (server: Server): readonly Endpoint[] => [listApprovals(server), decideApproval(server)];

function listApprovals({ served, runtime }: Server): Endpoint {
  const { approvals } = runtime.stores;
  const declared = { tag, summary: 'Gates, by default those that wait', permission: 'read', query: listQuery } as const;
  return endpoint('get', '/governor/approvals', declared, async (call) => {
    const scope = await call.allowed('threads', 'search', {});
    const shown: object[] = [];
    for (const row of (await approvals.list({ status: call.query.status })).toReversed()) {
      if (shown.length >= call.query.limit) break;
      if ((await served.threads.get(scope, row.threadId)) !== undefined) shown.push(approvalView(row));
    }
    return json(shown);
  });
}

function decideApproval(server: Server): Endpoint {
  const { approvals } = server.runtime.stores;
  const declared = {
    tag,
    summary: 'Decide, about exactly what was shown; the run then goes on',
    permission: 'decide',
    params: approvalParams,
    body: decisionBody,
  } as const;
  return endpoint('post', '/governor/approvals/{approval_id}', declared, async (call) => {
    const approval = await approvals.get(call.params.approval_id);
    const missing = new Problem(404, `approval ${call.params.approval_id}: there is no such approval`);
    if (approval === undefined) throw missing;
    const scope = await call.allowed('threads', 'create_run', { thread_id: approval.threadId });
    const row = await runOf(server, scope, approval.threadId).catch(() => undefined);
    if (row === undefined) throw missing;
    const { decision, subject, comment, edit, add_usd, waive } = call.body;
    const decided = await decideAs(
      { governed: server, caller: call.caller },
      { row, approval },
      {
        decision,
        subject,
        ...(comment === undefined ? {} : { comment }),
        ...(edit === undefined ? {} : { edit }),
        ...amount(add_usd),
        ...(waive === undefined ? {} : { waive }),
      },
    );
    const run = decided.status === 'pending' ? undefined : await continueRun(server, scope, row);
    return json({ ...approvalView(decided), run_id: run?.runId ?? null });
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
    votes: row.votes.map(({ by, decision, comment, selfApproved, at, waive = [] }) => ({
      by,
      decision,
      comment,
      self_approved: selfApproved,
      at,
      waive,
    })),
    decided_at: row.decidedAt,
    used_by: row.usedBy,
    created_at: row.createdAt,
  };
}
