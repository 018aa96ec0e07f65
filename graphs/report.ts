/** `report.md`, `ledger.json` and `explain`: what happened, what it cost, what a person can do. */
import { visible } from '../domain/access.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { FILES } from '../domain/handoff.ts';
import type { RunRow, SpendLine } from '../domain/ports.ts';
import { reasonOf } from '../domain/reasons.ts';
import type { RunResult } from '../domain/run.ts';
import type { House } from './house.ts';
import { resultOf } from './look.ts';

/** Facts for programs, not for people. */
const HIDDEN: ReadonlySet<string> = new Set(['message', 'head', 'unanswered']);

const usd = (micro: number): string => `$${(micro / 1_000_000).toFixed(4)}`;

/** Rewrites `report.md` and `ledger.json`; called at every end or wait. */
export async function writeReport(house: House, threadId: string): Promise<void> {
  const row = await house.stores.runs.get(threadId);
  if (row === undefined) return;
  const result = await resultOf(house, row);
  const lines = await house.stores.ledger.lines(threadId);
  await house.stores.dossier.writeJson(threadId, FILES.ledger, {
    kind: 'ledger',
    version: 1,
    thread_id: threadId,
    attempt: row.attempt,
    inputs: [],
    made_by: 'governor',
    made_at: new Date(house.clock.now()).toISOString(),
    body: { spend: result.spend, limits: result.limits, lines },
  });
  await house.stores.dossier.writeText(
    threadId,
    FILES.report,
    reportText(
      row,
      result,
      lines,
      (await house.stores.dossier.list(threadId)).map((file) => file.path),
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
      `## It waits for a person\n\nGate ${result.waiting.gate}, role ${result.waiting.required_role}: \`governor approve ${row.threadId.slice(0, 8)}${result.waiting.gate === 'budget' ? ' --add-usd N' : ''}\``,
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

/** Which agent at which step, and the rule or cap with its value, from the last drive's records of the stage that stopped. */
function whereItStopped(records: readonly AuditRecord[], stage: string): string[] {
  const drive = records.slice(
    Math.max(
      0,
      records.findLastIndex((record) => record.action === 'run-start'),
    ),
  );
  const cause = drive.findLast(
    (record) => record.stage === stage && (record.action === 'stage-error' || record.action === 'budget-refused'),
  );
  const asked = records.findLast(
    ({ action, stage: at, actor }) =>
      action === 'model-call' && at === stage && (cause?.action !== 'budget-refused' || actor === cause.actor),
  );
  const out: string[] = [];
  if (asked !== undefined)
    out.push(`agent     ${visible(asked.actor)}, step ${String(asked.facts?.['call'])} of attempt ${asked.attempt ?? 1}`);
  const facts = Object.entries(cause?.facts ?? {}).filter(([name]) => !HIDDEN.has(name));
  if (facts.length > 0) out.push(`facts     ${visible(facts.map(([name, value]) => `${name}=${String(value)}`).join(' '))}`);
  return out;
}

/** One screen: code, meaning, place, rule or cap with its value, evidence, cost by role, what to do next. */
export async function explainText(house: House, row: RunRow): Promise<string> {
  const result = await resultOf(house, row);
  const out = [
    `thread    ${row.threadId}`,
    `goal      ${visible(row.input.goal.split('\n')[0] ?? '').slice(0, 100)}`,
    `status    ${result.status} (stage ${result.stage}, attempt ${result.attempt})`,
  ];
  if (result.reason !== null) {
    out.push(
      `reason    ${result.reason.code}: ${reasonOf(result.reason.code).meaning}`,
      `because   ${visible(result.reason.message).split('\n').slice(0, 6).join('\n          ')}`,
    );
    out.push(...whereItStopped(await house.stores.audit.read({ threadId: row.threadId }), result.reason.stage));
    for (const path of result.reason.evidence.slice(0, 5)) out.push(`evidence  ${result.dossier}/${path}`);
  }
  if (result.waiting !== null)
    out.push(
      `waits for gate "${result.waiting.gate}", role ${result.waiting.required_role}, subject ${result.waiting.subject.slice(0, 16)}`,
    );
  const byRole = new Map<string, { cost: number; calls: number }>();
  for (const line of await house.stores.ledger.lines(row.threadId)) {
    const sum = byRole.get(line.role) ?? { cost: 0, calls: 0 };
    byRole.set(line.role, { cost: sum.cost + line.amounts.costMicroUsd, calls: sum.calls + line.amounts.modelCalls });
  }
  for (const [role, sum] of byRole) out.push(`cost      ${role.padEnd(8)} ${usd(sum.cost)} in ${sum.calls} calls`);
  out.push(
    `total     ${usd(result.spend.cost_micro_usd)}${result.limits['cost_micro_usd'] === undefined ? '' : ` of ${usd(Number(result.limits['cost_micro_usd']))}`}`,
    `next      ${nextStep(row, result)}`,
  );
  return out.join('\n');
}

function nextStep(row: RunRow, result: RunResult): string {
  const short = row.threadId.slice(0, 8);
  if (result.reason !== null) return result.reason.next;
  if (result.waiting !== null)
    return `governor approve ${short}${result.waiting.gate === 'budget' ? ' --add-usd N' : ''}  or  governor reject ${short} --comment "..."`;
  if (result.status === 'released') return `nothing; to undo it: governor rollback ${short}`;
  if (result.status === 'running') return `${row.live ? 'governor watch' : 'governor resume'} ${short}`;
  return 'nothing';
}
