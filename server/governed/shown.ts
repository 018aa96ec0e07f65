/** A governed thread's state as clients are shown it: with what was said at its gates, and without a gate that waits for nobody. */
import { z } from 'zod';
import { gateNumber } from '../../domain/gate-number.ts';
import type { ApprovalRow, RunRow } from '../../domain/ports.ts';
import type { Snapshot } from '../threads/views.ts';
import type { Governed } from './graph.ts';
import { governedValues, type Remark } from './view.ts';

/** What people said at gates, at most; the newest. */
const MOST_REMARKS = 50;

const commentFacts = z.object({ approval: z.string(), message: z.string() });
const askedGate = z.looseObject({ gate: z.string(), subject: z.looseObject({ digest: z.string() }) });

/** What a thread's records say beside its state. */
export interface Beside {
  readonly row: RunRow | undefined;
  readonly approvals: readonly ApprovalRow[];
  readonly remarks: readonly Remark[];
}

export async function besideState({ runtime }: Pick<Governed, 'runtime'>, threadId: string, brief = false): Promise<Beside> {
  const { runs, approvals, audit } = runtime.stores;
  const row = await runs.get(threadId);
  const gates = await approvals.list({ threadId });
  // Said at gates: where there was none, no trail is read.
  const comments = brief || gates.length === 0 ? [] : (await audit.read({ threadId, action: 'approval-comment' })).slice(-MOST_REMARKS);
  const remarks = comments.flatMap(({ seq, facts }): Remark[] => {
    const { data } = commentFacts.safeParse(facts);
    const gate = gates.find((one) => one.id === data?.approval);
    if (data === undefined || gate === undefined) return [];
    return [
      { id: `comment-${seq}`, stage: `approve_${gate.gate}`, gate: gateNumber(gates, gate), said: data.message, answer: answerTo(gate) },
    ];
  });
  return { row, approvals: gates, remarks: [...remarks, ...endOf(row)] };
}

/** What a chat message at a gate is answered. */
const answerTo = ({ gate }: ApprovalRow): string =>
  `your message is on record at the ${gate} gate, and decides nothing. To decide, use the card: approve it, or reject it with the reason, ` +
  'which the next attempt is told. "Mark as resolved" cancels the run.';

/** A cancelled thread says so itself: its state was written before. */
function endOf(row: RunRow | undefined): Remark[] {
  if (row?.status !== 'cancelled') return [];
  const why = row.reason?.message ?? 'cancelled';
  const next = `governor resume ${row.threadId.slice(0, 8)}`;
  return [{ id: `cancelled-${row.epoch}`, stage: row.stage, gate: -1, answer: `${why}. Nothing is released. To go on: ${next}` }];
}

/** The values with all messages. */
export const shownValues = (values: unknown, { remarks }: Beside): unknown => governedValues(values, remarks);

export const checkpointIdOf = ({ config }: Snapshot): unknown => config.configurable?.checkpoint_id;

/**
 * A gate whose record is void asks nobody, though its question still stands in the checkpoint. Nothing comes next where the thread ended (the checkpoint `ended`):
 * clients take a stage that does for a run at work, or for a breakpoint.
 */
export function shownState(snapshot: Snapshot, beside: Beside, ended?: unknown): Snapshot {
  if (ended !== undefined && checkpointIdOf(snapshot) === ended)
    return { ...snapshot, values: governedValues(snapshot.values, beside.remarks, snapshot.next), next: [], tasks: [] };
  const tasks = snapshot.tasks.map((task) => {
    const interrupts = (task.interrupts ?? []).filter(({ value }) => !isVoid(value, beside.approvals));
    return interrupts.length === (task.interrupts ?? []).length ? task : { ...task, interrupts };
  });
  return { ...snapshot, values: governedValues(snapshot.values, beside.remarks, snapshot.next), tasks };
}

function isVoid(value: unknown, approvals: readonly ApprovalRow[]): boolean {
  const asked = askedGate.safeParse(value);
  if (!asked.success) return false;
  const { gate, subject } = asked.data;
  return approvals.findLast((one) => one.gate === gate && one.subject.digest === subject.digest)?.status === 'void';
}
