/** How many tokens a request holds at most and at least: from the report of the request it extends, or from its bytes. */

import { isDeepStrictEqual } from 'node:util';
import type { ChatAnswer, ChatMessage, ChatModel, ChatRequest } from '../domain/ports.ts';
import { extendsAsked } from './asked.ts';
import { opaqueBytesOf, pictureTokensOf, TOKENS_PER_PART, wireBytesOf, writtenBytes } from './count.ts';
import { createFacts, type Facts } from './facts.ts';
import type { Recorded } from './recorded.ts';

/** What a request's bound is made from: an upper bound of its input tokens, and where it comes from. */
export interface Bound {
  readonly tokens: number;
  readonly how: 'reported' | 'bytes';
}

/**
 * The longest token of o200k_base, cl100k_base, p50k_base and gpt2 is 128 bytes (a run of blanks, or of one mark); a text of
 * nothing else reaches it, and none goes further. A count below that is no count of these bytes.
 */
export const LONGEST_TOKEN_BYTES = 128;
/**
 * Prose and code are 3 to 6 bytes a token, deep indentation up to 10. A count below this may be true, but is nothing to stand on:
 * a report that is far too low would make every later count too low.
 */
export const USUAL_TOKEN_BYTES = 16;
/** What a template may leave out of a longer request by itself: the opening of an answer, a date, thoughts in a text. */
const TEMPLATE_TOKENS = 64;
/** What encryption and signatures add to reasoning that is sent back, in bytes. */
const SEALED_BYTES = 2048;

type Request = Pick<ChatRequest, 'messages' | 'tools'>;

/** @param previous the journal's record of the agent's last model call. */
export function boundOf(model: ChatModel, request: Request, previous: Recorded | undefined, facts: Facts = createFacts()): Bound {
  const bytes = model.countInput(request);
  const tokens = previous === undefined ? undefined : reportedBound(model, request, previous, facts);
  return tokens === undefined || tokens >= bytes ? { tokens: bytes, how: 'bytes' } : { tokens, how: 'reported' };
}

/** What was reported for the request that this one extends, its answer, and the bytes of what came after. */
function reportedBound(model: ChatModel, request: Request, { answer, counted }: Recorded, facts: Facts): number | undefined {
  if (counted === undefined || !counted.believed || !counted.usual || !extendsAsked(counted.asked, model, request, facts)) return undefined;
  const [newest, ...appended] = request.messages.slice(counted.asked.messages);
  if (newest === undefined) return undefined;
  let tokens = answer.usage.inputTokens + (isAnswer(newest, answer) ? answerBound(newest, answer) : bytesBound(newest, model));
  for (const message of appended) tokens += bytesBound(message, model);
  return tokens;
}

/** The very message that was answered, with nothing shortened and nothing added. */
function isAnswer(message: ChatMessage, { text, toolCalls, opaque }: Recorded['answer']): boolean {
  if (message.role !== 'assistant' || message.content !== text) return false;
  return isDeepStrictEqual(message.toolCalls, toolCalls) && isDeepStrictEqual(message.opaque, opaque);
}

/**
 * What a model wrote comes back as the tokens it was written in. Around it: the names of the parts, the ids and the escapes.
 * Where the report is too low to have held it, its bytes.
 */
function answerBound(message: ChatMessage, { text, toolCalls, usage: { outputTokens } }: Recorded['answer']): number {
  const written = writtenBytes(text, toolCalls);
  const sealed = opaqueBytesOf(message);
  const room = outputTokens * USUAL_TOKEN_BYTES;
  if (written > room || written + sealed > room + SEALED_BYTES) return bytesBound(message);
  return outputTokens + Math.max(0, wireBytesOf(message) - written) + partsOf(message) * TOKENS_PER_PART;
}

function bytesBound(message: ChatMessage, model?: ChatModel): number {
  return wireBytesOf(message) + opaqueBytesOf(message) + partsOf(message) * TOKENS_PER_PART + pictureTokensOf(message, model?.sight);
}

const partsOf = (message: ChatMessage): number => 1 + (message.role === 'assistant' ? message.toolCalls.length : 0);

/** What a request holds at least, and whether so many tokens are what its bytes let expect. */
export interface Least {
  readonly tokens: number;
  readonly usual: (inputTokens: number) => boolean;
}

/** From the bytes alone, and where it extends another: from what that one held. */
export function leastOf(model: ChatModel, request: Request, previous: Recorded | undefined, facts: Facts = createFacts()): Least {
  const all = facts.contentBytesOfAll(request.messages);
  const byBytes = Math.floor(all / LONGEST_TOKEN_BYTES);
  const usualOfAll = Math.floor(all / USUAL_TOKEN_BYTES);
  const counted = previous?.counted;
  if (counted === undefined || !extendsAsked(counted.asked, model, request, facts))
    return { tokens: byBytes, usual: (inputTokens) => inputTokens >= usualOfAll };
  // Reasoning of earlier turns may be dropped by the provider: as much may be missing as was sent back.
  const asked = request.messages.slice(0, counted.asked.messages);
  const before = counted.leastInputTokens - facts.opaqueBytesOfAll(asked);
  const added = all - facts.contentBytesOfAll(asked);
  const usualNow = Math.max(usualOfAll, before + Math.floor(added / USUAL_TOKEN_BYTES));
  return {
    tokens: Math.max(byBytes, before, before + Math.floor(added / LONGEST_TOKEN_BYTES) - TEMPLATE_TOKENS),
    usual: (inputTokens) => inputTokens >= usualNow,
  };
}

/** An answer holds at least these tokens: of its opaque part nobody knows. */
export function leastOutputOf(answer: Pick<ChatAnswer, 'text' | 'toolCalls'>): number {
  return Math.floor(writtenBytes(answer.text, answer.toolCalls) / LONGEST_TOKEN_BYTES);
}
