/** What one dialect of model endpoints must know; everything else about a call is the same for all (`models/endpoint.ts`). */

import { z } from 'zod';
import type { ModelConfig } from '../../domain/config.ts';
import { ProviderError } from '../../domain/errors.ts';
import type { PictureType } from '../../domain/picture.ts';
import type { ChatAnswer, ChatRequest } from '../../domain/ports.ts';

/** JSON as it stands on the wire. */
export type Json = Readonly<Record<string, unknown>>;

/** A `fetch` that the SDK of a dialect is given: it never sees the address, the key or a broken answer. */
export type SdkFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** One call, as a dialect sees it. */
export interface Call {
  readonly config: ModelConfig;
  readonly request: ChatRequest;
  /** The `origin` of the model: opaque content of another is not for it. */
  readonly origin: string;
  /** The digest of a message or a tool; of one that was asked before it is known. */
  readonly digestOf: (part: object) => string;
  readonly signal: AbortSignal;
}

/** Puts the events of a stream together to the body that the same call would have had without one. */
export interface Assembler {
  /** One event; `name` where the dialect names its events. */
  add(event: unknown, name: string | undefined): void;
  /** True once the dialect itself said that nothing more comes; `[DONE]` says it for all. */
  isOver(): boolean;
  /** Text for people that came since it was last asked. */
  text(): string;
  /** The whole body; undefined when the stream ended before the answer did. */
  whole(): unknown;
}

export type Read = { readonly kind: 'answer'; readonly answer: ChatAnswer } | { readonly kind: 'fault'; readonly fault: ProviderError };

/**
 * How a dialect is added: one file with these seven, one line in `models/dialects/choose.ts`.
 *
 * @example
 * const echo: Dialect = {
 *   name: 'echo',
 *   pictures: [],
 *   path: () => '/echo',
 *   headers: (secret) => ({ authorization: `Bearer ${secret}` }),
 *   send: async (call, fetch) => void (await fetch('https://sdk.invalid', { method: 'POST', body: JSON.stringify(call.request) })),
 *   body: (made) => made,
 *   assembler: () => createEchoAssembler(),
 *   read: (body) => ({ kind: 'answer', answer: echoed(body) }),
 * };
 */
export interface Dialect {
  readonly name: string;
  /** The kinds of pictures that it carries with a result; none: words alone. */
  readonly pictures: readonly PictureType[];
  /** The way of a call below the base address, with its own query. */
  path(config: ModelConfig): string;
  /** Who asks: nothing where there is no secret. */
  headers(secret: string | undefined): Readonly<Record<string, string>>;
  /** Lets the SDK make the request and hand it to `fetch`, once. What it throws after that is not looked at. */
  send(call: Call, fetch: SdkFetch): Promise<void>;
  /** What the SDK made, as this endpoint wants it: streamed, within its rules, with the opaque content of its own answers. */
  body(made: Json, call: Call): Json;
  assembler(): Assembler;
  /** A whole body, streamed or not. */
  read(body: unknown, call: Call): Read;
}

/** Endpoints that stream are read as they come; a configuration may switch it off for one that cannot. */
export const streams = (config: ModelConfig): boolean => config.stream !== false;

/** A whole body that is no answer, and where. */
export function unreadable(what: string, error?: z.ZodError): Read {
  const where = error === undefined ? '' : `: ${z.prettifyError(error).slice(0, 500)}`;
  return { kind: 'fault', fault: new ProviderError(`the answer ${what}${where}`, { fault: 'unreadable', cause: error }) };
}

/** A text of a wire's loose JSON; empty where it is none. */
export const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
