/** Each provider's own client passes its imitation: two calls, their answers and an end, streamed and not, with what was thought. */
import Anthropic from '@anthropic-ai/sdk';
import { type Content, type FunctionCall, GoogleGenAI, type Part, Type } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { OpenRouter } from '@openrouter/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type DialectName, type DialectServer, startDialect, type Turn } from '../server.ts';
import type { DialectOptions } from '../types.ts';

const TURNS: readonly Turn[] = [
  {
    text: 'Two files, ☕ first.',
    calls: [
      { name: 'write_file', arguments: { path: 'a.txt', text: 'é "quoted"\n' } },
      { name: 'write_file', arguments: { path: 'b.txt', text: '' } },
    ],
  },
  { text: 'Both are written.' },
];
const ASK = 'Write a.txt and b.txt.';
const DONE = { path: 'a.txt', text: 'é "quoted"\n' };
const CALLS = [DONE, { path: 'b.txt', text: '' }];
const PARAMETERS = {
  type: 'object' as const,
  properties: { path: { type: 'string' as const }, text: { type: 'string' as const } },
  required: ['path', 'text'],
};

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(name: DialectName, options: Partial<DialectOptions> = {}): Promise<DialectServer> {
  server = await startDialect(name, { turns: TURNS, ...options });
  return server;
}

function expectAccepted(): void {
  expect(server?.requests.map(({ status, rule }) => ({ status, rule }))).toEqual([
    { status: 200, rule: undefined },
    { status: 200, rule: undefined },
  ]);
}

describe.each([
  { streamed: false, options: {} },
  { streamed: true, options: {} },
  { streamed: false, options: { reasoning: true } },
  { streamed: true, options: { reasoning: true } },
  { streamed: true, options: { reasoning: true, redacted: true } },
])('streamed: $streamed, $options', ({ streamed, options }) => {
  it('Anthropic', async () => {
    const { origin, apiKey, model } = await start('anthropic', options);
    const client = new Anthropic({ baseURL: origin, apiKey, maxRetries: 0 });
    const tools: Anthropic.Tool[] = [{ name: 'write_file', description: 'Writes a file.', input_schema: PARAMETERS }];
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: ASK }];
    const ask = (): Promise<Anthropic.Message> => {
      const body = { model, max_tokens: 4096, system: 'You write files.', messages, tools };
      return streamed ? client.messages.stream(body).finalMessage() : client.messages.create(body);
    };
    const first = await ask();
    const uses = first.content.filter((block) => block.type === 'tool_use');
    expect(first.stop_reason).toBe('tool_use');
    expect(uses.map((use) => use.input)).toEqual(CALLS);
    expect(first.content[0]?.type).toBe(
      options.reasoning === true ? (options.redacted === true ? 'redacted_thinking' : 'thinking') : 'text',
    );
    messages.push(
      { role: 'assistant', content: first.content },
      { role: 'user', content: uses.map((use) => ({ type: 'tool_result', tool_use_id: use.id, content: 'written' })) },
    );
    const second = await ask();
    expect(second.content.at(-1)).toMatchObject({ type: 'text', text: 'Both are written.' });
    expectAccepted();
  });

  it('Gemini', async () => {
    const { origin, apiKey, model } = await start('gemini', options);
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: origin } });
    const schema = { type: Type.OBJECT, properties: { path: { type: Type.STRING }, text: { type: Type.STRING } }, required: ['path'] };
    const config = {
      systemInstruction: 'You write files.',
      tools: [{ functionDeclarations: [{ name: 'write_file', description: 'Writes a file.', parameters: schema }] }],
      thinkingConfig: { includeThoughts: true },
    };
    const contents: Content[] = [{ role: 'user', parts: [{ text: ASK }] }];
    const ask = async (): Promise<Part[]> => {
      if (!streamed) return (await client.models.generateContent({ model, contents, config })).candidates?.[0]?.content?.parts ?? [];
      const parts: Part[] = [];
      for await (const chunk of await client.models.generateContentStream({ model, contents, config }))
        parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
      return parts;
    };
    const first = await ask();
    const calls = first.flatMap((part): FunctionCall[] => (part.functionCall === undefined ? [] : [part.functionCall]));
    expect(calls.map((call) => call.args)).toEqual(CALLS);
    contents.push(
      { role: 'model', parts: first },
      {
        role: 'user',
        parts: calls.map(({ id, name }) => ({
          functionResponse: { ...(id === undefined ? {} : { id }), name: name ?? '', response: { output: 'written' } },
        })),
      },
    );
    const second = await ask();
    expect(second.flatMap((part) => (part.thought === true ? [] : [part.text ?? ''])).join('')).toBe('Both are written.');
    expect(first.some((part) => part.thoughtSignature !== undefined)).toBe(options.reasoning === true);
    expectAccepted();
  });

  it.each([true, false])('OpenAI’s responses, kept there: %s', async (store) => {
    const { baseUrl, apiKey, model } = await start('openai-responses', options);
    const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });
    const tools: OpenAI.Responses.Tool[] = [{ type: 'function', name: 'write_file', parameters: PARAMETERS, strict: false }];
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: ASK }];
    const ask = (): Promise<OpenAI.Responses.Response> => {
      const include: OpenAI.Responses.ResponseIncludable[] = options.reasoning === true ? ['reasoning.encrypted_content'] : [];
      const body = { model, input, tools, store, include, instructions: 'You write files.' };
      return streamed ? client.responses.stream(body).finalResponse() : client.responses.create(body);
    };
    const first = await ask();
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.map((call) => JSON.parse(call.arguments))).toEqual(CALLS);
    expect(first.output[0]?.type).toBe(options.reasoning === true ? 'reasoning' : 'message');
    input.push(
      ...first.output.map((item) => strip(item)),
      ...calls.map((call) => ({ type: 'function_call_output' as const, call_id: call.call_id, output: 'written' })),
    );
    const second = await ask();
    expect(second.output_text).toBe('Both are written.');
    expectAccepted();
  });
});

