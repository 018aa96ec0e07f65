/** The bound of a request: true and tight where it extends another, its bytes everywhere else; and the floors no tokenizer goes below. */
import { getEncoding } from 'js-tiktoken';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, ChatModel, ToolSpec } from '../../domain/ports.ts';
import { askedOf } from '../../models/asked.ts';
import { boundOf, LONGEST_TOKEN_BYTES, leastOf, leastOutputOf, USUAL_TOKEN_BYTES } from '../../models/bound.ts';
import { countInputBound } from '../../models/count.ts';
import { wireMessages, wireTools } from '../../models/messages.ts';
import type { BookedAnswer, Recorded } from '../../models/recorded.ts';

const MODEL: ChatModel = {
  provider: 'openai',
  model: 'm',
  origin: 'chat http://one m',
  contextTokens: 128_000,
  timeoutMs: 1000,
  countInput: countInputBound,
  complete: async () => {
    throw new Error('nobody asks');
  },
};
const TOOLS: ToolSpec[] = [{ name: 'read_file', description: 'Reads.', parameters: { type: 'object' } }];
const FIRST: ChatMessage[] = [
  { role: 'system', content: 'You build. '.repeat(400) },
  { role: 'user', content: 'Goal: add a sum.' },
];
const CALL = { id: 'call_1', name: 'read_file', arguments: '{"path":"src/a.ts"}' };
const RESULT: ChatMessage = { role: 'tool', toolCallId: 'call_1', toolName: 'read_file', content: 'export const a = 1;\n'.repeat(40) };

/** What the journal holds of the first request. */
function record(more: { usage?: Partial<BookedAnswer['usage']>; answer?: Partial<BookedAnswer>; counted?: object } = {}): Recorded {
  const usage = { inputTokens: 1200, outputTokens: 30, cachedInputTokens: 0, ...more.usage };
  const answer: BookedAnswer = { text: 'I look.', toolCalls: [CALL], usage, finish: 'tool_calls', canned: false, ...more.answer };
  const asked = askedOf(MODEL, { messages: FIRST, tools: TOOLS });
  return { answer, counted: { asked, believed: true, usual: true, leastInputTokens: usage.inputTokens, ...more.counted } };
}
const answerOf = ({ answer }: Recorded): ChatMessage => ({
  role: 'assistant',
  content: answer.text,
  toolCalls: answer.toolCalls,
  ...(answer.opaque === undefined ? {} : { opaque: answer.opaque }),
});
const extended = (recorded: Recorded, more: ChatMessage[] = [RESULT]) => ({
  messages: [...FIRST, answerOf(recorded), ...more],
  tools: TOOLS,
});
const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('a request that extends another', () => {
  it('holds at most what was reported for that one, input and answer, and the bytes of what was appended', () => {
    const before = record();
    const { tokens, how } = boundOf(MODEL, extended(before), before);
    expect(how).toBe('reported');
    expect(tokens).toBeGreaterThan(1200 + 30 + bytesOf(RESULT.content));
    expect(tokens).toBeLessThan(1200 + 30 + bytesOf(RESULT.content) + 300);
  });

  it('is one whatever objects it is made of', () => {
    const before = record();
    const copy = structuredClone(extended(before));
    expect(boundOf(MODEL, copy, before)).toEqual(boundOf(MODEL, extended(before), before));
  });

  it('never holds more than its bytes, whatever was reported', () => {
    const before = record({ usage: { inputTokens: 900_000 } });
    expect(boundOf(MODEL, extended(before), before)).toEqual({ tokens: countInputBound(extended(before)), how: 'bytes' });
  });

  it('pays an answer by its bytes where it is not sent as it was answered, or where the report is too low to have held it', () => {
    const long = { text: 'a word '.repeat(200) };
    const low = record({ answer: long, usage: { outputTokens: Math.floor(1400 / USUAL_TOKEN_BYTES) - 5 } });
    const honest = record({ answer: long, usage: { outputTokens: 400 } });
    const least = (recorded: Recorded): number => boundOf(MODEL, extended(recorded, []), recorded).tokens - 1200;
    expect(least(low)).toBeGreaterThan(1400);
    expect(least(honest)).toBeLessThan(400 + 300);
    const shortened = { messages: [...FIRST, { ...answerOf(honest), content: 'a word' }], tools: TOOLS };
    expect(boundOf(MODEL, shortened, honest).tokens).toBeLessThan(1200 + 300);
  });

  it('has paid for reasoning that is sent back, but not for a sealed part that its output could never have been', () => {
    const sealed = (bytes: number) =>
      record({ answer: { opaque: { origin: MODEL.origin, content: 'x'.repeat(bytes) } }, usage: { outputTokens: 300 } });
    expect(boundOf(MODEL, extended(sealed(4000), []), sealed(4000)).tokens).toBeLessThan(1200 + 300 + 300);
    const sends: ChatModel = { ...MODEL, countInput: ({ messages }) => bytesOf(JSON.stringify(messages)) };
    expect(boundOf(sends, extended(sealed(9000), []), sealed(9000)).tokens).toBeGreaterThan(1200 + 9000);
  });
});

