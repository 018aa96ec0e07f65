/** OpenAI's Responses API, for models that think between tool calls and want their thoughts back. */

import { AIMessage } from '@langchain/core/messages';
import { ChatOpenAIResponses } from '@langchain/openai';
import { z } from 'zod';
import type { ChatAnswer, ToolCall } from '../../domain/ports.ts';
import { errorFault } from '../wire/said.ts';
import { sentArguments, toToolCalls } from './calls.ts';
import { keyHeader } from './chat.ts';
import { outputOf } from './chat-answer.ts';
import { type Assembler, type Call, type Dialect, type Json, type Read, type SdkFetch, streams, stringOf, unreadable } from './dialect.ts';
import { dataUrl, results, toLangChain, toTools } from './messages.ts';
import { type DialectName, QUIRKS, thinks } from './quirks.ts';
import { openAiOptions } from './sdk.ts';

export function responsesDialect(name: DialectName): Dialect {
  const quirks = QUIRKS[name];
  return {
    name: `responses:${name}`,
    pictures: quirks.pictures,
    path: () => '/responses',
    headers: (secret) => keyHeader(quirks, secret),
    send: (call, fetch) => send(call, fetch, quirks.callId),
    body: bodyOf,
    assembler: createResponsesAssembler,
    read: readResponse,
  };
}

async function send(call: Call, fetch: SdkFetch, allowed: RegExp): Promise<void> {
  const { request, signal, origin } = call;
  const client = new ChatOpenAIResponses(openAiOptions(call, fetch));
  const messages = toLangChain(request.messages, allowed);
  for (const [index, message] of request.messages.entries()) {
    if (message.role !== 'assistant' || message.opaque?.origin !== origin) continue;
    // The SDK sends the items of such a message as they are.
    const output = itemsSchema.parse(message.opaque.content);
    messages[index] = new AIMessage({ content: message.content, response_metadata: { output, model_provider: 'openai' } });
  }
  await client.invoke(messages, { signal, ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools) }) });
}

const itemsSchema = z.array(z.looseObject({ type: z.string() }));

/** Nothing is kept at the endpoint (`store`), so thoughts travel with us, encrypted. */
function bodyOf(made: Json, call: Call): Json {
  const { config } = call;
  const { stream: _off, reasoning: _none, input, ...rest } = madeSchema.parse(made);
  return {
    ...rest,
    input: withPictures(input, call),
    store: false,
    // Models that do not think refuse to be asked for it.
    ...(thinks(config) ? { include: ['reasoning.encrypted_content'] } : {}),
    ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
    ...(config.reasoningEffort === undefined ? {} : { reasoning: { effort: config.reasoningEffort } }),
    stream: streams(config),
  };
}

const madeSchema = z.looseObject({ input: z.array(z.looseObject({ type: z.string().optional() })) });

/** An output may be a list of text and pictures (https://platform.openai.com/docs/api-reference/responses/create, `input`, `function_call_output`). */
function withPictures(input: readonly Json[], { request }: Call): Json[] {
  const ours = results(request.messages).values();
  return input.map((item) => {
    const result = item['type'] === 'function_call_output' ? ours.next().value : undefined;
    if (result?.picture === undefined) return item;
    const text = { type: 'input_text', text: result.content };
    return { ...item, output: [text, { type: 'input_image', image_url: dataUrl(result.picture), detail: 'high' }] };
  });
}

/** The last event holds the whole response; what came before is text for people. */
function createResponsesAssembler(): Assembler {
  let fresh = '';
  let whole: unknown;
  const items: unknown[] = [];
  const eventSchema = z.looseObject({
    type: z.string(),
    delta: z.unknown().optional(),
    item: z.unknown().optional(),
    response: z.looseObject({ output: z.unknown().optional() }).optional(),
  });
  return {
    add: (event) => {
      const { type, delta, item, response } = eventSchema.parse(event);
      if (type === 'response.output_text.delta' && typeof delta === 'string') fresh += delta;
      if (type === 'response.output_item.done') items.push(item);
      if (!/^response\.(?:completed|incomplete|failed)$/.test(type) || response === undefined) return;
      // Some gateways leave the output of the last event empty.
      whole = Array.isArray(response.output) && response.output.length > 0 ? response : { ...response, output: items };
    },
    isOver: () => whole !== undefined,
    text: () => {
      const text = fresh;
      fresh = '';
      return text;
    },
    whole: () => whole,
  };
}

