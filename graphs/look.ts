/** What a person sees of a thread: the result object, gates, differences, files. */

import { effectiveLimits } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import type { BuildBody, PlanBody, ReviewBody } from '../domain/handoff.ts';
import { buildBodySchema, FILES, planBodySchema, releaseBodySchema, reviewBodySchema } from '../domain/handoff.ts';
import type { ApprovalRow, RunRow } from '../domain/ports.ts';
import type { RunResult, Waiting } from '../domain/run.ts';
import { planMarkdown, reviewMarkdown } from '../nodes/markdown.ts';
import { openRepository } from '../tools/repository.ts';
import { reparse } from './config-file.ts';
import { limitsView } from './create.ts';
import type { House } from './house.ts';
import { readRequest } from './open-session.ts';
import type { GateView } from './operations.ts';

/** The newest file of a numbered kind, parsed; undefined when there is none. */
async function newest<Body>(
  house: House,
  threadId: string,
  pattern: RegExp,
  schema: { parse(value: unknown): Body },
): Promise<Body | undefined> {
  const names = (await house.stores.dossier.list(threadId)).map((file) => file.path).filter((path) => pattern.test(path));
  const number = (path: string): number => Number(/\.(\d+)\./.exec(path)?.[1] ?? '0');
  const path = names.toSorted((a, b) => number(a) - number(b)).at(-1);
  if (path === undefined) return undefined;
  const found = await house.stores.dossier.read(threadId, path);
  if (found === undefined) return undefined;
  return schema.parse((await house.stores.dossier.readVerified(threadId, found.ref)).body);
}

export const newestPlan = (house: House, threadId: string): Promise<PlanBody | undefined> =>
  newest(house, threadId, /^10-plan\.\d+\.json$/, planBodySchema);
export const newestBuild = (house: House, threadId: string): Promise<BuildBody | undefined> =>
  newest(house, threadId, /^20-build\.\d+\.json$/, buildBodySchema);
export const newestReview = (house: House, threadId: string): Promise<ReviewBody | undefined> =>
  newest(house, threadId, /^30-review\.\d+\.json$/, reviewBodySchema);

/** The approval a waiting thread waits for. */
export async function pendingApproval(house: House, row: RunRow): Promise<ApprovalRow | undefined> {
  if (row.status !== 'waiting') return undefined;
  return (await house.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1);
}

/** Contract section 1.1. */
export async function resultOf(house: House, row: RunRow): Promise<RunResult> {
  const { stores } = house;
  const { threadId } = row;
  const totals = await stores.ledger.totals(threadId, 'run');
  const build = await newestBuild(house, threadId).catch(() => undefined);
  const release = await stores.dossier.read(threadId, FILES.release);
  const rollback = await stores.dossier.read(threadId, FILES.rollback);
  const pending = await pendingApproval(house, row);
  const waiting: Waiting | null =
    pending === undefined
      ? null
      : { approval_id: pending.id, gate: pending.gate, subject: pending.subject.digest, required_role: pending.required.role };
  const { settled, reserved } = totals;
  return {
    thread_id: threadId,
    status: row.status === 'released' && rollback !== undefined ? 'rolled_back' : row.status,
    stage: row.stage,
    attempt: row.attempt,
    reason: row.reason,
    waiting,
    base: row.input.base,
    candidate: build === undefined ? null : { commit: build.commit, tree: build.tree, branch: build.branch },
    release: release === undefined ? null : releaseBodySchema.parse((await stores.dossier.readVerified(threadId, release.ref)).body),
    spend: {
      cost_micro_usd: settled.costMicroUsd + reserved.costMicroUsd,
      input_tokens: settled.inputTokens + reserved.inputTokens,
      output_tokens: settled.outputTokens + reserved.outputTokens,
      model_calls: settled.modelCalls + reserved.modelCalls,
      tool_calls: settled.toolCalls + reserved.toolCalls,
      agents: settled.agents + reserved.agents,
      machine_ms: row.machineMs,
    },
    limits: await limitsOf(house, row, totals.caps.costMicroUsd),
    dossier: stores.dossier.folder(threadId),
  };
}

async function limitsOf(house: House, row: RunRow, costCap: number | undefined): Promise<Record<string, unknown>> {
  try {
    const { request } = await readRequest(house, row);
    const view = limitsView(effectiveLimits(reparse(request.config).limits, house.operator?.ceilings ?? {}));
    return costCap === undefined ? view : { ...view, cost_micro_usd: costCap };
  } catch {
    return {};
  }
}

/** What a person is shown before deciding. */
export async function gateOf(house: House, row: RunRow): Promise<GateView | undefined> {
  const pending = await pendingApproval(house, row);
  // A thread that another server steps, or whose process died at its gate, is not `waiting`; its gate is open all the same.
  const approval =
    pending ?? (row.live ? undefined : (await house.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1));
  if (approval === undefined) return undefined;
  const plan = await newestPlan(house, row.threadId);
  const review = approval.gate === 'release' ? await newestReview(house, row.threadId) : undefined;
  const totals = await house.stores.ledger.totals(row.threadId, 'run');
  return {
    row: approval,
    goal: row.input.goal,
    plan: plan === undefined ? '' : planMarkdown(1, plan),
    review: review === undefined ? '' : reviewMarkdown(row.attempt, review),
    diff: approval.gate === 'release' ? await diffOf(house, row) : '',
    redLines: review?.red_lines ?? [],
    citations: plan?.citations ?? [],
    costMicroUsd: totals.settled.costMicroUsd + totals.reserved.costMicroUsd,
  };
}

/** The candidate against its base; empty without a candidate. */
export async function diffOf(house: House, row: RunRow): Promise<string> {
  const build = await newestBuild(house, row.threadId);
  if (build === undefined) return '';
  const repository = await openRepository(row.input.repo, house.home);
  return (await repository.patch(await repository.treeOf(build.base), build.tree)).toString('utf8');
}

/** The text of one dossier file. @throws UsageError naming it. */
export async function fileOf(house: House, row: RunRow, path: string): Promise<string> {
  const found = await house.stores.dossier.read(row.threadId, path);
  if (found === undefined) throw new UsageError(`file ${JSON.stringify(path)}: the dossier of ${row.threadId} has no such file`);
  return found.bytes.toString('utf8');
}