describe('a picture that was appended', () => {
  const SIGHT = 1000;
  const sees: ChatModel = { ...MODEL, sight: () => SIGHT, countInput: (request) => countInputBound(request, MODEL.origin, () => SIGHT) };
  const picture = { mediaType: 'image/png', width: 9, height: 9, base64: 'A'.repeat(50_000) } as const;
  const withPicture: ChatMessage = { role: 'tool', toolCallId: 'call_1', toolName: 'read_file', content: 'a.png', picture };
  const without: ChatMessage = { role: 'tool', toolCallId: 'call_1', toolName: 'read_file', content: 'a.png' };

  it('is bounded by what it takes of the window beside the report, never by its base64', () => {
    const before = record();
    const more = boundOf(sees, extended(before, [withPicture]), before).tokens - boundOf(sees, extended(before, [without]), before).tokens;
    expect(boundOf(sees, extended(before, [withPicture]), before).how).toBe('reported');
    expect(more).toBeGreaterThanOrEqual(SIGHT);
    expect(more).toBeLessThan(SIGHT + 300);
  });

  it('is another request than one without it: nothing that was reported for the one is said of the other', () => {
    const asked = { messages: [...FIRST, answerOf(record()), withPicture], tools: TOOLS };
    const before = record({ counted: { asked: askedOf(MODEL, asked) } });
    const later = (shown: ChatMessage) => ({ messages: [...FIRST, answerOf(record()), shown, answerOf(before)], tools: TOOLS });
    expect(boundOf(sees, later(withPicture), before).how).toBe('reported');
    expect(boundOf(sees, later(without), before).how).toBe('bytes');
  });

  it('makes no report a lie: of a picture no least is known', () => {
    const least = (message: ChatMessage): number => leastOf(sees, extended(record(), [message]), undefined).tokens;
    expect(least(withPicture)).toBe(least(without));
  });
});

describe('a request is counted by its bytes', () => {
  const before = record();
  const bytes = (request: { messages: readonly ChatMessage[]; tools: readonly ToolSpec[] }) => ({
    tokens: countInputBound(request),
    how: 'bytes',
  });
  const request = extended(before);

  it.each<[string, Parameters<typeof boundOf>]>([
    ['that is the first', [MODEL, request, undefined]],
    ['of a journal of an earlier version', [MODEL, request, { ...before, counted: undefined }]],
    ['of another model', [{ ...MODEL, origin: 'chat http://one n' }, request, before]],
    ['with other tools', [MODEL, { ...request, tools: [] }, before]],
    ['whose beginning was compacted', [MODEL, { ...request, messages: request.messages.slice(1) }, before]],
    [
      'one byte of whose beginning changed',
      [
        MODEL,
        { ...request, messages: [FIRST[0] as ChatMessage, { role: 'user', content: 'Goal: add a sum!' }, ...request.messages.slice(2)] },
        before,
      ],
    ],
    ['after a report that was not believed', [MODEL, request, record({ counted: { believed: false } })]],
    ['after a report that is too low to stand on', [MODEL, request, record({ counted: { usual: false } })]],
  ])('%s', (_title, [model, asked, previous]) => {
    expect(boundOf(model, asked, previous)).toEqual(bytes(asked));
  });

  it('which are those of the whole JSON, counted part by part', () => {
    const json = JSON.stringify({ messages: wireMessages(request.messages), tools: wireTools(request.tools) });
    const counted = countInputBound(request) - 16 * (request.messages.length + request.tools.length + 1);
    expect(counted - bytesOf(json)).toBeGreaterThanOrEqual(0);
    expect(counted - bytesOf(json)).toBeLessThanOrEqual(2);
  });
});