/** The stream's helper adds what it parsed; the endpoint does not know it. */
function strip(item: OpenAI.Responses.ResponseOutputItem): OpenAI.Responses.ResponseInputItem {
  const { parsed_arguments: _parsed, ...rest } = item as OpenAI.Responses.ResponseFunctionToolCall & { parsed_arguments?: unknown };
  return rest;
}

describe.each([
  { streamed: false, reasoning: false },
  { streamed: true, reasoning: false },
  { streamed: false, reasoning: true },
  { streamed: true, reasoning: true },
])('streamed: $streamed, reasoning: $reasoning', ({ streamed, reasoning }) => {
  it('Mistral', async () => {
    const { origin, apiKey, model } = await start('mistral', { reasoning });
    const client = new Mistral({ apiKey, serverURL: origin });
    const tools = [{ type: 'function' as const, function: { name: 'write_file', parameters: PARAMETERS } }];
    type Request = Parameters<typeof client.chat.complete>[0];
    const messages: Request['messages'] = [
      { role: 'system', content: 'You write files.' },
      { role: 'user', content: ASK },
    ];
    const ask = async () => {
      if (!streamed) {
        const message = (await client.chat.complete({ model, messages, tools })).choices[0]?.message;
        return { text: textOf(message?.content), calls: message?.toolCalls ?? [] };
      }
      let text = '';
      const calls = [];
      for await (const chunk of await client.chat.stream({ model, messages, tools })) {
        const delta = chunk.data.choices[0]?.delta;
        text += textOf(delta?.content);
        calls.push(...(delta?.toolCalls ?? []));
      }
      return { text, calls };
    };
    const first = await ask();
    const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
    expect(first.calls.map((call) => parsed(call.function.arguments))).toEqual(CALLS);
    messages.push(
      { role: 'assistant', content: first.text, toolCalls: first.calls },
      ...first.calls.map((call) => ({ role: 'tool' as const, toolCallId: call.id ?? '', name: call.function.name, content: 'written' })),
    );
    expect((await ask()).text).toBe('Both are written.');
    expectAccepted();
  });

  it('Groq', async () => {
    const { origin, apiKey, model } = await start('groq', { reasoning });
    const client = new Groq({ baseURL: origin, apiKey, maxRetries: 0 });
    const tools: Groq.Chat.ChatCompletionTool[] = [{ type: 'function', function: { name: 'write_file', parameters: PARAMETERS } }];
    const messages: Groq.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: ASK }];
    const ask = async () => {
      if (!streamed) {
        const message = (await client.chat.completions.create({ model, messages, tools })).choices[0]?.message;
        return { text: message?.content ?? '', reasoning: message?.reasoning ?? '', calls: message?.tool_calls ?? [], usage: true };
      }
      let [text, thought, usage] = ['', '', false];
      const calls: Groq.Chat.ChatCompletionMessageToolCall[] = [];
      for await (const chunk of await client.chat.completions.create({ model, messages, tools, stream: true })) {
        const delta = chunk.choices[0]?.delta;
        text += delta?.content ?? '';
        thought += delta?.reasoning ?? '';
        usage = usage || chunk.x_groq?.usage != null;
        for (const call of delta?.tool_calls ?? [])
          calls.push({
            id: call.id ?? '',
            type: 'function',
            function: { name: call.function?.name ?? '', arguments: call.function?.arguments ?? '' },
          });
      }
      return { text, reasoning: thought, calls, usage };
    };
    const first = await ask();
    expect(first.usage).toBe(true);
    expect(first.reasoning !== '').toBe(reasoning);
    expect(first.calls.map((call) => JSON.parse(call.function.arguments))).toEqual(CALLS);
    messages.push(
      {
        role: 'assistant',
        content: first.text,
        tool_calls: first.calls,
        ...(first.reasoning === '' ? {} : { reasoning: first.reasoning }),
      },
      ...first.calls.map((call) => ({ role: 'tool' as const, tool_call_id: call.id, content: 'written' })),
    );
    expect((await ask()).text).toBe('Both are written.');
    expectAccepted();
  });

  it('OpenRouter', async () => {
    const { baseUrl, apiKey, model } = await start('openrouter', { reasoning });
    const client = new OpenRouter({ apiKey, serverURL: baseUrl });
    type Request = Parameters<typeof client.chat.send>[0]['chatRequest'];
    const tools: Request['tools'] = [{ type: 'function', function: { name: 'write_file', parameters: PARAMETERS } }];
    const messages: Request['messages'] = [{ role: 'user', content: ASK }];
    const ask = async () => {
      if (!streamed) {
        const answer = await client.chat.send({ chatRequest: { model, messages, tools, stream: false } });
        if (!('choices' in answer)) throw new Error('a stream came instead of an answer');
        const message = answer.choices[0]?.message;
        const content = message?.content;
        return {
          text: typeof content === 'string' ? content : '',
          calls: message?.toolCalls ?? [],
          details: message?.reasoningDetails ?? [],
        };
      }
      const calls: { id: string; name: string; text: string }[] = [];
      let [text, details]: [string, NonNullable<Extract<Request['messages'][number], { role: 'assistant' }>['reasoningDetails']>] = [
        '',
        [],
      ];
      const answer = await client.chat.send({ chatRequest: { model, messages, tools, stream: true } });
      if ('choices' in answer) throw new Error('an answer came instead of a stream');
      for await (const chunk of answer) {
        const delta = chunk.choices[0]?.delta;
        text += delta?.content ?? '';
        details = delta?.reasoningDetails ?? details;
        for (const call of delta?.toolCalls ?? []) {
          const known = calls[call.index];
          if (known === undefined)
            calls[call.index] = { id: call.id ?? '', name: call.function?.name ?? '', text: call.function?.arguments ?? '' };
          else known.text += call.function?.arguments ?? '';
        }
      }
      return {
        text,
        details,
        calls: calls.map((call) => ({ id: call.id, type: 'function' as const, function: { name: call.name, arguments: call.text } })),
      };
    };
    const first = await ask();
    expect(first.calls.map((call) => JSON.parse(call.function.arguments))).toEqual(CALLS);
    expect(first.details.length > 0).toBe(reasoning);
    messages.push(
      {
        role: 'assistant',
        content: first.text,
        toolCalls: first.calls,
        ...(first.details.length > 0 ? { reasoningDetails: first.details } : {}),
      },
      ...first.calls.map((call) => ({ role: 'tool' as const, toolCallId: call.id, content: 'written' })),
    );
    expect((await ask()).text).toBe('Both are written.');
    expectAccepted();
  });
});

/** The words of a content that may be a list of chunks. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((chunk: { text?: string }) => chunk.text ?? '').join('') : '';
}
