/** What was thought must come back as it was: each dialect takes it unchanged, and refuses it left out or changed. */
import { afterEach, expect, it } from 'vitest';
import { at, type Json, list, object, string } from './json.ts';
import { type DialectName, type DialectServer, startDialect, type Turn } from './server.ts';
import type { DialectOptions } from './types.ts';

const TURNS: readonly Turn[] = [
  { text: 'Two.', calls: ['a.txt', 'b.txt'].map((path) => ({ name: 'write_file', arguments: { path } })) },
  { text: 'Done.' },
];
const TOOL = { name: 'write_file', parameters: { type: 'object', properties: { path: { type: 'string' } } } };
const USER = { role: 'user', content: 'Write a.txt and b.txt.' };

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function post(path: string, headers: Readonly<Record<string, string>>, body: object): Promise<Json> {
  const answer = await fetch(`${server?.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return object(await answer.json());
}

/** Asks once, lets `change` have the assistant's part, asks again; the rule of the second request, if any. */
type Dialogue = (change: (part: Json) => unknown, options?: Partial<DialectOptions>) => Promise<string | undefined>;

async function start(name: DialectName, options: Partial<DialectOptions>): Promise<DialectServer> {
  await server?.close();
  server = await startDialect(name, { turns: TURNS, reasoning: true, ...options });
  return server;
}

const secondRule = (): string | undefined => {
  expect(server?.requests[0]?.rule).toBeUndefined();
  expect(server?.requests).toHaveLength(2);
  return server?.requests[1]?.rule;
};

const chat =
  (name: DialectName, more: Partial<DialectOptions> = {}): Dialogue =>
  async (change, options = {}) => {
    const { model, apiKey, baseUrl, origin } = await start(name, { ...more, ...options });
    const path = `${baseUrl.slice(origin.length)}/chat/completions`;
    const headers = { authorization: `Bearer ${apiKey}` };
    const body = { model, tools: [{ type: 'function', function: TOOL }] };
    const first = object(at(await post(path, headers, { ...body, messages: [USER] }), 'choices', 0, 'message'));
    const answers = list(first['tool_calls']).map((call) => ({ role: 'tool', tool_call_id: at(call, 'id'), content: 'ok' }));
    const { refusal: _refusal, ...back } = first;
    await post(path, headers, { ...body, messages: [USER, change(back), ...answers] });
    return secondRule();
  };

const anthropic: Dialogue = async (change, options = {}) => {
  const { model, apiKey } = await start('anthropic', options);
  const headers = { 'x-api-key': apiKey, 'anthropic-version': '2026-10-21' };
  const body = { model, max_tokens: 100, tools: [{ name: TOOL.name, input_schema: TOOL.parameters }] };
  const first = await post('/v1/messages', headers, { ...body, messages: [USER] });
  const uses = list(first['content'])
    .map(object)
    .filter((block) => block['type'] === 'tool_use');
  const results = uses.map((use) => ({ type: 'tool_result', tool_use_id: use['id'], content: 'ok' }));
  const messages = [USER, { role: 'assistant', content: change(first) }, { role: 'user', content: results }];
  await post('/v1/messages', headers, { ...body, messages });
  return secondRule();
};

const gemini: Dialogue = async (change, options = {}) => {
  const { model, apiKey } = await start('gemini', options);
  const path = `/v1beta/models/${model}:generateContent`;
  const headers = { 'x-goog-api-key': apiKey };
  const body = { tools: [{ functionDeclarations: [TOOL] }] };
  const user = { role: 'user', parts: [{ text: USER.content }] };
  const first = object(at(await post(path, headers, { ...body, contents: [user] }), 'candidates', 0, 'content'));
  const answers = list(first['parts']).flatMap((part) => {
    const call = object(object(part)['functionCall']);
    return call['name'] === undefined ? [] : [{ functionResponse: { id: call['id'], name: call['name'], response: { output: 'ok' } } }];
  });
  await post(path, headers, { ...body, contents: [user, { role: 'model', parts: change(first) }, { role: 'user', parts: answers }] });
  return secondRule();
};

const responses: Dialogue = async (change, options = {}) => {
  const { model, apiKey } = await start('openai-responses', options);
  const headers = { authorization: `Bearer ${apiKey}` };
  const body = { model, store: false, include: ['reasoning.encrypted_content'], tools: [{ type: 'function', ...TOOL }] };
  const first = await post('/v1/responses', headers, { ...body, input: [USER] });
  const calls = list(first['output'])
    .map(object)
    .filter((item) => item['type'] === 'function_call');
  const outputs = calls.map((call) => ({ type: 'function_call_output', call_id: call['call_id'], output: 'ok' }));
  await post('/v1/responses', headers, { ...body, input: [USER, ...list(change(first)), ...outputs] });
  return secondRule();
};

const blocks = (part: Json, name: string): Json[] => list(part[name]).map(object);
const without = (part: Json, name: string): Json => Object.fromEntries(Object.entries(part).filter(([key]) => key !== name));
const isThought = (block: Json): boolean => string(block['type']).endsWith('thinking');

it.each<[string, Dialogue, (part: Json) => unknown, (part: Json) => unknown, string, (part: Json) => unknown, string]>([
  [
    'DeepSeek',
    chat('deepseek'),
    (part) => part,
    (part) => without(part, 'reasoning_content'),
    'deepseek/reasoning-missing',
    (part) => ({ ...part, reasoning_content: 'Another thought.' }),
    'deepseek/reasoning-changed',
  ],
  [
    'OpenRouter',
    chat('openrouter'),
    (part) => part,
    (part) => without(part, 'reasoning_details'),
    'openrouter/reasoning-missing',
    (part) => ({ ...part, reasoning_details: [{ type: 'reasoning.text', text: 'Another thought.' }] }),
    'openrouter/reasoning-changed',
  ],
  [
    'Google’s compatible endpoint',
    chat('openai-chat', { geminiCompat: true }),
    (part) => part,
    (part) => ({ ...part, tool_calls: blocks(part, 'tool_calls').map((call) => without(call, 'extra_content')) }),
    'openai-chat/signature-missing',
    (part) => ({
      ...part,
      tool_calls: blocks(part, 'tool_calls').map((call) => ({ ...call, extra_content: { google: { thought_signature: 'another' } } })),
    }),
    'openai-chat/signature-changed',
  ],
  [
    'Anthropic',
    anthropic,
    (part) => part['content'],
    (part) => blocks(part, 'content').filter((block) => !isThought(block)),
    'anthropic/thinking-first',
    (part) => blocks(part, 'content').map((block) => (isThought(block) ? { ...block, thinking: 'Another thought.' } : block)),
    'anthropic/thinking-changed',
  ],
  [
    'Anthropic’s signature',
    anthropic,
    (part) => part['content'],
    (part) => blocks(part, 'content').map((block) => (isThought(block) ? without(block, 'signature') : block)),
    'anthropic/signature-missing',
    (part) => blocks(part, 'content').map((block) => (isThought(block) ? { ...block, signature: 'another' } : block)),
    'anthropic/signature-invalid',
  ],
  [
    'Gemini',
    gemini,
    (part) => part['parts'],
    (part) => blocks(part, 'parts').map((block) => without(block, 'thoughtSignature')),
    'gemini/signature-missing',
    (part) => blocks(part, 'parts').map((block) => ('thoughtSignature' in block ? { ...block, thoughtSignature: 'another' } : block)),
    'gemini/signature-changed',
  ],
  [
    'OpenAI’s responses',
    responses,
    (part) => part['output'],
    (part) => blocks(part, 'output').filter((item) => item['type'] !== 'reasoning'),
    'openai-responses/reasoning-missing',
    (part) => blocks(part, 'output').map((item) => (item['type'] === 'reasoning' ? { ...item, encrypted_content: 'another' } : item)),
    'openai-responses/encrypted-invalid',
  ],
  [
    'OpenAI’s items that were not stored',
    responses,
    (part) => part['output'],
    (part) => blocks(part, 'output').map((item) => (item['type'] === 'reasoning' ? without(item, 'encrypted_content') : item)),
    'openai-responses/item-not-found',
    (part) => [...blocks(part, 'output'), ...blocks(part, 'output').slice(0, 1)],
    'openai-responses/reasoning-alone',
  ],
])(
  '%s: takes what was thought as it was, not left out and not changed',
  async (_title, talk, same, left, leftRule, changed, changedRule) => {
    expect(await talk(same)).toBeUndefined();
    expect(await talk(left)).toBe(leftRule);
    expect(await talk(changed)).toBe(changedRule);
  },
);

it('Anthropic’s redacted thinking comes back as it was', async () => {
  expect(await anthropic((part) => part['content'], { redacted: true })).toBeUndefined();
  const changed = (part: Json): Json[] =>
    blocks(part, 'content').map((block) => (isThought(block) ? { ...block, data: 'another' } : block));
  expect(await anthropic(changed, { redacted: true })).toBe('anthropic/signature-invalid');
});