describe('the least that a request holds', () => {
  const before = record();

  it('is its bytes by the longest token, and never below what it extends', () => {
    expect(leastOf(MODEL, { messages: FIRST, tools: TOOLS }, undefined).tokens).toBe(Math.floor((4400 + 16) / LONGEST_TOKEN_BYTES));
    expect(leastOf(MODEL, extended(before), before).tokens).toBe(1200);
    const large: ChatMessage = { ...RESULT, content: 'x'.repeat(64_000) } as ChatMessage;
    expect(leastOf(MODEL, extended(before, [large]), before).tokens).toBe(1200 + Math.floor((64_000 + 7 + 28) / LONGEST_TOKEN_BYTES) - 64);
  });

  it('may be lower by the reasoning that was sent back before: a provider may drop it', () => {
    const thoughtful = record({ answer: { opaque: { origin: MODEL.origin, content: 'x'.repeat(500) } } });
    const next = extended(thoughtful);
    const second: Recorded = {
      ...record({ usage: { inputTokens: 1500 } }),
      counted: { asked: askedOf(MODEL, next), believed: true, usual: true, leastInputTokens: 1500 },
    };
    const third = { messages: [...next.messages, answerOf(second), { role: 'user', content: 'Go on.' } as const], tools: TOOLS };
    expect(leastOf(MODEL, third, second).tokens).toBe(1500 - 502);
  });
});

describe('the longest token', () => {
  const encoding = getEncoding('o200k_base');
  const tokens = (text: string): number => encoding.encode(text).length;

  it.each([
    ['blanks', ' '.repeat(2048)],
    ['one mark', '-'.repeat(2048)],
    ['one letter', 'a'.repeat(512)],
    ['line ends', '\n'.repeat(512)],
    ['deep indentation', Array.from({ length: 20 }, () => `${' '.repeat(64)}}`).join('\n')],
    ['base64', Buffer.from(Array.from({ length: 900 }, (_none, index) => (index * 7919 + 13) % 256)).toString('base64')],
    ['Chinese', '天地玄黃宇宙洪荒日月盈昃辰宿列張'.repeat(10)],
    ['one common phrase', ' 天天中彩票'.repeat(60)],
    ['emoji', '👩‍👩‍👧‍👦🎉🚀'.repeat(20)],
    ['Thai', 'สวัสดีครับยินดีต้อนรับ'.repeat(10)],
    ['prose', 'A usage report is believed where it is a positive whole number. '.repeat(10)],
  ])('holds an honest count of %s', (_name, text) => {
    const honest = tokens(text);
    expect(honest).toBeGreaterThanOrEqual(leastOf(MODEL, { messages: [{ role: 'user', content: text }], tools: [] }, undefined).tokens);
    expect(honest).toBeGreaterThanOrEqual(leastOutputOf({ text, toolCalls: [] }));
    expect(honest).toBeLessThanOrEqual(bytesOf(text));
  });

  it('is reached: a floor any higher would call an honest provider a liar', () => {
    expect(tokens(' '.repeat(2048))).toBe(2048 / LONGEST_TOKEN_BYTES);
  });

  it('of what people and programs write is far shorter: there a count below one in 16 bytes is nothing to stand on', () => {
    const source = 'export const leastOf = (model: ChatModel): Least => ({ tokens: 1, usual: () => true });\n'.repeat(10);
    const usual = leastOf(MODEL, { messages: [{ role: 'user', content: source }], tools: [] }, undefined).usual;
    expect(usual(tokens(source))).toBe(true);
    expect(usual(Math.floor(bytesOf(source) / USUAL_TOKEN_BYTES) - 1)).toBe(false);
  });
});
