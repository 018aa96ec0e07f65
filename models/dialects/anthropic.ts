/** Anthropic's messages. Its thinking is signed and comes back with every open exchange of tools; its cache is kept where it is marked. */
import { ChatAnthropic } from '@langchain/anthropic';
import { z } from 'zod';
import { sha256 } from '../../domain/ids.ts';
import { PICTURE_TYPES } from '../../domain/picture.ts';
import type { ChatAnswer, ToolCall } from '../../domain/ports.ts';
import { createMessageAssembler } from './anthropic-stream.ts';
import { argumentsOf, toToolCalls } from './calls.ts';
import { type Call, type Dialect, type Json, type Read, type SdkFetch, streams, stringOf, unreadable } from './dialect.ts';
import { assistants, results, toLangChain, toTools } from './messages.ts';
import { NEVER_MS, SDK_ADDRESS } from './sdk.ts';

/** https://docs.anthropic.com/en/api/messages: `^[a-zA-Z0-9_-]+$`. */
const CALL_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const VERSION = '2023-06-01';

export const anthropicDialect: Dialect = {
  name: 'anthropic',
  pictures: PICTURE_TYPES,
  path: () => '/v1/messages',
  headers: (secret) => ({ 'anthropic-version': VERSION, ...(secret === undefined ? {} : { 'x-api-key': secret }) }),
  send,
  body: bodyOf,
  assembler: createMessageAssembler,
  read: readMessage,
};

async function send({ config, request, signal }: Call, fetch: SdkFetch): Promise<void> {
  const client = new ChatAnthropic({
    model: config.model,
    apiKey: 'none',
    maxTokens: request.maxOutputTokens,
    maxRetries: 0,
    anthropicApiUrl: SDK_ADDRESS,
    // Its own limit of ten minutes for what is not streamed is not ours: silence is.
    clientOptions: { fetch, timeout: NEVER_MS },
  });
  await client.invoke(toLangChain(request.messages, CALL_ID), {
    signal,
    ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools) }),
  });
}

const madeSchema = z.looseObject({
  system: z.unknown().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]) })),
});

function bodyOf(made: Json, call: Call): Json {
  const { config, request, origin } = call;
  const { messages, system, stream: _off, thinking: _none, ...rest } = madeSchema.parse(made);
  const thinking = thinkingOf(call);
  const prefixes = prefixesOf(call);
  const ours = [...request.messages.entries()].filter(([, one]) => one.role === 'assistant');
  const pictured = resultBlocks(call);
  let nth = 0;
  const wired = messages.map((message) => {
    if (message.role !== 'assistant') return { ...message, content: blocksOf(message.content).map(pictured) };
    const [index, own] = ours[nth++] ?? [0, undefined];
    const kept = own?.role === 'assistant' ? ownOf(own, origin) : undefined;
    if (kept === undefined) return { ...message, content: blocksOf(message.content) };
    const { after, blocks } = kept;
    const isBound = BINDS.test(config.model) && after !== prefixes[index];
    return { ...message, content: isBound ? blocks.filter((block) => !isThought(block)) : blocks };
  });
  return {
    ...rest,
    max_tokens: request.maxOutputTokens,
    ...(system === undefined ? {} : { system: marked(blocksOf(system as string | Json[])) }), // a text or blocks, as the SDK makes it
    messages: withMark(wired),
    // Who thinks takes no temperature (docs: "Extended thinking", "Feature compatibility").
    ...(config.temperature === undefined || 'thinking' in thinking ? {} : { temperature: config.temperature }),
    ...thinking,
    stream: streams(config),
  };
}

/** An answer as it came, and the digest of what it answered. */
const ownSchema = z.object({ after: z.string(), blocks: z.array(z.record(z.string(), z.unknown())) });

function ownOf({ opaque }: ReturnType<typeof assistants>[number], origin: string): z.infer<typeof ownSchema> | undefined {
  return opaque?.origin === origin ? ownSchema.safeParse(opaque.content).data : undefined;
}

/**
 * From here on thoughts are taken back only after what they answered: after a compaction they are refused, for ever (docs: "Preserved
 * thinking", "Prefix checks"). Earlier models take them, and manual thinking wants them.
 */
const BINDS = /^claude-[a-z]+-(?:[5-9]|\d\d(?!\d))/;

/** For each message, and for the next one: the digest of all that stands before it. */
function prefixesOf({ request: { tools, messages }, digestOf }: Call): string[] {
  const prefixes = [sha256(tools.map(digestOf).join())];
  for (const message of messages) prefixes.push(sha256(`${prefixes.at(-1)} ${digestOf(message)}`));
  return prefixes;
}

/** Puts the picture of each result into its block, in order (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use). */
function resultBlocks({ request }: Call): (block: Json) => Json {
  const ours = results(request.messages).values();
  return (block) => {
    if (block['type'] !== 'tool_result') return block;
    const picture = ours.next().value?.picture;
    if (picture === undefined) return block;
    const source = { type: 'base64', media_type: picture.mediaType, data: picture.base64 };
    const { content } = resultSchema.parse(block);
    return { ...block, content: [...blocksOf(content), { type: 'image', source }] };
  };
}

const resultSchema = z.looseObject({ content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]) });

/** Empty texts are refused. */
function blocksOf(content: string | readonly Json[]): Json[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return blocks.filter((block) => block['type'] !== 'text' || stringOf(block['text']).trim() !== '');
}

