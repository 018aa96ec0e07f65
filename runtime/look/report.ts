/** `report.md` and `ledger.json`: what happened, what it cost, what a person can do. */
import { visible } from '../../domain/access.ts';
import { FILES } from '../../domain/handoff.ts';
import type { RunRow, SpendLine } from '../../domain/ports.ts';
import { reasonOf } from '../../domain/reasons.ts';
import { approveFlags, type RunResult } from '../../domain/run.ts';
import type { Runtime } from '../runtime.ts';
import { resultOf } from './result.ts';

const usd = (micro: number): string => `$${(micro / 1_000_000).toFixed(4)}`;

/** Rewrites `report.md` and `ledger.json`; called at every end or wait. */
export async function writeReport(runtime: Runtime, threadId: string): Promise<void> {
  const row = await runtime.stores.runs.get(threadId);
  if (row === undefined) return;
  const result = await resultOf(runtime, row);
  const lines = await runtime.stores.ledger.lines(threadId);
  await runtime.stores.dossier.writeJson(threadId, FILES.ledger, {
    kind: 'ledger',
    version: 1,
    thread_id: threadId,
    attempt: row.attempt,
    inputs: [],
    made_by: 'governor',
    made_at: new Date(runtime.clock.now()).toISOString(),
    body: { spend: result.spend, limits: result.limits, lines },
  });
  await runtime.stores.dossier.writeText(
    threadId,
    FILES.report,
    reportText(
      row,
      result,
      lines,
      (await runtime.stores.dossier.list(threadId)).map((file) => file.path),
    ),
  );
}

function reportText(row: RunRow, result: RunResult, lines: readonly SpendLine[], files: readonly string[]): string {
  const parts = [
    `# ${result.status}: ${visible(row.input.goal.split('\n')[0] ?? '')}`,
    `Thread \`${row.threadId}\`, repository \`${visible(row.input.repo)}\`, base \`${row.input.base}\`, started by ${row.input.starter} at ${row.createdAt}.`,
  ];
  if (result.reason !== null) {
    parts.push(
      `## Why it stopped\n\n**${result.reason.code}** in ${result.reason.stage}: ${reasonOf(result.reason.code).meaning}.\n\n${visible(result.reason.message)}`,
      `Next: \`${result.reason.next}\``,
    );
  }
  if (result.waiting !== null)
    parts.push(
      `## It waits for a person\n\nGate ${result.waiting.gate}, role ${result.waiting.required_role}: \`governor approve ${row.threadId.slice(0, 8)}${approveFlags(result.waiting)}\``,
    );
  if (result.waivers.length > 0)
    parts.push(
      `## Waived by people\n\n${result.waivers.map(({ finding_id, by, at }) => `- ${finding_id} by ${visible(by)} at ${at}; what it says stands in the review`).join('\n')}`,
    );
  if (result.candidate !== null) parts.push(`Candidate \`${result.candidate.commit}\` on branch \`${result.candidate.branch}\`.`);
  if (result.release !== null)
    parts.push(`Released as \`${String(result.release['commit'])}\` to \`${String(result.release['branch'])}\`.`);
  parts.push(
    `## Cost\n\n${usd(result.spend.cost_micro_usd)}, ${result.spend.model_calls} model calls, ${result.spend.tool_calls} tool calls, ${Math.round(result.spend.machine_ms / 1000)} s of machine time.\n\n${costTable(lines)}`,
    `## Files\n\n${files
      .filter((path) => path !== FILES.report)
      .map((path) => `- ${path}`)
      .join('\n')}`,
  );
  return `${parts.join('\n\n')}\n`;
}

function costTable(lines: readonly SpendLine[]): string {
  const rows = lines.map(
    (line) =>
      `| ${line.role} | ${line.agent} | ${line.stage} | ${line.attempt} | ${line.amounts.modelCalls} | ${line.amounts.toolCalls} | ${usd(line.amounts.costMicroUsd)}${line.orphaned ? ' (lost in a crash)' : ''} |`,
  );
  return `| role | agent | stage | attempt | model calls | tool calls | cost |\n|---|---|---|---|---|---|---|\n${rows.join('\n')}`;
}
