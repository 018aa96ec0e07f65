/** OpenAI's own client passes each imitation of the chat completions family: two calls, their answers, and an end. */
import OpenAI, { AzureOpenAI } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type DialectName, type DialectServer, startDialect, type Turn } from '../server.ts';

/** Fields that the client passes through and does not know. */
interface Extra {
  readonly reasoning_content?: string;
  readonly reasoning_details?: unknown;
}
type Messages = OpenAI.Chat.ChatCompletionMessageParam[];

const TOOL: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'write_file',
    description: 'Writes a file.',
    parameters: { type: 'object', properties: { path: { type: 'string' }, text: { type: 'string' } }, required: ['path', 'text'] },
  },
};
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
const FAMILY: readonly DialectName[] = ['openai-chat', 'deepseek', 'groq', 'vllm', 'llamacpp', 'azure', 'openrouter', 'mistral'];

let server: DialectServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

function clientOf(name: DialectName, running: DialectServer): OpenAI {
  if (name === 'azure')
    return new AzureOpenAI({
      endpoint: running.origin,
      apiKey: running.apiKey,
      apiVersion: '2024-10-21',
      deployment: running.model,
      maxRetries: 0,
    });
  return new OpenAI({ baseURL: running.baseUrl, apiKey: running.apiKey, maxRetries: 0 });
}

/** A message as it came, with what the stream's deltas carried beside OpenAI's own fields. */
async function ask(client: OpenAI, model: string, messages: Messages, streamed: boolean): Promise<OpenAI.Chat.ChatCompletionMessage> {
  if (!streamed) {
    const answer = await client.chat.completions.create({ model, messages, tools: [TOOL] });
    const message = answer.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    return message;
  }
  const stream = client.chat.completions.stream({ model, messages, tools: [TOOL] });
  let reasoning = '';
  let details: unknown;
  stream.on('chunk', (chunk) => {
    const delta: Extra & { role?: string } = chunk.choices[0]?.delta ?? {};
    reasoning += delta.reasoning_content ?? '';
    details = delta.reasoning_details ?? details;
  });
  const message = (await stream.finalChatCompletion()).choices[0]?.message;
  if (message === undefined) throw new Error('no message');
  return Object.assign(
    message,
    reasoning === '' ? {} : { reasoning_content: reasoning },
    details === undefined ? {} : { reasoning_details: details },
  );
}

/** What of an answer goes back: what the endpoint takes, and nothing else. */
function back(message: OpenAI.Chat.ChatCompletionMessage): OpenAI.Chat.ChatCompletionAssistantMessageParam {
  const own: Extra & { role?: string } = message;
  return {
    role: 'assistant',
    content: typeof message.content === 'string' ? message.content : '',
    ...(message.tool_calls === undefined
      ? {}
      : {
          tool_calls: message.tool_calls.flatMap((call) =>
            call.type === 'function'
              ? [
                  {
                    id: call.id,
                    type: call.type,
                    function: { name: call.function.name, arguments: call.function.arguments },
                    ...extraOf(call),
                  },
                ]
              : [],
          ),
        }),
    ...(own.reasoning_content === undefined ? {} : { reasoning_content: own.reasoning_content }),
    ...(own.reasoning_details === undefined ? {} : { reasoning_details: own.reasoning_details }),
  };
}

function extraOf(call: object): object {
  const { extra_content: extra }: { extra_content?: unknown } = call;
  return extra === undefined ? {} : { extra_content: extra };
}

async function roundTrip(
  client: OpenAI,
  model: string,
  streamed: boolean,
): Promise<{ readonly calls: unknown; readonly text: string | null }> {
  const messages: Messages = [
    { role: 'system', content: 'You write files.' },
    { role: 'user', content: 'Write a.txt and b.txt.' },
  ];
  const first = await ask(client, model, messages, streamed);
  const calls = first.tool_calls ?? [];
  messages.push(back(first), ...calls.map((call) => ({ role: 'tool' as const, tool_call_id: call.id, content: 'written' })));
  const second = await ask(client, model, messages, streamed);
  return {
    calls: calls.map((call) => (call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : [])),
    text: second.content,
  };
}

const CALLS = [
  ['write_file', { path: 'a.txt', text: 'é "quoted"\n' }],
  ['write_file', { path: 'b.txt', text: '' }],
];

describe.each(FAMILY)('%s', (name) => {
  it.each([false, true])('takes two calls and their answers from the official client (streamed: %s)', async (streamed) => {
    server = await startDialect(name, { turns: TURNS });
    expect(await roundTrip(clientOf(name, server), server.model, streamed)).toEqual({ calls: CALLS, text: 'Both are written.' });
    expect(server.requests.map(({ status, rule }) => ({ status, rule }))).toEqual([
      { status: 200, rule: undefined },
      { status: 200, rule: undefined },
    ]);
    expect(server.requests[1]?.billed.input).toBeGreaterThan(server.requests[0]?.billed.input ?? 0);
  });
});

describe.each(['deepseek', 'openrouter'] as const)('%s with reasoning', (name) => {
  it.each([false, true])('takes its reasoning back from the official client (streamed: %s)', async (streamed) => {
    server = await startDialect(name, { turns: TURNS, reasoning: true });
    expect(await roundTrip(clientOf(name, server), server.model, streamed)).toEqual({ calls: CALLS, text: 'Both are written.' });
    expect(server.requests.map((one) => one.rule)).toEqual([undefined, undefined]);
  });
});

it('Google’s compatible endpoint takes its signature back from the official client', async () => {
  server = await startDialect('openai-chat', { turns: TURNS, reasoning: true, geminiCompat: true });
  const client = clientOf('openai-chat', server);
  expect(await roundTrip(client, server.model, false)).toEqual({ calls: CALLS, text: 'Both are written.' });
});
