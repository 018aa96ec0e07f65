/** Gemini's generateContent. A call of a thinking model is signed, and its signature comes back in the very part that held it. */
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatGoogle } from '@langchain/google';
import { z } from 'zod';
import type { ModelConfig } from '../../domain/config.ts';
import { ProviderError } from '../../domain/errors.ts';
import type { ToolResult } from '../../domain/picture.ts';
import type { ChatAnswer, ChatMessage, ToolCall } from '../../domain/ports.ts';
import { argumentsOf, toToolCalls } from './calls.ts';
import { outputOf } from './chat-answer.ts';
import { type Assembler, type Call, type Dialect, type Json, type Read, type SdkFetch, streams, unreadable } from './dialect.ts';
import { systemOf, toTools } from './messages.ts';

export const googleDialect: Dialect = {
  name: 'google',
  // https://ai.google.dev/gemini-api/docs/image-understanding, "Supported image formats": no GIF.
  pictures: ['image/png', 'image/jpeg', 'image/webp'],
  path: (config) =>
    `/v1beta/models/${encodeURIComponent(config.model)}:${streams(config) ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  headers: (secret) => (secret === undefined ? {} : { 'x-goog-api-key': secret }),
  send,
  body: bodyOf,
  assembler: createContentAssembler,
  read: readContent,
};

async function send({ config, request, signal }: Call, fetch: SdkFetch): Promise<void> {
  const client = new ChatGoogle({
    model: config.model,
    apiKey: 'none',
    platformType: 'gai',
    maxOutputTokens: request.maxOutputTokens,
    maxRetries: 0,
    disableStreaming: true,
    apiClient: {
      fetch: (asked: Request) => fetch(asked),
      hasApiKey: () => true,
      getProjectId: async () => '',
    },
  });
  await client.invoke([new SystemMessage(systemOf(request.messages)), new HumanMessage('-')], {
    signal,
    ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools) }),
  });
}

const madeSchema = z.looseObject({ contents: z.unknown().optional(), generationConfig: z.record(z.string(), z.unknown()).optional() });

/** The SDK's own contents leave out calls and repeat turns; they are made here, with our answers as they came. */
function bodyOf(made: Json, call: Call): Json {
  const { config, request } = call;
  const { contents: _theirs, generationConfig, ...rest } = madeSchema.parse(made);
  return {
    ...rest,
    contents: contentsOf(call),
    generationConfig: {
      ...generationConfig,
      maxOutputTokens: request.maxOutputTokens,
      ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
      ...thinkingOf(config),
    },
  };
}

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Json[];
}

/** All results of an answer stand in one turn: there must be as many as calls. */
function contentsOf(call: Call): Content[] {
  const turns: Content[] = [];
  const ids = new Set<unknown>();
  for (const message of call.request.messages) {
    const content = contentOf(message, call, ids);
    if (content === undefined) continue;
    const last = turns.at(-1);
    if (last?.role === content.role) last.parts.push(...content.parts);
    else turns.push(content);
  }
  return turns;
}

/** @param ids those that calls so far were given by the endpoint itself; a result has an id only where its call has it. */
function contentOf(message: ChatMessage, call: Call, ids: Set<unknown>): Content | undefined {
  switch (message.role) {
    case 'system':
      return undefined;
    case 'user':
      return { role: 'user', parts: [{ text: message.content }] };
    case 'tool':
      return { role: 'user', parts: resultParts(message, call.config, ids) };
    case 'assistant': {
      const own = message.opaque?.origin === call.origin ? partsSchema.parse(message.opaque.content) : undefined;
      for (const part of own ?? []) ids.add(idSchema.safeParse(part['functionCall']).data?.id);
      return { role: 'model', parts: own ?? foreignParts(message, call) };
    }
    default:
      return message satisfies never;
  }
}

/**
 * From Gemini 3 on a response holds the picture (https://ai.google.dev/gemini-api/docs/function-calling, "Multimodal function responses");
 * before, it is a part beside it (https://github.com/google-gemini/gemini-cli, `convertToFunctionResponse`).
 */
function resultParts({ toolCallId, toolName, content, picture }: ToolResult, { model }: ModelConfig, ids: Set<unknown>): Json[] {
  const response = { ...(ids.has(toolCallId) ? { id: toolCallId } : {}), name: toolName, response: { result: content } };
  if (picture === undefined) return [{ functionResponse: response }];
  const part = { inlineData: { mimeType: picture.mediaType, data: picture.base64 } };
  if (/^gemini-[12]/.test(model)) return [{ functionResponse: response }, part];
  return [{ functionResponse: { ...response, parts: [part] } }];
}

const partsSchema = z.array(z.record(z.string(), z.unknown()));
const idSchema = z.looseObject({ id: z.string().optional() });

/** What a call says where another model made it (https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ). */
const NO_SIGNATURE = { thoughtSignature: 'skip_thought_signature_validator' };

function foreignParts(message: Extract<ChatMessage, { role: 'assistant' }>, { config }: Call): Json[] {
  const signed = /^gemini-[3-9]/.test(config.model);
  return [
    ...(message.content === '' ? [] : [{ text: message.content }]),
    ...message.toolCalls.map((one, index) => ({
      functionCall: { name: one.name, args: argumentsOf(one) },
      ...(signed && index === 0 ? NO_SIGNATURE : {}),
    })),
  ];
}

/** https://ai.google.dev/gemini-api/docs/thinking: levels from Gemini 3 on, budgets before. */
const BUDGET: Readonly<Record<string, number>> = { minimal: 512, low: 1024, medium: 8192, high: 24_576, xhigh: 24_576 };

function thinkingOf(config: ModelConfig): Json {
  const effort = config.reasoningEffort;
  if (effort === undefined) return {};
  if (/^gemini-[3-9]/.test(config.model))
    return { thinkingConfig: { thinkingLevel: effort === 'none' || effort === 'minimal' ? 'low' : effort === 'xhigh' ? 'high' : effort } };
  return { thinkingConfig: { thinkingBudget: BUDGET[effort] ?? 0 } };
}

const count = z.number().nullish().catch(undefined);
const partSchema = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  functionCall: z.looseObject({ id: z.string().nullish(), name: z.string().nullish(), args: z.unknown().optional() }).optional(),
});
type Part = z.infer<typeof partSchema>;
const contentSchema = z.looseObject({
  candidates: z
    .array(
      z.looseObject({
        content: z.looseObject({ parts: z.array(partSchema).nullish() }).nullish(),
        finishReason: z.string().nullish(),
        finishMessage: z.string().nullish(),
      }),
    )
    .nullish(),
  promptFeedback: z.looseObject({ blockReason: z.string().nullish() }).nullish(),
  usageMetadata: z
    .looseObject({
      promptTokenCount: count,
      candidatesTokenCount: count,
      thoughtsTokenCount: count,
      totalTokenCount: count,
      toolUsePromptTokenCount: count,
      cachedContentTokenCount: count,
    })
    .nullish()
    .catch(undefined),
});

/** Each event is a whole answer with the parts that are new. */
function createContentAssembler(): Assembler {
  const parts: Part[] = [];
  let fresh = '';
  let finish: string | undefined;
  let rest: Json = {};
  let seen = false;
  return {
    add: (event) => {
      const { candidates, ...others } = contentSchema.parse(event);
      rest = { ...rest, ...others };
      seen ||= others.promptFeedback?.blockReason !== undefined;
      const [candidate] = candidates ?? [];
      for (const part of candidate?.content?.parts ?? []) {
        if (part.text !== undefined && part.thought !== true) fresh += part.text;
        addPart(parts, part);
      }
      finish = candidate?.finishReason ?? finish;
    },
    isOver: () => false,
    text: () => {
      const text = fresh;
      fresh = '';
      return text;
    },
    whole: () => {
      if (finish === undefined && !seen) return undefined;
      return { ...rest, candidates: finish === undefined ? [] : [{ content: { role: 'model', parts }, finishReason: finish }] };
    },
  };
}

/** Pieces of one text become one part; a part with a signature is never touched. */
function addPart(parts: Part[], part: Part): void {
  const last = parts.at(-1);
  const plain = (one: Part): boolean => one.text !== undefined && Object.keys(one).every((key) => key === 'text' || key === 'thought');
  if (last !== undefined && plain(last) && plain(part) && last.thought === part.thought)
    parts[parts.length - 1] = { ...last, text: `${last.text ?? ''}${part.text ?? ''}` };
  else parts.push(part);
}

const REFUSALS = new Set(['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'IMAGE_SAFETY']);

function readContent(body: unknown, call: Call): Read {
  const parsed = contentSchema.safeParse(body);
  if (!parsed.success) return unreadable('is no content', parsed.error);
  const { candidates, promptFeedback, usageMetadata } = parsed.data;
  const [candidate] = candidates ?? [];
  const reason = candidate?.finishReason ?? promptFeedback?.blockReason ?? undefined;
  if (candidate === undefined && reason === undefined) return unreadable('holds no candidate');
  if (reason === 'MALFORMED_FUNCTION_CALL' || reason === 'UNEXPECTED_TOOL_CALL') {
    const message = `the model's call could not be read by its endpoint (${reason}): ${candidate?.finishMessage ?? ''}`;
    return { kind: 'fault', fault: new ProviderError(message.slice(0, 500), { fault: 'malformed-call' }) };
  }
  const parts = candidate?.content?.parts ?? [];
  const calls = parts.flatMap((part) => (part.functionCall === undefined ? [] : [part.functionCall]));
  const toolCalls = toToolCalls(
    calls.map((one) => ({ id: one.id, name: one.name ?? '', arguments: one.args ?? {} })),
    call.request,
  );
  const refused = candidate === undefined || REFUSALS.has(reason ?? '');
  const cut = reason === 'MAX_TOKENS';
  const signed = !cut && !refused && parts.some((part) => part.thought !== true && Object.hasOwn(part, 'thoughtSignature'));
  return {
    kind: 'answer',
    answer: {
      text: parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join(''),
      toolCalls,
      usage: usageOf(usageMetadata),
      finish: refused ? 'refusal' : cut ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop',
      // Thoughts are shown to us alone; only their signatures are wanted back.
      ...(signed ? { opaque: { origin: call.origin, content: mended(parts, toolCalls) } } : {}),
      canned: false,
    },
  };
}

