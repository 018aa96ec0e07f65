/** The words that a dialect, its server and its tests share. */
import type { Json } from './json.ts';

export type DialectName =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic'
  | 'gemini'
  | 'mistral'
  | 'deepseek'
  | 'groq'
  | 'vllm'
  | 'llamacpp'
  | 'azure'
  | 'openrouter';

export const FAULT_NAMES = [
  'unauthorized',
  'payment',
  'forbidden',
  'not-found',
  'rate-limited-header',
  'rate-limited-body',
  'overloaded',
  'server-error',
  'html-error',
  'tool-use-failed',
  'context-exceeded',
  'content-filter',
  'finish-error',
  'error-in-200',
  'error-in-stream',
  'stream-although-false',
  'json-although-stream',
  'arguments-object',
  'arguments-null',
  'bad-tool-name',
  'long-id',
  'duplicate-ids',
  'cut-half',
  'stall',
  'slow-first-byte',
  'thinking-outside',
  'no-usage',
  'empty-answer',
  'length',
  'refusal',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface Fault {
  readonly name: FaultName;
  /** How many requests in a row this turn fails before the next turn is served; 1 when nothing is said. */
  readonly times?: number;
  /** Of `slow-first-byte`; 1500 when nothing is said. */
  readonly delayMs?: number;
}

export interface TurnCall {
  readonly name: string;
  /** An object, or a string that is sent as it stands. */
  readonly arguments: unknown;
  readonly id?: string;
}

export interface Turn {
  readonly text?: string;
  readonly reasoning?: string;
  readonly calls?: readonly TurnCall[];
  /** The finish reason on the wire, in the provider's own word. */
  readonly finish?: string;
  /** Replaces the usage object on the wire. */
  readonly usage?: Readonly<Record<string, unknown>> | 'none';
  readonly fault?: Fault;
}

export interface Billed {
  /** All input, cached or not. */
  readonly input: number;
  readonly cachedInput: number;
  /** All output, reasoning included. */
  readonly output: number;
}

export interface Recorded {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly raw: string;
  readonly status: number;
  /** `<dialect>/<rule>` of the refusal; absent when the request was accepted, also when a fault answered it. */
  readonly rule?: string;
  /** The fault that answered an accepted request. */
  readonly fault?: FaultName;
  readonly streamed: boolean;
  /** The server's own count; zero when refused. */
  readonly billed: Billed;
}

export interface DialectOptions {
  readonly turns: readonly Turn[] | ((nth: number, request: Recorded) => Turn);
  readonly model?: string;
  readonly windowTokens?: number;
  /** Answers carry reasoning that must come back as it was. */
  readonly reasoning?: boolean;
  /** Of `openai-chat`: Google's OpenAI-compatible endpoint, with its thought signatures. */
  readonly geminiCompat?: boolean;
  /** Of `anthropic`: the reasoning is redacted. */
  readonly redacted?: boolean;
  /** The model sees no pictures. */
  readonly blind?: boolean;
  /** Of the chat dialects: `total_tokens` counts thinking that `completion_tokens` leaves out. */
  readonly thinkingOutside?: boolean;
}

export interface DialectServer {
  /** What a user writes as `baseUrl`. */
  readonly baseUrl: string;
  /** Scheme, host and port alone: what some official clients want. */
  readonly origin: string;
  readonly apiKey: string;
  readonly model: string;
  readonly requests: readonly Recorded[];
  close(): Promise<void>;
}

/** What was wrong, for the words of the refusal. */
export interface Detail {
  readonly path?: string;
  readonly value?: string;
  readonly index?: number;
  readonly other?: string;
  readonly count?: number;
  readonly limit?: number;
}

export interface Offence {
  readonly rule: string;
  readonly detail: Detail;
}

/** A refusal: its status, its body in the provider's shape, and where it was seen. */
export interface Rule {
  readonly status: number;
  readonly source: string;
  body(detail: Detail): unknown;
}
export type Rules = Readonly<Record<string, Rule>>;

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
  /** `undefined` when the text is no JSON object. */
  readonly body: Json | undefined;
}

/** One server's settings and what it has handed out. */
export interface Context {
  readonly options: DialectOptions;
  readonly model: string;
  readonly apiKey: string;
  readonly windowTokens: number;
  /** What must come back unchanged, by a key that the dialect chooses. */
  readonly issued: Map<string, string>;
}

export interface Counts {
  readonly input: number;
  readonly cached: number;
  /** Written to a cache by this request; Anthropic alone says so. */
  readonly written: number;
  readonly text: number;
  readonly reasoning: number;
}

export interface AnswerCall {
  readonly name: string;
  readonly id: string;
  /** As the wire carries it in the chat shape: a string, or what a fault made of it. */
  readonly wire: unknown;
  /** As a value: the object, or the raw text where it is none. */
  readonly value: unknown;
}

export interface Answer {
  readonly nth: number;
  readonly context: Context;
  readonly request: Json;
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly AnswerCall[];
  /** What the turn or its fault wants as the end; the dialect has the word for it. */
  readonly end: 'stop' | 'calls' | 'length' | 'filter' | 'refusal' | 'error' | 'malformed';
  readonly finish: string | undefined;
  readonly counts: Counts;
  readonly usage: Turn['usage'];
  /** The total counts thinking that the output count leaves out. */
  readonly thinkingOutside: boolean;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Unit {
  readonly text: string;
  /** Ends a part that the request asks to cache. */
  readonly mark?: boolean;
}

export interface Dialect {
  readonly name: DialectName;
  /** The part of `baseUrl` after the port. */
  base(options: DialectOptions): string;
  defaultModel(options: DialectOptions): string;
  readonly rules: Rules;
  /** Everything that may be wrong; the first that `rules` knows is the refusal. */
  offences(incoming: Incoming, context: Context, inputTokens: number): Iterable<Offence>;
  streamed(incoming: Incoming): boolean;
  /** The request in parts that are counted and cached one by one. */
  units(body: Json): readonly Unit[];
  /** Whether every request reads the cache, or only marked parts, or none is reported. */
  readonly caching: 'prefix' | 'marks' | 'none';
  whole(answer: Answer): unknown;
  /** Whole events, blank line included. */
  stream(answer: Answer): readonly string[];
  /** Faults that answer instead of the model. */
  readonly errors: Readonly<Partial<Record<FaultName, ErrorAnswer>>>;
  /** The event of `error-in-stream`; what this dialect cannot do is left out. */
  readonly streamError?: string;
  /** The request turns thinking off. */
  quiet?(body: Json): boolean;
  /** Faults that this dialect does not know. */
  readonly without: readonly FaultName[];
}
