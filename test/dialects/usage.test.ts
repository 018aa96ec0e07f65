/** The servers count by themselves, and say so in each provider's own fields. */
import { afterEach, expect, it } from 'vitest';
import { honestAnthropic } from './cases/anthropic.ts';
import { type Change, draftOf, type Honest } from './cases/case.ts';
import { honestChat } from './cases/chat.ts';
import { honestGemini } from './cases/gemini.ts';
import { honestResponses } from './cases/responses.ts';
import { at, object } from './json.ts';
import { type DialectName, type DialectServer, startDialect } from './server.ts';
import type { DialectOptions } from './types.ts';

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const TURN = { text: 'Done, and said at some length.' };

/** The usage of two like requests, one after the other, and what the server billed for them. */
async function twice(
  name: DialectName,
  honest: (name: DialectName, running: DialectServer) => Honest,
  field: string,
  options: Partial<DialectOptions> = {},
  changes: readonly Change[] = [],
) {
  server = await startDialect(name, { turns: () => TURN, ...options });
  const draft = draftOf(honest(name, server), changes);
  const usages = [];
  for (let nth = 0; nth < 2; nth += 1) {
    const answer = await fetch(`${server.origin}${draft.path}`, { method: 'POST', headers: draft.headers, body: draft.text });
    usages.push(object(at(await answer.json(), field)));
  }
  const [first, second] = server.requests.map((one) => one.billed);
  if (first === undefined || second === undefined) throw new Error('two requests were sent');
  return { first, second, usages };
}

it('OpenAI: the second request reads what the first one left', async () => {
  const { first, second, usages } = await twice('openai-chat', honestChat, 'usage');
  expect(first.input).toBeGreaterThan(50);
  expect(second).toEqual({ ...first, cachedInput: first.input });
  expect(usages[1]).toMatchObject({
    prompt_tokens: second.input,
    completion_tokens: second.output,
    total_tokens: second.input + second.output,
    prompt_tokens_details: { cached_tokens: second.cachedInput },
  });
});

it('a total that counts thinking which the completion leaves out', async () => {
  const { first, usages } = await twice('openai-chat', honestChat, 'usage', { thinkingOutside: true });
  expect(Number(usages[0]?.['total_tokens'])).toBe(first.input + first.output);
  expect(Number(usages[0]?.['completion_tokens'])).toBeLessThan(first.output);
});

it('Google’s compatible endpoint leaves thinking out of the completion by itself', async () => {
  const { first, usages } = await twice('openai-chat', honestChat, 'usage', { geminiCompat: true, reasoning: true }, [
    ['messages', [{ role: 'user', content: 'x' }]],
  ]);
  expect(Number(usages[0]?.['total_tokens'])).toBe(first.input + first.output);
  expect(Number(usages[0]?.['completion_tokens'])).toBeLessThan(first.output);
});

it('OpenAI’s responses: reasoning is inside the output', async () => {
  const { first, usages } = await twice('openai-responses', honestResponses, 'usage', { reasoning: true });
  expect(usages[0]).toMatchObject({ input_tokens: first.input, output_tokens: first.output, total_tokens: first.input + first.output });
  expect(Number(at(usages[0], 'output_tokens_details', 'reasoning_tokens'))).toBeGreaterThan(0);
});

it('Anthropic: what is written to and read from the cache is outside the input', async () => {
  const system = [{ type: 'text', text: 'You write files.', cache_control: { type: 'ephemeral' } }];
  const { first, second, usages } = await twice('anthropic', honestAnthropic, 'usage', {}, [['system', system]]);
  const [written, read] = [Number(usages[0]?.['cache_creation_input_tokens']), Number(usages[1]?.['cache_read_input_tokens'])];
  expect(written).toBeGreaterThan(0);
  expect(read).toBe(written);
  expect(usages[0]).toMatchObject({ input_tokens: first.input - written, cache_read_input_tokens: 0 });
  expect(usages[1]).toMatchObject({ input_tokens: second.input - read, cache_creation_input_tokens: 0 });
  expect(second.cachedInput).toBe(read);
});

it('Anthropic: without a mark nothing is cached', async () => {
  const { usages } = await twice('anthropic', honestAnthropic, 'usage');
  expect(usages[1]).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 0 });
});

it('Gemini: thoughts are outside the candidates and inside the total', async () => {
  const { first, usages } = await twice('gemini', honestGemini, 'usageMetadata', { reasoning: true }, [
    ['contents', [{ role: 'user', parts: [{ text: 'Write.' }] }]],
  ]);
  const [usage] = usages;
  const thoughts = Number(usage?.['thoughtsTokenCount']);
  expect(thoughts).toBeGreaterThan(0);
  expect(usage).toMatchObject({
    promptTokenCount: first.input,
    candidatesTokenCount: first.output - thoughts,
    totalTokenCount: first.input + first.output,
  });
  expect(Number(usages[1]?.['cachedContentTokenCount'])).toBe(first.input);
});

it('DeepSeek: hits and misses of the cache are the whole prompt', async () => {
  const { second, usages } = await twice('deepseek', honestChat, 'usage');
  expect(usages[1]).toMatchObject({
    prompt_cache_hit_tokens: second.cachedInput,
    prompt_cache_miss_tokens: second.input - second.cachedInput,
  });
});

it('a turn’s own usage goes out as it is', async () => {
  server = await startDialect('mistral', { turns: [{ text: 'x', usage: { prompt_tokens: -1 } }] });
  const draft = draftOf(honestChat('mistral', server), []);
  const answer = await fetch(`${server.origin}${draft.path}`, { method: 'POST', headers: draft.headers, body: draft.text });
  expect(at(await answer.json(), 'usage')).toEqual({ prompt_tokens: -1 });
});
