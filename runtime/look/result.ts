/** The result object of a thread, as every command and route tells it. */
import { z } from 'zod';
import type { Caps } from '../../domain/budget.ts';
import { effectiveLimits } from '../../domain/config.ts';
import { isFanOut } from '../../domain/fan-out.ts';
import { FILES, type Waiver } from '../../domain/handoff.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { RunResult, Waiting } from '../../domain/run.ts';
import { waiversOf } from '../../domain/waivers.ts';
import { extensionList } from '../decide/extensions.ts';
import { readRequest } from '../drive/open-session.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';
import { limitsView } from '../start/create.ts';

import { newestBuild, pendingApproval, type ReleaseBody, releaseOf } from './handed-over.ts';

/**
 * What every command with `--json` ends with (`docs/contract.md`, "The result object").
 * @throws StopError `STATE_TAMPERED` when the file of its release is not whole.
 */
export async function resultOf(runtime: Runtime, row: RunRow): Promise<RunResult> {
  return withRelease(runtime, row, (await releaseOf(runtime, row.threadId)) ?? null);
}

/** The given runs, else all; one whose files are damaged does not hide the others. */
export async function listOf(runtime: Runtime, given?: readonly RunRow[]): Promise<RunResult[]> {
  const rows = given ?? (await runtime.stores.runs.list());
  return Promise.all(
    rows.map(async (row) => withRelease(runtime, row, (await releaseOf(runtime, row.threadId).catch(() => undefined)) ?? null)),
  );
}

async function withRelease(runtime: Runtime, row: RunRow, release: ReleaseBody | null): Promise<RunResult> {
  const { stores } = runtime;
  const { threadId } = row;
  const totals = await stores.ledger.totals(threadId, 'run');
  const build = await newestBuild(runtime, threadId).catch(() => undefined);
  const rollback = await stores.dossier.read(threadId, FILES.rollback);
  const pending = await pendingApproval(runtime, row);
  const waiting: Waiting | null =
    pending === undefined
      ? null
      : {
          approval_id: pending.id,
          gate: pending.gate,
          subject: pending.subject.digest,
          required_role: pending.required.role,
          ...toWaive(pending),
          ...ranIn(pending),
          ...(isFanOut({ facts: pending.subject }) ? { fan_out: true as const } : {}),
        };
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
    release,
    waivers: await waivers(runtime, threadId),
    spend: {
      cost_micro_usd: settled.costMicroUsd + reserved.costMicroUsd,
      input_tokens: settled.inputTokens + reserved.inputTokens,
      output_tokens: settled.outputTokens + reserved.outputTokens,
      model_calls: settled.modelCalls + reserved.modelCalls,
      tool_calls: settled.toolCalls + reserved.toolCalls,
      agents: settled.agents + reserved.agents,
      machine_ms: row.machineMs,
    },
    limits: await limitsOf(runtime, row, totals.caps),
    dossier: stores.dossier.folder(threadId),
  };
}

function ranIn({ shown }: ApprovalRow): { sandbox?: string } {
  const words = z.string().safeParse(shown['sandbox']);
  return words.success ? { sandbox: words.data } : {};
}

function toWaive({ shown }: ApprovalRow): { waive?: readonly string[] } {
  const ids = z.array(z.string()).safeParse(shown['waive']);
  return ids.success ? { waive: ids.data } : {};
}

async function waivers({ stores }: Runtime, threadId: string): Promise<Waiver[]> {
  return (await stores.approvals.list({ threadId, status: 'approved' })).flatMap(waiversOf);
}

/** What holds now: as it was started, with what people have allowed since. */
async function limitsOf(runtime: Runtime, row: RunRow, caps: Caps): Promise<Record<string, unknown>> {
  try {
    const { request } = await readRequest(runtime, row);
    const view = limitsView(effectiveLimits(reparse(request.config).limits, runtime.operator?.ceilings ?? {}));
    const { costMicroUsd, ...counts } = caps;
    const opened = Object.entries({ ...counts, cost_micro_usd: costMicroUsd }).filter(([, cap]) => cap !== undefined);
    const moreMs = (await extensionList.read(runtime, row.threadId)).reduce((sum, extension) => sum + extension.add_machine_ms, 0);
    return { ...view, ...Object.fromEntries(opened), machine_ms: Number(view['machine_ms']) + moreMs };
  } catch {
    return {};
  }
}
