/** What was asked, by digest: whether a request extends another is checked against the journal, never assumed. */
import { z } from 'zod';
import { digestOf } from '../domain/ids.ts';
import type { ChatModel, ChatRequest } from '../domain/ports.ts';
import { createFacts, type Facts } from './facts.ts';

export const askedSchema = z.strictObject({
  /** The model's, in one line: another one counts other tokens. */
  origin: z.string(),
  /** How many messages, and the digest of all of them. */
  messages: z.int(),
  digest: z.string(),
  tools: z.string(),
});
export type AskedDigest = z.infer<typeof askedSchema>;

type Request = Pick<ChatRequest, 'messages' | 'tools'>;

export function askedOf(model: ChatModel, request: Request, { digestOfAll }: Facts = createFacts()): AskedDigest {
  const { messages, tools } = request;
  return { origin: model.origin, messages: messages.length, digest: digestOfAll(messages), tools: digestOfAll(tools) };
}

/** The request begins with all that was asked, of the same model, with the same tools, and goes on. */
export function extendsAsked(asked: AskedDigest, model: ChatModel, { messages, tools }: Request, { digestOfAll }: Facts): boolean {
  return (
    asked.origin === model.origin &&
    messages.length > asked.messages &&
    asked.tools === digestOfAll(tools) &&
    asked.digest === digestOfAll(messages.slice(0, asked.messages))
  );
}

/** The digest of a whole request as asked, its headers left out. */
export function requestHashOf(request: Omit<ChatRequest, 'headers'>, { digestOfAll }: Facts): string {
  return digestOf({ ...request, messages: digestOfAll(request.messages), tools: digestOfAll(request.tools) });
}
