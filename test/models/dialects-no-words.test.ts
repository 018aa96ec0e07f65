/** An answer that only thought, or said nothing but blanks: its own endpoint takes it back, and so does every other that goes on from there. */
import { afterEach, describe, expect, it } from 'vitest';
import type { TranscriptRow } from '../../domain/ports.ts';
import { rowOf } from '../../domain/transcript.ts';
import { renderMessages } from '../../nodes/context.ts';
import { type DialectName, type DialectServer, startDialect, type Turn } from '../dialects/server.ts';
import { askOnce, DIALECT_NAMES, modelOf } from './dialect-world.ts';

const open: DialectServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const NEXT: Turn = { text: 'Now.', calls: [{ name: 'write_file', arguments: { path: 'a', content: 'b' } }] };
const SILENT: [string, Turn][] = [
  ['only thought', { reasoning: 'Hm.', text: '' }],
  ['said a blank', { text: ' \n' }],
  ['thought and said a blank', { reasoning: 'Hm.', text: '\n' }],
];
/** Models that think. */
const THINKING: Partial<Record<DialectName, { server?: { model: string }; model: object }>> = {
  'openai-responses': { server: { model: 'gpt-5.4' }, model: { model: 'gpt-5.4' } },
  anthropic: { model: { reasoningEffort: 'medium' } },
  gemini: { model: { reasoningEffort: 'medium' } },
};

async function start(name: DialectName, turns: Turn[], thinks: boolean) {
  const { server: more, model } = (thinks ? THINKING[name] : undefined) ?? { model: {} };
  const server = await startDialect(name, { ...more, turns });
  open.push(server);
  return { server, model: await modelOf(name, server, model) };
}

describe.each(SILENT)('an answer that %s', (_what, turn) => {
  it.each(DIALECT_NAMES)('of %s', async (name) => {
    const rows: TranscriptRow[] = [rowOf(null, 'lead', { role: 'user', content: 'brief' })];
    const request = () => renderMessages({ contract: 'You build.', goal: 'a sum', rows });
    const first = await start(name, [turn, NEXT], true);
    const { text: content, toolCalls, opaque } = await askOnce(first.model, request(), 1);
    for (const message of [
      { role: 'assistant', content, toolCalls, ...(opaque === undefined ? {} : { opaque }) },
      { role: 'user', content: 'Use a tool.' },
    ] as const)
      rows.push(rowOf(rows.at(-1)?.id ?? null, 'lead', message));
    const ends: unknown[] = [];
    for (const other of DIALECT_NAMES) {
      const { model, server } = other === name ? first : await start(other, [NEXT], false);
      const end = await askOnce(model, request(), 2).catch(() => ({ finish: server.requests.at(-1)?.rule }));
      ends.push([other, end.finish]);
    }
    expect(ends).toEqual(DIALECT_NAMES.map((other) => [other, 'tool_calls']));
  });
});
