/** What a person looks at before and after deciding: the open gate, the difference, a file of the dossier. */

import type { Config } from '../../domain/config.ts';
import { toError, UsageError } from '../../domain/errors.ts';
import { planBodySchema, reviewBodySchema } from '../../domain/handoff.ts';
import type { RunRow } from '../../domain/ports.ts';
import { sandboxWords } from '../../domain/sandbox-words.ts';
import { openFindings } from '../../domain/waivers.ts';
import type { Repository } from '../../domain/workspace.ts';
import { planMarkdown, reviewMarkdown } from '../../nodes/markdown.ts';
import { maskedPatch } from '../../tools/masked-patch.ts';
import { policyWarnings } from '../../tools/policy-warnings.ts';
import { openRepository } from '../../tools/repository.ts';
import { readableLines } from '../../tools/text/encoding.ts';
import { readRequest } from '../drive/open-session.ts';
import { redactorOf } from '../drive/redactor.ts';
import type { GateView } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { reparse } from '../start/config-file.ts';
import { newest, newestBuild, pendingApproval } from './handed-over.ts';

/**
 * What a person is shown before deciding: exactly what the subject's digest covers, so that nobody decides on a file that was changed
 * for the moment of looking. @throws StopError `STATE_TAMPERED`.
 */
export async function gateOf(runtime: Runtime, row: RunRow): Promise<GateView | undefined> {
  const pending = await pendingApproval(runtime, row);
  // A thread that another server steps, or whose process died at its gate, is not `waiting`; its gate is open all the same.
  const approval =
    pending ?? (row.live ? undefined : (await runtime.stores.approvals.list({ threadId: row.threadId, status: 'pending' })).at(-1));
  if (approval === undefined) return undefined;
  const { gate, subject } = approval;
  const plan = await newest(runtime, row.threadId, { kind: '10-plan', schema: planBodySchema, sha256: subject['plan'] });
  const review =
    gate === 'release'
      ? await newest(runtime, row.threadId, { kind: '30-review', schema: reviewBodySchema, sha256: subject['review'] })
      : undefined;
  const totals = await runtime.stores.ledger.totals(row.threadId, 'run');
  const release = gate === 'release' ? await lookAt(runtime, row) : undefined;
  const sandbox = await runtime.sandbox(row.threadId).catch(() => undefined);
  return {
    ...(sandbox === undefined ? {} : { sandbox: sandboxWords(sandbox) }),
    row: approval,
    goal: row.input.goal,
    plan: plan === undefined ? '' : planMarkdown(1, plan),
    review: review === undefined ? '' : reviewMarkdown(row.attempt, review),
    diff: release === undefined ? '' : await patchOf(runtime, release, subject['base'] ?? '', subject['tree'] ?? ''),
    redLines: review?.red_lines ?? [],
    warnings: release === undefined ? [] : await warningsOf(release, row),
    open: openFindings(review ?? { findings: [] }),
    citations: plan?.citations ?? [],
    costMicroUsd: totals.settled.costMicroUsd + totals.reserved.costMicroUsd,
  };
}

/** The candidate against its base; empty without a candidate. */
export async function diffOf(runtime: Runtime, row: RunRow): Promise<string> {
  const build = await newestBuild(runtime, row.threadId);
  return build === undefined ? '' : patchOf(runtime, await lookAt(runtime, row), build.base, build.tree);
}

/** The run's repository and its configuration. */
interface Look {
  readonly repository: Repository;
  readonly config: Config | undefined;
}

const lookAt = async (runtime: Runtime, row: RunRow): Promise<Look> => ({
  repository: await openRepository(row.input.repo, runtime.home, runtime.answers),
  config: await configOf(runtime, row),
});

/** With secrets masked: it goes to terminals, pages and clients. */
async function patchOf(runtime: Runtime, { repository, config }: Look, base: string, tree: string): Promise<string> {
  const redact = redactorOf(runtime.env, config);
  return readableLines(await maskedPatch(repository, { from: await repository.treeOf(base), to: tree }, redact));
}

/** By the base that the run started from, whose rules it runs under. */
async function warningsOf({ repository, config }: Look, row: RunRow): Promise<string[]> {
  return config === undefined ? [] : policyWarnings(config, repository, row.input.base);
}

/** A request that cannot be read names no secrets beyond the usual ones. */
async function configOf(runtime: Runtime, row: RunRow): Promise<Config | undefined> {
  try {
    return reparse((await readRequest(runtime, row)).request.config);
  } catch {
    return undefined;
  }
}

/** The text of one dossier file. @throws UsageError naming it. */
export async function fileOf(runtime: Runtime, row: RunRow, path: string): Promise<string> {
  const found = await runtime.stores.dossier.read(row.threadId, path).catch((error: unknown) => {
    throw new UsageError(toError(error).message);
  });
  if (found === undefined) throw new UsageError(`file ${JSON.stringify(path)}: the dossier of ${row.threadId} has no such file`);
  return found.bytes.toString('utf8');
}
