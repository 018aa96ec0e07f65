/** The body of an answer is read in time that grows with its length alone: while it is read, nothing else of the process runs. */
import { expect, it } from 'vitest';
import { chatDialect } from '../../../models/dialects/chat.ts';
import { readBody } from '../../../models/wire/body.ts';

async function* repeated(piece: string, times: number, end = ''): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(piece);
  for (let nth = 0; nth < times; nth += 1) yield bytes;
  yield Buffer.from(end);
}

const read = (chunks: AsyncIterable<Uint8Array>) =>
  readBody(chunks, {
    assembler: chatDialect('compatible').assembler(),
    onBytes: () => undefined,
    onText: () => undefined,
    errorIn: () => undefined,
  });

const END = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';
const ENTRY =
  'data: {"choices":[{"delta":{"reasoning_details":[{"type":"a"}]}}]}\n\ndata: {"choices":[{"delta":{"reasoning_details":[{"type":"b"}]}}]}\n\n';

it.each([
  ['blanks that keep it open, then JSON', repeated(' '.repeat(4096), 1500, '{"a":1}'), { kind: 'json', text: '{"a":1}' }],
  ['blanks that keep it open, then events', repeated('\n'.repeat(4096), 1500, END), { kind: 'events' }],
  ['one long text', repeated('a'.repeat(4096), 1500), { kind: 'json' }],
  ['as many thoughts as tokens', repeated(ENTRY, 15_000, END), { kind: 'events' }],
])('%s', async (_what, chunks, body) => {
  expect(await read(chunks)).toMatchObject(body);
});

it.each(['data', 'event: x\ndata', 'id: 1\ndata', ': ping\n\ndata'])(
  'events that begin with %s are known however they are cut',
  async (start) => {
    const text = `${start}: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n`;
    const one = async function* () {
      for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
    };
    expect(await read(one())).toMatchObject({ kind: 'events', whole: { choices: [{ message: { content: 'Hi' } }] } });
  },
);
