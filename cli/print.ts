/** Audit records, results and gates as plain text lines. */
import { visible } from '../domain/access.ts';
import type { AuditRecord } from '../domain/audit.ts';
import { isFanOut } from '../domain/fan-out.ts';
import { originWords } from '../domain/handoff.ts';
import { approveFlags, type RunResult } from '../domain/run.ts';
import { TOLD } from '../domain/told.ts';
import type { GateView, ToldView } from '../runtime/options.ts';
import type { Runs } from './runs.ts';

/** Whole micro-dollars as dollars. */
export function dollars(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(4)}`;
}

/** What a plain line shows of a record's facts, in this order. */
const SHOWN = [
  'status',
  'model',
  'tool',
  'path',
  'argv',
  'check',
  'outcome',
  'gate',
  'decision',
  'waived',
  'costMicroUsd',
  'file',
  'message',
];
const LINE_CHARACTERS = 160;

/** One audit record as one short line; `--json` has all of it. */
export function recordLine(record: AuditRecord): string {
  const facts = record.facts ?? {};
  const shown = SHOWN.flatMap((name) => {
    const value = facts[name];
    return value === undefined || value === ''
      ? []
      : [name === 'costMicroUsd' ? dollars(Number(value)) : typeof value === 'string' ? value : JSON.stringify(value)];
  });
  const where = record.stage === undefined ? '' : ` ${record.stage}${record.attempt === undefined ? '' : `#${record.attempt}`}`;
  const who = record.action === TOLD ? ` ${record.actor}:` : '';
  const canned = facts['canned'] === true ? ' (canned)' : '';
  const line =
    `${record.at.slice(11, 19)}${where} ${record.action}${canned}${record.code === undefined ? '' : ` ${record.code}`}${who} ${shown.join(' ')}`.trim();
  return visible(line.replaceAll('\n', ' ')).slice(0, LINE_CHARACTERS);
}

/** What was said to agents, one message a line. */
export function toldText(told: readonly ToldView[]): string {
  return told
    .map(({ at, by, to, text, heard, awaited }) => {
      const unheard = awaited ? 'not heard yet' : 'nobody heard it, and nobody will';
      const ears = heard.length === 0 ? unheard : `heard by ${heard.map(({ agent }) => agent).join(', ')}`;
      return visible(`said ${at} ${by} to ${to.join(', ') || 'who speaks next'} (${ears}): ${text.replaceAll('\n', ' ')}`);
    })
    .join('\n');
}

type Printed = Pick<Runs, 'pasted' | 'next'>;

/** The end of a run, with the next command as it works where it is pasted. What a line says over several is indented: it begins no line. */
export function resultText(result: RunResult, { pasted, next }: Printed): string {
  const lines = [`${result.thread_id}  ${result.status}  at ${result.stage}  ${dollars(result.spend.cost_micro_usd)}`];
  if (result.reason !== null) lines.push(`${result.reason.code}: ${result.reason.message}`, `next: ${next(result.reason.next)}`);
  if (result.waiting !== null)
    lines.push(
      `waits at the ${result.waiting.gate} gate for role ${result.waiting.required_role}`,
      `next: ${pasted(`governor approve ${result.thread_id} --subject ${result.waiting.subject}${approveFlags(result.waiting)}`)}`,
    );
  lines.push(...result.waivers.map(({ finding_id, by, at }) => `waived: ${finding_id} by ${by} at ${at}`));
  lines.push(`dossier: ${result.dossier}`);
  return visible(lines.map((line) => line.replaceAll('\n', '\n    ')).join('\n'));
}

/** What a person sees before a decision. */
export function gateText(view: GateView, subject: string): string {
  return visible(
    [
      `gate: ${view.row.gate}`,
      `subject: ${subject}`,
      `goal: ${view.goal}`,
      `cost so far: ${dollars(view.costMicroUsd)}`,
      ...(view.sandbox === undefined ? [] : [`commands run in ${view.sandbox}`]),
      ...(view.row.gate === 'budget' && typeof view.row.shown['message'] === 'string'
        ? [`asks for more: ${view.row.shown['message']}`]
        : []),
      ...(isFanOut({ facts: view.row.subject }) ? ['approve it as it is, without --add-usd; rejected, the lead goes on alone'] : []),
      ...view.redLines.map((line) => `RED LINE ${line.rule_id}${originWords(line.origin)}: ${line.reason}: ${line.paths.join(', ')}`),
      ...view.warnings.map((line) => `warning: ${line}`),
      ...view.open.map(({ id, code, message }) => `NEEDS A WAIVER ${id} ${code}: ${message.split('\n')[0]} (--waive ${id})`),
      ...view.citations.map((citation) => `cites ${citation.document}@${citation.version}#${citation.anchor}: ${citation.quote}`),
      view.plan,
      view.review,
      view.diff,
    ].join('\n'),
  );
}
