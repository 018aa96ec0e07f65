/** Every dialect against an imitation that is stricter than the real endpoint: whole exchanges, streamed and not, with and without thoughts. */
import { afterEach, describe, expect, it } from 'vitest';
import { toolSpecs } from '../../tools/toolbox.ts';
import { type DialectName, type DialectOptions, type DialectServer, startDialect } from '../dialects/server.ts';
import { answerCalls, askOnce, DIALECT_NAMES, modelOf, opening } from './dialect-world.ts';

const open: DialectServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serverOf(name: DialectName, options: DialectOptions): Promise<DialectServer> {
  const server = await startDialect(name, options);
  open.push(server);
  return server;
}

const EXCHANGE: DialectOptions['turns'] = [
  { text: 'Let me look.', reasoning: 'First I read.', calls: [{ name: 'read_file', arguments: { path: 'src/sum.js' } }] },
  {
    reasoning: 'Two at once.',
    calls: [
      { name: 'search_files', arguments: { pattern: 'sum' } },
      { name: 'list_files', arguments: {} },
    ],
  },
  { text: 'Now the edit, “größe” 🧮.', calls: [{ name: 'write_file', arguments: { path: 'src/sum.js', content: 'a\n"b"\\' } }] },
  { reasoning: 'Done.', calls: [{ name: 'submit_build', arguments: { summary: 'done' } }] },
];

describe.each(DIALECT_NAMES)('%s', (name) => {
  describe.each([
    ['streamed', true],
    ['not streamed', false],
  ])('%s', (_title, stream) => {
    it.each([
      ['without thoughts', false],
      ['with thoughts that it wants back', true],
    ])('takes a whole exchange of tools, %s', async (_how, reasoning) => {
      const server = await serverOf(name, { turns: EXCHANGE, reasoning });
      // OpenAI's chat completions refuse tools with an effort; that is what Responses are for.
      const effort = reasoning && name !== 'openai-chat' && name !== 'azure' ? { reasoningEffort: 'medium' as const } : {};
      const model = await modelOf(name, server, { stream, ...effort });
      const messages = opening();
      const calls: string[][] = [];
      let told = '';
      for (let call = 1; call <= 4; call += 1) {
        const bound = model.countInput({ messages, tools: toolSpecs('lead') });
        const answer = await askOnce(model, messages, call, (piece) => {
          told += piece;
        }).catch((error: unknown) => {
          throw new Error(`${String(error)}\n${JSON.stringify(server.requests.at(-1)?.body)}`, { cause: error });
        });
        answerCalls(messages, answer);
        calls.push(answer.toolCalls.map((one) => `${one.name} ${one.arguments}`));
        const billed = server.requests.at(-1)?.billed;
        expect(bound).toBeGreaterThanOrEqual(billed?.input ?? Number.NaN);
        expect(answer.usage).toMatchObject({ inputTokens: billed?.input, outputTokens: billed?.output });
      }
      expect(server.requests.map((request) => request.rule)).toEqual([undefined, undefined, undefined, undefined]);
      for (const { raw, headers } of server.requests) {
        expect(raw).toMatch(/"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens)":2048\b/);
        expect(headers).toMatchObject({ 'x-governor-thread': 'thread-1', 'x-governor-role': 'lead' });
      }
      expect(server.requests.map((request) => request.streamed)).toEqual([stream, stream, stream, stream]);
      expect(calls.map((list) => list.map((one) => one.split(' ')[0]))).toEqual([
        ['read_file'],
        ['search_files', 'list_files'],
        ['write_file'],
        ['submit_build'],
      ]);
      expect(JSON.parse(calls[2]?.[0]?.slice('write_file '.length) ?? '')).toEqual({ path: 'src/sum.js', content: 'a\n"b"\\' });
      expect(messages.filter((message) => message.role === 'assistant').map((message) => message.content)).toEqual([
        'Let me look.',
        '',
        'Now the edit, “größe” 🧮.',
        '',
      ]);
      if (stream) expect(told).toBe('Let me look.Now the edit, “größe” 🧮.');
    });
  });
});

describe('a history that another model wrote', () => {
  it.each<[string, DialectName, string | undefined]>([
    ...DIALECT_NAMES.map((name): [string, DialectName, undefined] => [name, name, undefined]),
    ['anthropic, a model with a budget for its thoughts', 'anthropic', 'claude-sonnet-4-5'],
  ])('%s goes on with it, thinking', async (_title, name, model) => {
    const from = name === 'anthropic' ? 'mistral' : 'anthropic';
    const other = await serverOf(from, { turns: EXCHANGE, reasoning: true });
    // A model with a budget thinks only when it is told to.
    const server = await serverOf(name, { turns: EXCHANGE, reasoning: model === undefined, ...(model === undefined ? {} : { model }) });
    const messages = opening();
    const first = await modelOf(from, other);
    for (const call of [1, 2]) answerCalls(messages, await askOnce(first, messages, call));
    const effort = name !== 'openai-chat' && name !== 'azure' ? { reasoningEffort: 'medium' as const } : {};
    const second = await modelOf(name, server, effort);
    for (const call of [3, 4]) answerCalls(messages, await askOnce(second, messages, call));
    expect(server.requests.map((request) => request.rule)).toEqual([undefined, undefined]);
  });
});
