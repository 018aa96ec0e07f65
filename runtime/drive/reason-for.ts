/** The reason of a stop as people read it: what happened, and the exact command to run next. */
import { reasonOf } from '../../domain/reasons.ts';
import type { StopReason } from '../../domain/run.ts';
import type { Stop } from '../../nodes/state.ts';

export function reasonFor(
  threadId: string,
  stop: Pick<Stop, 'code' | 'message' | 'stage' | 'evidence'> & Partial<Pick<Stop, 'facts'>>,
): StopReason {
  const entry = reasonOf(stop.code);
  // Where this very stop needs another command than its code in general.
  const own = stop.facts?.['next'];
  return {
    code: stop.code,
    message: stop.message,
    stage: stop.stage,
    resumable: entry.resumable,
    evidence: stop.evidence,
    next: (own === undefined ? entry.next : String(own)).replaceAll('<thread>', threadId.slice(0, 8)),
  };
}