/** Its own answer as it came, without the thoughts, and but for what it would refuse in a call: a name, an id, arguments that are no object. */
function mended(parts: readonly Part[], toolCalls: readonly ToolCall[]): unknown[] {
  let nth = 0;
  return parts
    .filter((part) => part.thought !== true)
    .map((part) => {
      const one = part.functionCall === undefined ? undefined : toolCalls[nth++];
      if (one === undefined) return part;
      const id = part.functionCall?.id === undefined || part.functionCall.id === null ? {} : { id: one.id };
      return { ...part, functionCall: { ...part.functionCall, ...id, name: one.name, args: argumentsOf(one) } };
    });
}

/** Thinking is billed as output and stands outside of it. */
function usageOf(usage: z.infer<typeof contentSchema>['usageMetadata']): ChatAnswer['usage'] {
  if (usage === undefined || usage === null || typeof usage.promptTokenCount !== 'number') return undefined;
  const input = usage.promptTokenCount + (usage.toolUsePromptTokenCount ?? 0);
  const told = (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0);
  const output = outputOf(input, told, usage.totalTokenCount);
  return {
    inputTokens: input,
    ...(output === undefined ? {} : { outputTokens: output }),
    ...(typeof usage.cachedContentTokenCount === 'number' ? { cachedInputTokens: usage.cachedContentTokenCount } : {}),
  };
}
