/** What an endpoint says went wrong: its status and the error object of its body, whatever dialect it speaks. */
import { z } from 'zod';
import { ProviderError } from '../../domain/errors.ts';
import type { FaultName } from '../../domain/faults.ts';
import { askedWaitMs } from './waits.ts';

/** An error as it was told. `code` is what programs read: a word or a number in any of the places where providers put it. */
export interface Said {
  readonly status: number;
  readonly codes: readonly string[];
  readonly message: string;
  /** It also says how long to wait. Gemini words a full minute like an empty account, and only this tells them apart. */
  readonly waits: boolean;
}

const word = z.union([z.string(), z.number()]).nullish().catch(undefined);
const errorObject = z.looseObject({ message: z.string().nullish().catch(undefined), code: word, type: word, status: word });
const bodySchema = z.looseObject({
  error: z.union([z.string(), errorObject]).nullish().catch(undefined),
  message: z.union([z.string(), z.unknown().transform((value) => JSON.stringify(value))]).nullish(),
  detail: z.unknown().optional(),
  object: word,
  type: word,
  code: word,
});

/** The error in a body; undefined where there is none. Gemini's stream wraps it into a list; FastAPI tells `detail`. */
export function errorIn(value: unknown): { codes: string[]; message: string } | undefined {
  if (Array.isArray(value) && value.length === 1) return errorIn(value[0]);
  const parsed = bodySchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { error, message, detail, object, type, code } = parsed.data;
  const words = (...all: (string | number | null | undefined)[]): string[] =>
    all.flatMap((one) => (one === undefined || one === null ? [] : [String(one)]));
  if (typeof error === 'string' && error !== '') return { codes: words(code, type), message: error };
  // An empty place for an error is none; gateways that were written in other languages send it with every answer.
  if (typeof error === 'object' && error !== null && Object.values(error).some((one) => one !== undefined && one !== null && one !== ''))
    return { codes: words(error.code, error.type, error.status), message: error.message ?? JSON.stringify(error) };
  if (object === 'error' || type === 'error') return { codes: words(code, type), message: message ?? JSON.stringify(value) };
  if (detail !== undefined && detail !== null)
    return { codes: words(code), message: typeof detail === 'string' ? detail : JSON.stringify(detail) };
  return undefined;
}

const TOO_LONG =
  /context_length_exceeded|exceed_context_size|maximum context length|context length of only|prompt is too long|input token count .*exceeds|exceeds? the (?:available |model'?s? )?(?:maximum )?(?:context|number of tokens)|too large for model with \d+ maximum context|reduce the length of the messages|context window/i;
const NO_CREDIT =
  /insufficient_quota|insufficient[ _](?:balance|credits|funds)|credit balance is too low|exceeded your current quota|billing|payment[ _]required|requires? more credits/i;
const MALFORMED = /tool_use_failed|failed to call a function|MALFORMED_FUNCTION_CALL/i;

/** The fault of a refusal: its status first, its words where one status means several things. */
export function faultOfSaid({ status, codes, message, waits }: Said): FaultName {
  const text = `${codes.join(' ')} ${message}`;
  if (MALFORMED.test(text)) return 'malformed-call';
  if ((status === 400 || status === 413 || status === 422) && TOO_LONG.test(text)) return 'too-long';
  if (status === 402) return 'no-credit';
  if ((status === 429 || status === 400 || status === 403) && !waits && NO_CREDIT.test(text)) return 'no-credit';
  // Gemini tells a wrong key as 400 API_KEY_INVALID.
  if (status === 401 || (status === 400 && /API_KEY_INVALID|API key not valid/.test(text))) return 'unauthorized';
  if (status === 403) return 'forbidden';
  // DeepSeek tells a wrong model as 400.
  if (status === 404 || (status === 400 && /model[^.]{0,60}(?:not exist|not found)/i.test(text))) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status === 503 || status === 529) return 'overloaded';
  if (status === 408 || status === 409 || status >= 500) return 'server-error';
  return 'refused';
}

/** The fault of an answer with an error status. */
export function statusFault(status: number, headers: Headers, text: string, tidy: (text: string) => string): ProviderError {
  const told = errorIn(parsed(text));
  const message = tidy(told?.message ?? text);
  const retryAfterMs = askedWaitMs(headers, text);
  const fault = faultOfSaid({ status, codes: told?.codes ?? [], message: told?.message ?? text, waits: retryAfterMs !== undefined });
  return new ProviderError(`the model endpoint answered ${status}${message === '' ? '' : `: ${message}`}`, {
    fault,
    status,
    retryAfterMs,
  });
}

/** Words that stand for a status where an error inside an answer has none (Anthropic's types, Gemini's, OpenAI's). */
const STATUS_OF: readonly [RegExp, number][] = [
  [/overloaded|unavailable/i, 503],
  [/rate_limit|resource_exhausted|too_many/i, 429],
  [/authentication|unauthenticated|invalid_api_key/i, 401],
  [/permission/i, 403],
  [/not_found/i, 404],
  [/invalid_request|invalid_argument|invalid_prompt/i, 400],
  [/api_error|server_error|internal/i, 500],
];

/**
 * The fault of an error that came inside a 200. Before anything of an answer it is what its own code says; in the middle of one it may
 * have been billed.
 */
export function errorFault(
  told: { codes: readonly string[]; message: string },
  begun: boolean,
  tidy: (text: string) => string,
): ProviderError {
  const numbers = told.codes.map(Number).filter((code) => Number.isInteger(code) && code >= 400 && code < 600);
  const status = numbers[0] ?? STATUS_OF.find(([pattern]) => told.codes.some((code) => pattern.test(code)))?.[1] ?? 500;
  const message = `the endpoint answered 200 with an error: ${tidy(told.message)}`;
  const retryAfterMs = askedWaitMs(new Headers(), told.message);
  const fault = faultOfSaid({ status, codes: told.codes, message: told.message, waits: retryAfterMs !== undefined });
  const later: FaultName = fault === 'server-error' || fault === 'overloaded' || fault === 'refused' ? 'interrupted' : fault;
  return new ProviderError(message, { fault: begun || fault === 'server-error' ? later : fault, status, retryAfterMs });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
