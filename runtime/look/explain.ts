/** `explain`: one screen that says why a run stands where it stands, what it cost, and what a person can do. */
import { visible } from '../../domain/access.ts';
import type { AuditRecord } from '../../domain/audit.ts';
import type { RunRow } from '../../domain/ports.ts';
import { reasonOf } from '../../domain/reasons.ts';
import { approveFlags, type RunResult } from '../../domain/run.ts';
import type { Runtime } from '../runtime.ts';
import { changedFiles } from './changed-files.ts';
import { resultOf } from './result.ts';

/** Facts for programs, not for people. */
const HIDDEN: ReadonlySet<string> = new Set(['message', 'head', 'unanswered']);

const usd = (micro: number): string => `$${(micro / 1_000_000).toFixed(4)}`;

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
export async function explainText(runtime: Runtime, row: RunRow): Promise<string> {
  const result = await resultOf(runtime, row);
  const records = await runtime.stores.audit.read({ threadId: row.threadId });
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
    out.push(...whereItStopped(records, result.reason.stage));
    for (const path of result.reason.evidence.slice(0, 5)) out.push(`evidence  ${result.dossier}/${path}`);
  }
  for (const { path, recorded, found } of await changedFiles(runtime.stores.dossier, row.threadId, records))
    out.push(`tampered  ${path}: digest ${found ?? 'none, the file is missing'} was found, ${recorded} was recorded`);
  if (result.waiting !== null)
    out.push(
      `waits for gate "${result.waiting.gate}", role ${result.waiting.required_role}, subject ${result.waiting.subject.slice(0, 16)}`,
    );
  const byRole = new Map<string, { cost: number; calls: number }>();
  for (const line of await runtime.stores.ledger.lines(row.threadId)) {
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
    return `governor approve ${short}${approveFlags(result.waiting)}  or  governor reject ${short} --comment "..."`;
  if (result.status === 'released') return `nothing; to undo it: governor rollback ${short}`;
  if (result.status === 'running') return `${row.live ? 'governor watch' : 'governor resume'} ${short}`;
  return 'nothing';
}
