/** Which gate of its kind one is in its thread: the first plan that a person is asked about is 1. */
import type { ApprovalRow } from './ports.ts';

/** @param rows all gates of the thread, oldest first. */
export function gateNumber(rows: readonly Pick<ApprovalRow, 'id' | 'gate'>[], { id, gate }: Pick<ApprovalRow, 'id' | 'gate'>): number {
  return rows.filter((row) => row.gate === gate).findIndex((row) => row.id === id) + 1;
}
