/** Refusals of the chat completions family in OpenAI's words, for the dialects that repeat them. */
import type { Detail, Rule } from './types.ts';

export interface ErrorMore {
  readonly type?: string;
  readonly param?: string | null;
  readonly code?: string | number | null;
}
export type ErrorBody = (message: string, more?: ErrorMore) => unknown;

/** A rule whose body a dialect's own shape makes. */
export const ruleOf =
  (body: ErrorBody) =>
  (status: number, source: string, say: (detail: Detail) => string, more: (detail: Detail) => ErrorMore = () => ({})): Rule => ({
    status,
    source,
    body: (detail) => body(say(detail), more(detail)),
  });

export const openAiError: ErrorBody = (message, more = {}) => ({
  error: { message, type: more.type ?? 'invalid_request_error', param: more.param ?? null, code: more.code ?? null },
});

export const param = (detail: Detail) => ({ param: detail.path ?? null });
export const coded =
  (code: string) =>
  (detail: Detail): ErrorMore => ({ param: detail.path ?? null, code });

/** No public report was found: the imitation is stricter than the endpoint is known to be. */
export const STRICTER = 'stricter than any public report';

export const SAY = {
  unanswered: (detail: Detail) =>
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${detail.value}`,
  insufficient: () =>
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. (insufficient tool messages following tool_calls message)",
  orphan: () => "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
  long: (detail: Detail) =>
    `Invalid '${detail.path}': string too long. Expected a string with maximum length ${detail.limit}, but got a string with length ${detail.count} instead.`,
  pattern: (detail: Detail) =>
    `Invalid '${detail.path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
  emptyArray: (detail: Detail) =>
    `Invalid '${detail.path}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
  type: (expected: string) => (detail: Detail) =>
    `Invalid type for '${detail.path}': expected ${expected}, but got ${detail.other ?? 'null'} instead.`,
  missing: (detail: Detail) => `Missing required parameter: '${detail.path}'.`,
  unsupportedModel: (detail: Detail) => `The model \`${detail.value}\` does not exist or you do not have access to it.`,
  schemaObject: (detail: Detail) =>
    `Invalid schema for function '${detail.value}': schema must be a JSON Schema of 'type: "object"', got 'type: "${detail.other}"'.`,
  window: (detail: Detail) =>
    `This model's maximum context length is ${detail.limit} tokens. However, your messages resulted in ${detail.count} tokens. Please reduce the length of the messages.`,
  requested: (detail: Detail) =>
    `This model's maximum context length is ${detail.limit} tokens. However, you requested ${(detail.count ?? 0) + (detail.index ?? 0)} tokens (${detail.count} in the messages, ${detail.index} in the completion). Please reduce the length of the messages or completion.`,
} as const;
