/** What a person sees of a thread: the result object, gates, differences, files. */
import type { z } from 'zod';
import type { Caps } from '../domain/budget.ts';
import { effectiveLimits } from '../domain/config.ts';
import { StopError, toError, UsageError } from '../domain/errors.ts';
import type { BuildBody, FileRef } from '../domain/handoff.ts';
import { buildBodySchema, FILES, planBodySchema, releaseBodySchema, reviewBodySchema } from '../domain/handoff.ts';
import type { ApprovalRow, RunRow } from '../domain/ports.ts';
import type { RunResult, Waiting } from '../domain/run.ts';
import { planMarkdown, reviewMarkdown } from '../nodes/markdown.ts';
import { openRepository } from '../tools/repository.ts';
import { reparse } from './config-file.ts';
import { limitsView } from './create.ts';
import { extensionList } from './extensions.ts';
import type { House } from './house.ts';
import { readRequest } from './open-session.ts';
import type { GateView } from './operations.ts';

type ReleaseBody = z.infer<typeof releaseBodySchema>;

interface Schema<Body> {
  safeParse(value: unknown): { readonly success: true; readonly data: Body } | { readonly success: false; readonly error: Error };
}

/** The newest file of a numbered kind, parsed; undefined when there is none. With a digest it must be exactly that file. */
async function newest<Body>(
  house: House,
  threadId: string,
  kind: '10-plan' | '20-build' | '30-review',
  schema: Schema<Body>,
  sha256?: string,
): Promise<Body | undefined> {
  const pattern = new RegExp(`^${kind}\\.\\d+\\.json$`);
  const names = (await house.stores.dossier.list(threadId)).map((file) => file.path).filter((path) => pattern.test(path));
  const number = (path: string): number => Number(/\.(\d+)\./.exec(path)?.[1] ?? '0');
  const newestFirst = names.toSorted((a, b) => number(b) - number(a));
  for (const path of newestFirst) {
    const found = await house.stores.dossier.read(threadId, path);
    if (found !== undefined && (sha256 === undefined || found.ref.sha256 === sha256)) return bodyOf(house, threadId, found.ref, schema);
  }
  const [path] = newestFirst;
  if (sha256 === undefined) return undefined;
  if (path === undefined) throw new StopError('HANDOFF_MISSING', `${kind}.<n>.json: the file is missing; its digest was ${sha256}`);
  return bodyOf(house, threadId, { path, sha256 }, schema);
}

/** @throws StopError `STATE_TAMPERED`, `HANDOFF_MISSING`. */
async function bodyOf<Body>(house: House, threadId: string, ref: FileRef, schema: Schema<Body>): Promise<Body> {
  const parsed = schema.safeParse((await house.stores.dossier.readVerified(threadId, ref)).body);
  if (parsed.success) return parsed.data;
  throw new StopError('STATE_TAMPERED', `${ref.path}: its body is not what its contract says (${parsed.error.message.slice(0, 300)})`, {
    evidence: [ref.path],
  });
}

/** What was released; undefined when nothing was. @throws StopError `STATE_TAMPERED` when its file is not whole. */
async function releaseOf(house: House, threadId: string): Promise<ReleaseBody | undefined> {
  const found = await house.stores.dossier.read(threadId, FILES.release);
  return found === undefined ? undefined : bodyOf(house, threadId, found.ref, releaseBodySchema);
}

/** What was released, as the audit trail recorded it: for who acts on it. @throws StopError also when it differs or is gone. */
export async function recordedRelease(house: House, threadId: string): Promise<{ body: ReleaseBody; ref: FileRef } | undefined> {
  const record = (await house.stores.audit.read({ threadId })).findLast(
    ({ action, facts }) => action === 'stage-end' && facts?.['file'] === FILES.release,
  );
  const sha256 = record?.facts?.['sha256'];
  const ref =
    typeof sha256 === 'string' ? { path: FILES.release, sha256 } : (await house.stores.dossier.read(threadId, FILES.release))?.ref;
  return ref === undefined ? undefined : { body: await bodyOf(house, threadId, ref, releaseBodySchema), ref };
}

export const newestBuild = (house: House, threadId: string): Promise<BuildBody | undefined> =>
  newest(house, threadId, '20-build', buildBodySchema);

/** The approval a waiting thread waits for. */
export async function pendingApproval(house: House, row: RunRow): Promise<ApprovalRow | undefined> {
  if (row.status !== 'waiting') return undefined;
  return (await house.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1);
}