const CACHE = { type: 'ephemeral' } as const;

/** What the next request repeats is read from the cache up to the newest mark it shares; at most four marks are allowed. */
function marked(blocks: readonly Json[]): Json[] {
  return blocks.map((block, index) => (index === blocks.length - 1 ? { ...block, cache_control: CACHE } : block));
}

/** The end of this request, and of the one before it: where its answer begins. */
function withMark(messages: readonly { readonly role: string; readonly content: unknown }[]): Json[] {
  const users = [...messages.entries()].filter(([, message]) => message.role === 'user').map(([index]) => index);
  const places = new Set(users.slice(-2));
  return messages.map((message, index) =>
    places.has(index) && Array.isArray(message.content) ? { ...message, content: marked(message.content as Json[]) } : { ...message },
  );
}

/** Shares of the output limit that may be thought with; the API wants at least 1024 and less than the limit. */
const SHARE: Readonly<Record<string, number>> = { minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8, xhigh: 0.9 };
const LEAST_BUDGET = 1024;
/** Models that decide themselves how long to think and are told an effort (docs: "Adaptive thinking", "Effort"). */
const ADAPTIVE = /^claude-[a-z]+-(?:4-[6-9]|[5-9]|\d\d(?!\d))/;

const isThought = (block: Readonly<Record<string, unknown>> | undefined): boolean =>
  /^(?:redacted_)?thinking$/.test(stringOf(block?.['type']));

/**
 * Who is given a budget begins each answer of an open exchange of tools with a signed thought, and the API refuses the request where
 * the newest does not, as one of another model; a model that adapts takes it ("Adaptive thinking"), and some cannot be told not to think.
 */
function thinkingOf({ config, request, origin }: Call): Json {
  const effort = config.reasoningEffort;
  if (effort === undefined || effort === 'none') return {};
  if (ADAPTIVE.test(config.model))
    return {
      thinking: { type: 'adaptive' },
      output_config: { effort: effort === 'minimal' ? 'low' : effort === 'xhigh' ? 'max' : effort },
    };
  const budget = Math.floor(request.maxOutputTokens * (SHARE[effort] ?? 0.5));
  const last = assistants(request.messages).at(-1);
  const closed = last === undefined || last.toolCalls.length === 0;
  const thought = closed || isThought(ownOf(last, origin)?.blocks[0]);
  return thought && budget >= LEAST_BUDGET ? { thinking: { type: 'enabled', budget_tokens: budget } } : {};
}

const count = z.number().nullish().catch(undefined);
const messageSchema = z.looseObject({
  stop_reason: z.string().nullish(),
  content: z.array(
    z.looseObject({
      type: z.string(),
      text: z.string().optional(),
      id: z.string().optional(),
      name: z.string().optional(),
      input: z.unknown().optional(),
    }),
  ),
  usage: z
    .looseObject({ input_tokens: count, output_tokens: count, cache_creation_input_tokens: count, cache_read_input_tokens: count })
    .nullish()
    .catch(undefined),
});

function readMessage(body: unknown, call: Call): Read {
  const parsed = messageSchema.safeParse(body);
  if (!parsed.success) return unreadable('is no message', parsed.error);
  const { content, stop_reason: reason, usage } = parsed.data;
  const toolCalls = toToolCalls(
    content.filter((block) => block.type === 'tool_use').map((block) => ({ id: block.id, name: block.name ?? '', arguments: block.input })),
    call.request,
  );
  const cut = reason === 'max_tokens' || reason === 'model_context_window_exceeded';
  const kept = content.filter(isWhole);
  // Thoughts that nothing follows are refused ("The final block in an assistant message cannot be `thinking`").
  const opaque = reason !== 'refusal' && kept.some((block) => !isThought(block));
  return {
    kind: 'answer',
    answer: {
      text: content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join(''),
      toolCalls,
      usage: usageOf(usage),
      finish: reason === 'refusal' ? 'refusal' : cut ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop',
      ...(opaque ? { opaque: { origin: call.origin, content: { after: prefixesOf(call).at(-1), blocks: mended(kept, toolCalls) } } } : {}),
      canned: false,
    },
  };
}

/** A blank text would be refused, and so would a thought that the output limit cut before its signature. */
const isWhole = (block: z.infer<typeof messageSchema>['content'][number]): boolean =>
  block.type === 'text' ? (block.text ?? '').trim() !== '' : block.type !== 'thinking' || stringOf(block['signature']) !== '';

/** Its own answer as it came, but for what it would refuse in a call: a name, an id, an input that is no object. */
function mended(content: z.infer<typeof messageSchema>['content'], toolCalls: readonly ToolCall[]): unknown[] {
  let nth = 0;
  return content.map((block) => {
    const one = block.type === 'tool_use' ? toolCalls[nth++] : undefined;
    return one === undefined ? block : { ...block, id: one.id, name: one.name, input: argumentsOf(one) };
  });
}

/** Here the input is told without its cached parts (docs: "Prompt caching", "Tracking cache performance"). */
function usageOf(usage: z.infer<typeof messageSchema>['usage']): ChatAnswer['usage'] {
  if (usage === undefined || usage === null || typeof usage.input_tokens !== 'number') return undefined;
  const cached = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens + cached + written,
    ...(typeof usage.output_tokens === 'number' ? { outputTokens: usage.output_tokens } : {}),
    cachedInputTokens: cached,
    ...(written > 0 ? { cacheWriteTokens: written } : {}),
  };
}
