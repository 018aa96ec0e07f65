/** Chat completions of OpenAI and of everybody who speaks them, Azure included. */
import { ChatOpenAICompletions } from '@langchain/openai';
import { z } from 'zod';
import type { ModelConfig } from '../../domain/config.ts';
import type { Picture, ToolResult } from '../../domain/picture.ts';
import { captionWords } from '../../domain/picture-words.ts';
import type { ChatMessage } from '../../domain/ports.ts';
import { callId, sentArguments } from './calls.ts';
import { readChat } from './chat-answer.ts';
import { createChatAssembler } from './chat-stream.ts';
import { type Call, type Dialect, type Json, type SdkFetch, streams } from './dialect.ts';
import { dataUrl, toLangChain, toTools } from './messages.ts';
import { type DialectName, QUIRKS, type Quirks } from './quirks.ts';
import { openAiOptions } from './sdk.ts';

/** @param name whose rules the endpoint keeps. */
export function chatDialect(name: DialectName): Dialect {
  const quirks = QUIRKS[name];
  return {
    name: `chat:${name}`,
    pictures: quirks.pictures,
    path: () => '/chat/completions',
    headers: (secret) => keyHeader(quirks, secret),
    send: (call, fetch) => send(call, fetch, quirks),
    body: (made, call) => bodyOf(made, call, quirks),
    assembler: createChatAssembler,
    read: (body, call) => readChat(body, call, quirks),
  };
}

/** The key in the header that OpenAI or Azure reads. */
export function keyHeader(quirks: Quirks, secret: string | undefined): Record<string, string> {
  if (secret === undefined) return {};
  return quirks.keyHeader === 'api-key' ? { 'api-key': secret } : { authorization: `Bearer ${secret}` };
}

/** What the SDK is given to read: it warns on the terminal of calls whose arguments are broken, which are read and told elsewhere. */
const READ = { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: '' } }] };

async function send(call: Call, fetch: SdkFetch, quirks: Quirks): Promise<void> {
  const { request, signal } = call;
  const ask: SdkFetch = async (input, init) => {
    await fetch(input, init);
    return Response.json(READ);
  };
  const client = new ChatOpenAICompletions(openAiOptions(call, ask));
  await client.invoke(toLangChain(request.messages, quirks.callId), {
    signal,
    ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools) }),
  });
}

const madeSchema = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })) });

/** What the SDK made, with the endpoint's own names, its stream, and each assistant's message as the endpoint wants it back. */
function bodyOf(made: Json, call: Call, quirks: Quirks): Json {
  const { config, request } = call;
  const { messages, max_tokens: _one, max_completion_tokens: _other, stream: _off, ...rest } = madeSchema.parse(made);
  const limit = quirks.outputField ?? ('max_completion_tokens' in made ? 'max_completion_tokens' : 'max_tokens');
  return {
    ...rest,
    messages: messages.flatMap((message, index) => [
      wireMessage(message, request.messages[index], call, quirks),
      ...picturesAfter(request.messages, index, quirks),
    ]),
    [limit]: request.maxOutputTokens,
    ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
    ...effortOf(config, quirks),
    stream: streams(config),
    ...(streams(config) && quirks.streamOptions ? { stream_options: { include_usage: true } } : {}),
  };
}

function effortOf(config: ModelConfig, quirks: Quirks): Json {
  const effort = config.reasoningEffort;
  if (effort === undefined || quirks.effort === undefined) return {};
  return quirks.effort === 'reasoning' ? { reasoning: { effort } } : { reasoning_effort: effort };
}

const imagePart = (picture: Picture): Json => ({ type: 'image_url', image_url: { url: dataUrl(picture), detail: 'high' } });

function contentOf({ content, picture }: ToolResult, { picturePlace }: Quirks): string | Json[] {
  if (picture === undefined || picturePlace === 'user') return content;
  return [{ type: 'text', text: content }, imagePart(picture)];
}

/**
 * Tool messages hold text alone, so the pictures of an answer's results follow the last of them as one user message
 * (https://platform.openai.com/docs/api-reference/chat/create, `messages`).
 */
function picturesAfter(messages: readonly ChatMessage[], index: number, { picturePlace, callId: allowed }: Quirks): Json[] {
  if (picturePlace === 'tool' || messages[index]?.role !== 'tool' || messages[index + 1]?.role === 'tool') return [];
  const first = messages.findLastIndex((message, at) => at <= index && message.role !== 'tool') + 1;
  const parts = messages.slice(first, index + 1).flatMap((message) => {
    if (message.role !== 'tool' || message.picture === undefined) return [];
    const text = captionWords(message.toolName, callId(message.toolCallId, allowed));
    return [{ type: 'text', text }, imagePart(message.picture)];
  });
  return parts.length === 0 ? [] : [{ role: 'user', content: parts }];
}

const opaqueSchema = z.object({
  message: z.record(z.string(), z.unknown()).default({}),
  calls: z.array(z.record(z.string(), z.unknown()).nullable()).default([]),
});

/** The order of messages is ours: the SDK turns each into one. */
function wireMessage(made: Json, ours: ChatMessage | undefined, call: Call, quirks: Quirks): Json {
  if (ours?.role === 'system') return { role: 'system', content: ours.content };
  if (ours?.role === 'tool')
    return { role: 'tool', tool_call_id: callId(ours.toolCallId, quirks.callId), content: contentOf(ours, quirks) };
  if (ours?.role !== 'assistant') return made;
  const own = ours.opaque !== undefined && ours.opaque.origin === call.origin ? opaqueSchema.parse(ours.opaque.content) : undefined;
  const [first] = own === undefined ? ours.toolCalls : [];
  const foreign = first === undefined ? undefined : quirks.foreign?.(call.config.model, callId(first.id, quirks.callId));
  const calls = ours.toolCalls.map((one, index) => ({
    ...(index === 0 ? foreign?.firstCall : undefined),
    ...own?.calls[index],
    id: callId(one.id, quirks.callId),
    type: 'function',
    function: { name: one.name, arguments: sentArguments(one) },
  }));
  return {
    role: 'assistant',
    // A call needs no text, and some endpoints refuse an empty one.
    content: ours.content === '' && calls.length > 0 ? null : ours.content,
    ...foreign?.message,
    ...own?.message,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}
