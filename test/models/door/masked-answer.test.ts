/** What of an answer is recorded: never a value that is known to be secret, and everything else as it was said. */
import { expect, test } from 'vitest';
import type { ChatAnswer } from '../../../domain/ports.ts';
import { maskedAnswer } from '../../../models/door/masked-answer.ts';
import { createKnown } from '../../../tools/redact.ts';

const SECRET = 'the-"operators"-own-value';
const { mask } = createKnown([SECRET]);
const answer = (part: Partial<ChatAnswer>): ChatAnswer => ({
  text: '',
  toolCalls: [],
  usage: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0 },
  finish: 'tool_calls',
  canned: false,
  ...part,
});
const call = (given: string) => ({ id: 'c', name: 'write_file', arguments: given });
const escaped = (text: string): string =>
  Array.from(text)
    .map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

test('a value is masked in the text and in the arguments of calls, also escaped letter by letter', () => {
  const written = [
    JSON.stringify({ content: `a ${SECRET} b` }),
    `{"content":"a ${escaped(SECRET)} b"}`,
    `{"content":"a ${JSON.stringify(SECRET).slice(1, -1)}`,
  ];
  const masked = maskedAnswer(answer({ text: `It is ${SECRET}.`, toolCalls: written.map(call) }), mask);
  expect(masked.text).toBe('It is [REDACTED].');
  const whole = '{"content":"a [REDACTED] b"}';
  expect(masked.toolCalls.map((one) => one.arguments)).toEqual([whole, whole, '{"content":"a [REDACTED]']);
});

test('what a model makes up stays as it was said, to the byte: an example of a key, odd JSON, no JSON', () => {
  const example = `const key = 'sk-${'a1B2'.repeat(12)}';`;
  const said = answer({ text: example, toolCalls: [call('{ "a" : 1.0, "a": 2 }'), call('no JSON'), call('')] });
  expect(maskedAnswer(said, mask)).toEqual(said);
});

test('a sealed part with a value in it goes whole, any other stays', () => {
  const sealed = (thought: string) => answer({ opaque: { origin: 'o', content: [{ thought, signature: 's' }] } });
  expect(maskedAnswer(sealed(`I saw ${SECRET}`), mask).opaque).toBeUndefined();
  expect(maskedAnswer(sealed('I saw nothing'), mask)).toEqual(sealed('I saw nothing'));
});
