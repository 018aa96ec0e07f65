/** Transcripts for tests of what a request holds: made by hand or by chance that a seed repeats. */

import type { ChatMessage, TranscriptRow } from '../../domain/ports.ts';
import { rowOf } from '../../domain/transcript.ts';
import { countInputBound } from '../../models/count.ts';
import { type CompactionParts, planCompaction, planCut } from '../../nodes/compaction.ts';
import { createForms, renderMessages } from '../../nodes/context.ts';

export const CONTRACT = 'You build. Keep to the plan.';
export const GOAL = 'Füge „product“ hinzu;\n  keep "sum" as it is, 保持原样 🧮.';
export const BRIEF: ChatMessage = { role: 'user', content: 'This is attempt 1. The plan: add a product function.' };

export function chainOf(messages: readonly TranscriptRow['message'][], before: readonly TranscriptRow[] = []): TranscriptRow[] {
  const rows = [...before];
  for (const message of messages) rows.push(rowOf(rows.at(-1)?.id ?? null, 'lead', message));
  return rows;
}

export interface Called {
  readonly name: string;
  readonly input: unknown;
  readonly result: string;
}

/** An answer with its calls, and their results. */
export function step(number: number, calls: readonly Called[], text = '', opaque?: unknown): TranscriptRow['message'][] {
  const toolCalls = calls.map((call, index) => ({ id: `call_${number}_${index}`, name: call.name, arguments: JSON.stringify(call.input) }));
  return [
    { role: 'assistant', content: text, toolCalls, ...(opaque === undefined ? {} : { opaque: { origin: 'chat x y', content: opaque } }) },
    ...calls.map(
      (call, index): ChatMessage => ({ role: 'tool', toolCallId: `call_${number}_${index}`, toolName: call.name, content: call.result }),
    ),
  ];
}

export const read = (path: string, result: string, input: object = {}): Called => ({
  name: 'read_file',
  input: { path, ...input },
  result,
});

/** So many numbered lines, as `read_file` shows them, of about so many bytes together. */
export function numbered(bytes: number, from = 1, word = 'größe'): string {
  const lines: string[] = [];
  for (let size = 0, number = from; size < bytes; number += 1) {
    const line = `${number}\t${word} of line ${number} ${'x'.repeat(40)}`;
    lines.push(line);
    size += Buffer.byteLength(line) + 1;
  }
  return lines.join('\n');
}

const forms = createForms();
export const messagesOf = (rows: readonly TranscriptRow[]): ChatMessage[] =>
  renderMessages({ contract: CONTRACT, goal: GOAL, rows, forms });

export const bytesOf = (messages: readonly ChatMessage[]): number => countInputBound({ messages, tools: [] });

export const partsOf = (rows: readonly TranscriptRow[], room: number): CompactionParts => ({
  contract: CONTRACT,
  goal: GOAL,
  rows,
  room,
  count: bytesOf,
  countRequest: bytesOf,
});

/** The rows with what makes the next request fit, decided as the runtime does where every byte counts as a token. */
export function fitted(rows: readonly TranscriptRow[], room: number): TranscriptRow[] {
  const size = bytesOf(messagesOf(rows));
  if (size <= room) return [...rows];
  const parts = partsOf(rows, room);
  const cut = planCut(parts, size - room);
  const cutRows = cut === undefined ? undefined : chainOf([cut], rows);
  if (cutRows !== undefined && bytesOf(messagesOf(cutRows)) <= room) return cutRows;
  return chainOf([planCompaction(parts)], rows);
}

/** One more step by chance: calls, results of all sizes, notes, empty answers, content that only its provider reads. */
export function chanceStep(number: number, random: () => number, most: number): TranscriptRow['message'][] {
  const upTo = (count: number): number => Math.floor(random() * count);
  const kind = random();
  if (kind < 0.06)
    return [
      { role: 'assistant', content: '', toolCalls: [] },
      { role: 'user', content: 'Only tool calls count here.' },
    ];
  const calls = Array.from({ length: 1 + upTo(3) }, (): Called => {
    const size = random() < 0.1 ? upTo(most * 3) : upTo(most);
    const pick = upTo(5);
    if (pick === 0)
      return {
        name: 'run_command',
        input: { argv: ['npm', 'test'] },
        result: JSON.stringify({ exit_code: upTo(2), stdout: 'ok\n'.repeat(size / 4) }),
      };
    if (pick === 1)
      return { name: 'write_file', input: { path: `src/${upTo(9)}.js`, content: '🧮'.repeat(upTo(most / 16)) }, result: 'wrote it' };
    if (pick === 2) return { name: 'search_files', input: { pattern: 'x' }, result: '保'.repeat(size / 4) };
    if (pick === 3) return { name: 'read_file', input: { path: 'gone.js' }, result: '{"error":"gone.js: there is no such file"}' };
    return read(`src/${upTo(30)}.js`, numbered(size));
  });
  const opaque = random() < 0.3 ? [{ type: 'thinking', signature: `s${number}` }] : undefined;
  const notes: ChatMessage[] = random() < 0.15 ? [{ role: 'user', content: `You are not getting anywhere (${number}).` }] : [];
  return [...step(number, calls, random() < 0.5 ? `I decided ${number}.` : '', opaque), ...notes];
}