const count = z.number().nullish().catch(undefined);
const responseSchema = z.looseObject({
  status: z.string().nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  error: z.looseObject({ code: z.unknown().optional(), message: z.string().nullish() }).nullish(),
  output: z.array(
    z.looseObject({
      type: z.string(),
      call_id: z.string().nullish(),
      name: z.string().nullish(),
      arguments: z.unknown().optional(),
      content: z.unknown().optional(),
    }),
  ),
  usage: z
    .looseObject({
      input_tokens: count,
      output_tokens: count,
      total_tokens: count,
      input_tokens_details: z.looseObject({ cached_tokens: count }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
});
const contentSchema = z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })).catch([]);

function readResponse(body: unknown, call: Call): Read {
  const parsed = responseSchema.safeParse(body);
  if (!parsed.success) return unreadable('is no response', parsed.error);
  const { output, status, error, incomplete_details: incomplete } = parsed.data;
  if (status === 'failed' || (error !== undefined && error !== null)) {
    const told = { codes: [stringOf(error?.code)], message: error?.message ?? 'the response failed' };
    return { kind: 'fault', fault: errorFault(told, true, (text) => text.slice(0, 500)) };
  }
  const parts = output.filter((item) => item.type === 'message').flatMap((item) => contentSchema.parse(item.content));
  const refusal = parts.map((part) => part.refusal ?? '').join('');
  const calls = output.filter((item) => item.type === 'function_call');
  const toolCalls = toToolCalls(
    calls.map((item) => ({ id: item.call_id, name: item.name ?? '', arguments: item.arguments })),
    call.request,
  );
  const refused = refusal !== '' || incomplete?.reason === 'content_filter';
  const cut = incomplete?.reason === 'max_output_tokens';
  // A call that was cut is answered all the same, and stands with the thought before it; a thought that nothing follows is refused.
  const kept = output.slice(0, output.findLastIndex((item) => item.type !== 'reasoning') + 1);
  return {
    kind: 'answer',
    answer: {
      text: parts.map((part) => part.text ?? '').join('') || refusal,
      toolCalls,
      usage: usageOf(parsed.data.usage),
      finish: refused ? 'refusal' : cut ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop',
      // Thoughts that nothing follows are not taken back: "provided without its required following item".
      ...(kept.some((item) => item.type !== 'reasoning') && !refused
        ? { opaque: { origin: call.origin, content: mended(kept, toolCalls) } }
        : {}),
      canned: false,
    },
  };
}

/** Its own answer as it came, but for what it would refuse in a call: a name, an id, arguments that are no text of JSON. */
function mended(output: z.infer<typeof responseSchema>['output'], toolCalls: readonly ToolCall[]): unknown[] {
  let nth = 0;
  return output.map((item) => {
    const one = item.type === 'function_call' ? toolCalls[nth++] : undefined;
    return one === undefined ? item : { ...item, call_id: one.id, name: one.name, arguments: sentArguments(one) };
  });
}

function usageOf(usage: z.infer<typeof responseSchema>['usage']): ChatAnswer['usage'] {
  if (usage === undefined || usage === null) return undefined;
  const output = outputOf(usage.input_tokens, usage.output_tokens, usage.total_tokens);
  const cached = usage.input_tokens_details?.cached_tokens;
  return {
    ...(typeof usage.input_tokens === 'number' ? { inputTokens: usage.input_tokens } : {}),
    ...(output === undefined ? {} : { outputTokens: output }),
    ...(typeof cached === 'number' ? { cachedInputTokens: cached } : {}),
  };
}
