/** A model of ours in front of an imitation that is stricter than the real endpoint, and the exchanges that tests have with it. */
import { type ModelConfig, modelSchema } from '../../domain/config.ts';
import { ProviderError } from '../../domain/errors.ts';
import type { ChatAnswer, ChatMessage, ChatModel } from '../../domain/ports.ts';
import { dialectFor } from '../../models/dialects/choose.ts';
import { createEndpointModel } from '../../models/endpoint.ts';
import { plainAddress } from '../../models/wire/address.ts';
import { createTransport } from '../../models/wire/transport.ts';
import { toolSpecs } from '../../tools/toolbox.ts';
import type { DialectName, DialectServer } from '../dialects/server.ts';
import { HEADERS } from './fakes.ts';

/** What a configuration says of each. */
export const SAID: Readonly<Record<DialectName, Partial<ModelConfig>>> = {
  'openai-chat': { provider: 'openai', dialect: 'openai', api: 'chat' },
  'openai-responses': { provider: 'openai', dialect: 'openai', api: 'responses' },
  anthropic: { provider: 'anthropic' },
  gemini: { provider: 'google' },
  mistral: { provider: 'openai', dialect: 'mistral' },
  deepseek: { provider: 'openai', dialect: 'deepseek' },
  groq: { provider: 'openai', dialect: 'groq' },
  vllm: { provider: 'openai', dialect: 'vllm' },
  llamacpp: { provider: 'openai', dialect: 'llamacpp' },
  azure: { provider: 'openai', dialect: 'azure', api: 'chat' },
  openrouter: { provider: 'openai', dialect: 'openrouter' },
};
export const DIALECT_NAMES = Object.keys(SAID) as DialectName[];

/** The model that the registry would make for this endpoint. */
export async function modelOf(name: DialectName, server: DialectServer, more: Partial<ModelConfig> = {}): Promise<ChatModel> {
  const { timeout, ...rest } = { timeout: 5000, ...more };
  const config = { ...modelSchema.parse({ provider: 'openai', model: server.model, ...SAID[name], ...rest }), timeout };
  const baseUrl = plainAddress(server.baseUrl, 'baseUrl');
  const dialect = await dialectFor(config, baseUrl);
  return createEndpointModel(
    config,
    { dialect, baseUrl, secret: server.apiKey, transport: createTransport({}) },
    { contextTokens: 128_000 },
  );
}

/** One answer, and its row. */
export async function askOnce(
  model: ChatModel,
  messages: ChatMessage[],
  call: number,
  onText?: (piece: string) => void,
): Promise<ChatAnswer> {
  const headers = { ...HEADERS, 'x-governor-call': String(call) };
  const request = { messages: [...messages], tools: toolSpecs('lead'), maxOutputTokens: 2048, headers };
  const answer = await model.complete(request, new AbortController().signal, onText);
  const { text: content, toolCalls, opaque } = answer;
  messages.push({ role: 'assistant', content, toolCalls, ...(opaque === undefined ? {} : { opaque }) });
  return answer;
}

export const opening = (): ChatMessage[] => [
  { role: 'system', content: 'You build. The goal: add a sum.' },
  { role: 'user', content: 'This is attempt 1. The plan: add it.' },
];

/** Answers every call of the newest answer. */
export function answerCalls(messages: ChatMessage[], answer: ChatAnswer): void {
  for (const call of answer.toolCalls)
    messages.push({ role: 'tool', toolCallId: call.id, toolName: call.name, content: `result of ${call.name}` });
}

/** What a call ends as: its fault, or its answer. */
export async function endOf(
  model: ChatModel,
): Promise<{ fault?: string; waitMs?: number | undefined; finish?: string; answer?: ChatAnswer }> {
  try {
    const answer = await askOnce(model, opening(), 1);
    return { finish: answer.finish, answer };
  } catch (error) {
    if (error instanceof ProviderError) return { fault: error.fault, waitMs: error.retryAfterMs };
    throw error;
  }
}
