/** A chat completion, read leniently: only what is used, in every form in which endpoints were seen to send it. */
import { z } from 'zod';
import type { ChatAnswer } from '../../domain/ports.ts';
import { errorFault, errorIn } from '../wire/said.ts';
import { type RawCall, toToolCalls } from './calls.ts';
import { type Call, type Json, type Read, unreadable } from './dialect.ts';
import type { Quirks } from './quirks.ts';

const count = z.number().nullish().catch(undefined);
const part = z.union([z.string(), z.looseObject({ text: z.string().nullish().catch(undefined), type: z.string().nullish() })]);
const usageSchema = z
  .looseObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_cache_hit_tokens: count,
    prompt_tokens_details: z.looseObject({ cached_tokens: count, cache_write_tokens: count }).nullish().catch(undefined),
  })
  .nullish()
  .catch(undefined);

// A call without a name is one that the agent is told of, not an answer that is lost: read as in a stream.
const callSchema = z.looseObject({
  id: z.string().nullish().catch(undefined),
  function: z
    .looseObject({ name: z.string().nullish().catch(undefined), arguments: z.unknown().optional() })
    .nullish()
    .catch(undefined),
});

const messageSchema = z.looseObject({
  content: z.union([z.string(), z.array(part)]).nullish(),
  refusal: z.string().nullish().catch(undefined),
  tool_calls: z.array(callSchema).nullish(),
});

const completionSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        native_finish_reason: z.string().nullish().catch(undefined),
        message: messageSchema.nullish(),
        error: z.unknown().optional(),
      }),
    )
    .min(1),
  usage: usageSchema,
});

/** The numbers of a report, whatever they are. */
export function chatUsage(usage: z.infer<typeof usageSchema>): ChatAnswer['usage'] {
  if (usage === undefined || usage === null) return undefined;
  const cached = usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens;
  const output = outputOf(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens);
  return {
    ...(typeof usage.prompt_tokens === 'number' ? { inputTokens: usage.prompt_tokens } : {}),
    ...(output === undefined ? {} : { outputTokens: output }),
    ...(typeof cached === 'number' ? { cachedInputTokens: cached } : {}),
  };
}

/** Thinking may stand outside the output (Gemini's compatible endpoint, some gateways): the total is what is billed. */
export function outputOf(
  input: number | null | undefined,
  output: number | null | undefined,
  total: number | null | undefined,
): number | undefined {
  if (typeof total !== 'number' || typeof input !== 'number') return output ?? undefined;
  return typeof output === 'number' ? Math.max(output, total - input) : total - input;
}

export function readChat(body: unknown, call: Call, quirks: Quirks): Read {
  const parsed = completionSchema.safeParse(body);
  if (!parsed.success) return unreadable('is no chat completion', parsed.error);
  const [choice] = parsed.data.choices;
  const reason = choice?.finish_reason ?? undefined;
  const usage = chatUsage(parsed.data.usage);
  const message = choice?.message ?? undefined;
  if (BROKEN.has(reason ?? '')) {
    // OpenRouter tells the reason of the model's own endpoint beside it.
    const words = `finish_reason ${JSON.stringify(reason)} ${choice?.native_finish_reason ?? ''}`.trim();
    const told = errorIn({ error: choice?.error ?? words }) ?? { codes: [], message: words };
    return { kind: 'fault', fault: errorFault(told, true, (text) => text.slice(0, 500)) };
  }
  if (message === undefined) {
    if (reason === 'content_filter') return { kind: 'answer', answer: { ...EMPTY, usage, finish: 'refusal' } };
    return unreadable('holds a choice without a message');
  }
  const text = textOf(message.content);
  const toolCalls = toToolCalls(
    (message.tool_calls ?? []).map((one): RawCall => ({ id: one.id, name: one.function?.name ?? '', arguments: one.function?.arguments })),
    call.request,
  );
  const refused = message.refusal !== undefined && message.refusal !== null && message.refusal !== '';
  const opaque = opaqueOf(message, quirks);
  return {
    kind: 'answer',
    answer: {
      text: refused && text === '' ? (message.refusal ?? '') : text,
      toolCalls,
      usage,
      finish: refused ? 'refusal' : finishOf(reason, toolCalls.length),
      ...(opaque === undefined ? {} : { opaque: { origin: call.origin, content: opaque } }),
      canned: false,
    },
  };
}

/** Ends that are none: OpenRouter's, and DeepSeek's when it has no room. */
const BROKEN = new Set(['error', 'insufficient_system_resource']);

const EMPTY = { text: '', toolCalls: [], canned: false } as const;

function finishOf(reason: string | undefined, toolCalls: number): ChatAnswer['finish'] {
  if (reason === 'length' || reason === 'model_length') return 'length';
  if (reason === 'content_filter') return 'refusal';
  return toolCalls > 0 ? 'tool_calls' : 'stop';
}

/** The parts for people; a part of another type than text is thinking. */
function textOf(content: z.infer<typeof messageSchema>['content']): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content
    .map((one) =>
      typeof one === 'string' ? one : one.type === undefined || one.type === null || one.type === 'text' ? (one.text ?? '') : '',
    )
    .join('');
}

/** What the endpoint wants back, if it sent any of it. A plain text is no such thing. */
function opaqueOf(message: z.infer<typeof messageSchema>, quirks: Quirks): Json | undefined {
  const kept = fieldsOf(message, quirks.giveBack);
  if (typeof kept['content'] === 'string') delete kept['content'];
  const calls = (message.tool_calls ?? []).map((one) => {
    const own = fieldsOf(one, quirks.giveBackOfCalls);
    return Object.keys(own).length > 0 ? own : null;
  });
  const hasCalls = calls.some((one) => one !== null);
  if (Object.keys(kept).length === 0 && !hasCalls) return undefined;
  return { message: kept, ...(hasCalls ? { calls } : {}) };
}

function fieldsOf(from: Json, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(from, name) && from[name] !== null && from[name] !== undefined ? [[name, from[name]]] : [])),
  );
}