/** Contract section 1.1. @throws StopError `STATE_TAMPERED` when the file of its release is not whole. */
export async function resultOf(house: House, row: RunRow): Promise<RunResult> {
  return withRelease(house, row, (await releaseOf(house, row.threadId)) ?? null);
}

/** All runs; one whose files are damaged does not hide the others. */
export async function listOf(house: House): Promise<RunResult[]> {
  const rows = await house.stores.runs.list();
  return Promise.all(
    rows.map(async (row) => withRelease(house, row, (await releaseOf(house, row.threadId).catch(() => undefined)) ?? null)),
  );
}

async function withRelease(house: House, row: RunRow, release: ReleaseBody | null): Promise<RunResult> {
  const { stores } = house;
  const { threadId } = row;
  const totals = await stores.ledger.totals(threadId, 'run');
  const build = await newestBuild(house, threadId).catch(() => undefined);
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
    release,
    spend: {
      cost_micro_usd: settled.costMicroUsd + reserved.costMicroUsd,
      input_tokens: settled.inputTokens + reserved.inputTokens,
      output_tokens: settled.outputTokens + reserved.outputTokens,
      model_calls: settled.modelCalls + reserved.modelCalls,
      tool_calls: settled.toolCalls + reserved.toolCalls,
      agents: settled.agents + reserved.agents,
      machine_ms: row.machineMs,
    },
    limits: await limitsOf(house, row, totals.caps),
    dossier: stores.dossier.folder(threadId),
  };
}

/** What holds now: as it was started, with what people have allowed since. */
async function limitsOf(house: House, row: RunRow, caps: Caps): Promise<Record<string, unknown>> {
  try {
    const { request } = await readRequest(house, row);
    const view = limitsView(effectiveLimits(reparse(request.config).limits, house.operator?.ceilings ?? {}));
    const { costMicroUsd, ...counts } = caps;
    const opened = Object.entries({ ...counts, cost_micro_usd: costMicroUsd }).filter(([, cap]) => cap !== undefined);
    const moreMs = (await extensionList.read(house, row.threadId)).reduce((sum, extension) => sum + extension.add_machine_ms, 0);
    return { ...view, ...Object.fromEntries(opened), machine_ms: Number(view['machine_ms']) + moreMs };
  } catch {
    return {};
  }
}

/**
 * What a person is shown before deciding: exactly what the subject's digest covers, so that nobody decides on a file that was changed
 * for the moment of looking. @throws StopError `STATE_TAMPERED`.
 */
export async function gateOf(house: House, row: RunRow): Promise<GateView | undefined> {
  const pending = await pendingApproval(house, row);
  // A thread that another server steps, or whose process died at its gate, is not `waiting`; its gate is open all the same.
  const approval =
    pending ?? (row.live ? undefined : (await house.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1));
  if (approval === undefined) return undefined;
  const { gate, subject } = approval;
  const plan = await newest(house, row.threadId, '10-plan', planBodySchema, subject['plan']);
  const review = gate === 'release' ? await newest(house, row.threadId, '30-review', reviewBodySchema, subject['review']) : undefined;
  const totals = await house.stores.ledger.totals(row.threadId, 'run');
  return {
    row: approval,
    goal: row.input.goal,
    plan: plan === undefined ? '' : planMarkdown(1, plan),
    review: review === undefined ? '' : reviewMarkdown(row.attempt, review),
    diff: gate === 'release' ? await patchOf(house, row, subject['base'] ?? '', subject['tree'] ?? '') : '',
    redLines: review?.red_lines ?? [],
    citations: plan?.citations ?? [],
    costMicroUsd: totals.settled.costMicroUsd + totals.reserved.costMicroUsd,
  };
}

/** The candidate against its base; empty without a candidate. */
export async function diffOf(house: House, row: RunRow): Promise<string> {
  const build = await newestBuild(house, row.threadId);
  return build === undefined ? '' : patchOf(house, row, build.base, build.tree);
}

async function patchOf(house: House, row: RunRow, base: string, tree: string): Promise<string> {
  const repository = await openRepository(row.input.repo, house.home);
  return (await repository.patch(await repository.treeOf(base), tree)).toString('utf8');
}

/** The text of one dossier file. @throws UsageError naming it. */
export async function fileOf(house: House, row: RunRow, path: string): Promise<string> {
  const found = await house.stores.dossier.read(row.threadId, path).catch((error: unknown) => {
    throw new UsageError(toError(error).message);
  });
  if (found === undefined) throw new UsageError(`file ${JSON.stringify(path)}: the dossier of ${row.threadId} has no such file`);
  return found.bytes.toString('utf8');
}
