/** Any OpenAI-compatible chat completions endpoint as a ChatModel. The only file that knows the SDK. */
import { ChatOpenAICompletions } from '@langchain/openai';
import type { ModelConfig } from '../domain/config.ts';
import { ProviderError, toError } from '../domain/errors.ts';
import type { ChatAnswer, ChatModel, ChatRequest, ToolCall } from '../domain/ports.ts';
import { countInputBound } from './count.ts';
import { toLangChain, wireTools } from './messages.ts';
import { createExchange, type Exchange, type WireAnswer } from './wire.ts';

/** Where requests go when nothing else is said. */
export const OPENAI_BASE_URL = 'https://api.openai.com/v1';

/** @param secret the key; undefined for endpoints that want none. Retries and budget are the model door's. */
export function createOpenAiModel(
  config: ModelConfig,
  secret: string | undefined,
  options: { baseUrl: string; contextTokens: number },
): ChatModel {
  return {
    provider: config.provider,
    model: config.model,
    origin: `chat ${options.baseUrl} ${config.model}`,
    contextTokens: options.contextTokens,
    timeoutMs: config.timeout,
    countInput: countInputBound,
    complete: async (request, signal) => {
      signal.throwIfAborted();
      const exchange = createExchange({ baseUrl: options.baseUrl, secret });
      const client = createClient(config, secret, options.baseUrl, request.maxOutputTokens, exchange);
      await withinTime(signal, config.timeout, (limit) => send(client, request, limit), exchange);
      if (exchange.seen.answer === undefined) throw new Error('an answer was returned that was never received');
      return toAnswer(exchange.seen.answer);
    },
  };
}

/** A client for one call: the output limit is a field of the client, and an exchange belongs to one call. */
function createClient(config: ModelConfig, secret: string | undefined, baseUrl: string, maxTokens: number, exchange: Exchange) {
  return new ChatOpenAICompletions({
    model: config.model,
    apiKey: secret ?? 'none',
    maxTokens,
    maxRetries: 0,
    timeout: config.timeout,
    // Never `streaming: true`: its token count downloads tables from a public host.
    disableStreaming: true,
    configuration: { baseURL: baseUrl, fetch: exchange.fetch },
    ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
    ...(config.reasoningEffort === undefined ? {} : { modelKwargs: { reasoning_effort: config.reasoningEffort } }),
  });
}

async function send(client: ChatOpenAICompletions, request: ChatRequest, signal: AbortSignal): Promise<void> {
  await client.invoke(request.messages.map(toLangChain), {
    signal,
    options: { headers: { ...request.headers } },
    ...(request.tools.length === 0 ? {} : { tools: wireTools(request.tools) }),
  });
}

/** Ends at the caller's abort or after `timeoutMs`, even where the work ignores its signal. */
async function withinTime(
  signal: AbortSignal,
  timeoutMs: number,
  work: (limit: AbortSignal) => Promise<void>,
  exchange: Exchange,
): Promise<void> {
  const limit = new AbortController();
  const late = new ProviderError(`no answer within ${timeoutMs} ms`, { retryable: true, maybeBilled: true });
  const onAbort = (): void => limit.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => limit.abort(late), timeoutMs);
  try {
    await Promise.race([
      work(limit.signal),
      new Promise<never>((_, reject) => limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true })),
    ]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (limit.signal.aborted) throw late;
    if (exchange.seen.answer !== undefined) return; // The answer is whole; only the SDK's own reading of it failed.
    throw exchange.seen.fault ?? toError(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function toAnswer(answer: WireAnswer): ChatAnswer {
  const choice = answer.choices[0];
  const message = choice?.message;
  const content = message?.content ?? '';
  const text = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
  const toolCalls = toToolCalls(message?.tool_calls ?? []);
  const refused = message?.refusal !== undefined && message.refusal !== null && message.refusal !== '';
  return {
    text: refused && text === '' ? (message.refusal ?? '') : text,
    toolCalls,
    usage: toUsage(answer.usage),
    finish: refused ? 'refusal' : finishOf(choice?.finish_reason, toolCalls.length),
    canned: false,
  };
}

function finishOf(reason: string | null | undefined, toolCalls: number): ChatAnswer['finish'] {
  if (reason === 'length') return 'length';
  if (reason === 'content_filter') return 'refusal';
  return toolCalls > 0 ? 'tool_calls' : 'stop';
}

/** Argument texts stay as they came, malformed or not; an id that is missing or used twice is replaced. */
function toToolCalls(calls: NonNullable<WireAnswer['choices'][number]['message']['tool_calls']>): ToolCall[] {
  const used = new Set<string>();
  return calls.map((call, index) => {
    const given = call.id ?? '';
    const id = given === '' || used.has(given) ? `call_${index + 1}_${given}` : given;
    used.add(id);
    return { id, name: call.function.name, arguments: call.function.arguments ?? '' };
  });
}

function toUsage(usage: WireAnswer['usage']): ChatAnswer['usage'] {
  if (usage === undefined || usage === null) return undefined;
  const cached = usage.prompt_tokens_details?.cached_tokens;
  return {
    ...(typeof usage.prompt_tokens === 'number' ? { inputTokens: usage.prompt_tokens } : {}),
    ...(typeof usage.completion_tokens === 'number' ? { outputTokens: usage.completion_tokens } : {}),
    ...(typeof cached === 'number' ? { cachedInputTokens: cached } : {}),
  };
}
