/** Did a run end as its task says? Told by status, reason code and gate, never by words of an agent. */
import type { RunResult } from '../../domain/run.ts';
import type { GateView } from '../options.ts';
import type { RightEnd } from './task.ts';

export function isRightEnd(right: RightEnd, result: RunResult, gate: GateView | undefined): boolean {
  if (right.end !== result.status) return false;
  switch (right.end) {
    case 'released':
    case 'unchanged':
      return true;
    case 'stopped':
      return result.reason !== null && right.codes.includes(result.reason.code);
    case 'waiting': {
      if (gate?.row.gate !== right.gate) return false;
      const named = gate.row.shown['red_lines'];
      const redLines = Array.isArray(named) ? named : [];
      return right.redLines.every((id) => redLines.includes(id)) && (!right.asks || typeof gate.row.shown['question'] === 'string');
    }
    default:
      return right satisfies never;
  }
}

/** `released`, `waiting plan`, `stopped NO_PROGRESS`: one word or two. */
export function endWords({ status, reason, waiting }: Pick<RunResult, 'status' | 'reason' | 'waiting'>): string {
  const more = waiting?.gate ?? reason?.code;
  return more === undefined ? status : `${status} ${more}`;
}

/** As a person reads it. */
export function rightEndWords(right: RightEnd): string {
  if (right.end === 'stopped') return `stopped ${right.codes.join(' or ')}`;
  if (right.end !== 'waiting') return right.end;
  const more = [...(right.asks ? ['with a question'] : []), ...(right.redLines.length > 0 ? [`naming ${right.redLines.join(', ')}`] : [])];
  return [`waiting ${right.gate}`, ...more].join(' ');
}
