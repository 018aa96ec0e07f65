/** One HTTP exchange with a model endpoint: every fault is seen and classified here, before an SDK can hide it. */
import { z } from 'zod';
import { visible } from '../domain/access.ts';
import { ProviderError, toError } from '../domain/errors.ts';

/** Longest answer that is read, in bytes. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_MESSAGE = 500;
/** The request never reached the endpoint, so nothing was billed. */
const UNREACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const count = z.number().nullish().catch(undefined);
/** What others send is read leniently: only what is used, and strange usage numbers are judged later. */
export const answerSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(
              z.looseObject({
                id: z.string().nullish(),
                function: z.looseObject({ name: z.string(), arguments: z.string().nullish() }),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .looseObject({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.looseObject({ cached_tokens: count }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
});
export type WireAnswer = z.infer<typeof answerSchema>;

/** The exchange of one call: what its `fetch` saw. */
export interface Exchange {
  /** Refuses any other address than the endpoint's; hands a whole, checked answer on. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly seen: { answer: WireAnswer | undefined; fault: ProviderError | undefined };
}

/** @param options.baseUrl the only address that may be asked; `secret` never stands in an error message. */
export function createExchange(options: { baseUrl: string; secret: string | undefined }): Exchange {
  const seen: Exchange['seen'] = { answer: undefined, fault: undefined };
  const tidy = (text: string): string => {
    const masked = options.secret === undefined || options.secret.length < 4 ? text : text.replaceAll(options.secret, '***');
    return visible(masked.replace(/\b(?:sk|key|gsk|xai)-[\w*.-]{6,}/gi, '***')).slice(0, MAX_MESSAGE);
  };
  const exchange: Exchange['fetch'] = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(`${options.baseUrl.replace(/\/$/, '')}/`)) throw new Error(`address ${url} is not the endpoint ${options.baseUrl}`);
    let response: Response;
    try {
      response = await fetch(input, { ...init, redirect: 'manual' });
    } catch (error) {
      throw connectionFault(error);
    }
    let text: string;
    try {
      text = await readCapped(response);
    } catch (error) {
      if (response.ok) throw cut(`the answer was cut off: ${reasonOf(error)}`, error);
      text = '';
    }
    if (!response.ok) throw statusFault(response, tidy(messageOf(text)));
    seen.answer = checked(text, tidy);
    return new Response(text, { status: 200, headers: { 'content-type': 'application/json' } });
  };
  return {
    seen,
    fetch: async (input, init) => {
      try {
        return await exchange(input, init);
      } catch (error) {
        if (error instanceof ProviderError) seen.fault = error;
        throw error;
      }
    },
  };
}

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checked(text: string, tidy: (text: string) => string): WireAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw cut(`the answer is not JSON: ${tidy(text.slice(0, 200))}`, error);
  }
  const parsed = answerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const error = errorMessage(value);
  if (error !== undefined) throw cut(`the endpoint answered 200 with an error: ${tidy(error)}`, parsed.error);
  throw cut(`the answer is no chat completion: ${z.prettifyError(parsed.error).slice(0, MAX_MESSAGE)}`, parsed.error);
}

/** Something was answered and may have been billed, but it cannot be used. */
function cut(message: string, cause: unknown): ProviderError {
  return new ProviderError(message, { retryable: true, maybeBilled: true, cause });
}

function connectionFault(error: unknown): ProviderError {
  const unreached = codesOf(error).some((code) => UNREACHED.has(code));
  return new ProviderError(`no connection to the model endpoint: ${reasonOf(error)}`, {
    retryable: true,
    maybeBilled: !unreached,
    cause: error,
  });
}

function statusFault(response: Response, message: string): ProviderError {
  const { status } = response;
  return new ProviderError(`the model endpoint answered ${status}${message === '' ? '' : `: ${message}`}`, {
    retryable: status === 408 || status === 409 || status === 429 || status >= 500,
    maybeBilled: false,
    status,
    retryAfterMs: retryAfterMs(response.headers),
  });
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), measured by the endpoint's own clock. */
export function retryAfterMs(headers: Headers): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return Math.ceil(exact);
  const word = headers.get('retry-after')?.trim();
  if (word === undefined || word === '') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(word)) return Math.ceil(Number(word) * 1000);
  const wait = Date.parse(word) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function messageOf(text: string): string {
  try {
    return errorMessage(JSON.parse(text)) ?? text;
  } catch {
    return text;
  }
}

const errorSchema = z.object({ error: z.union([z.string(), z.looseObject({ message: z.string() })]) });

function errorMessage(value: unknown): string | undefined {
  const parsed = errorSchema.safeParse(value);
  if (!parsed.success) return undefined;
  return typeof parsed.data.error === 'string' ? parsed.data.error : parsed.data.error.message;
}

/** The codes along the causes; `fetch failed` hides the real one two levels down. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code);
    if (at instanceof AggregateError) codes.push(...at.errors.flatMap((inner) => codesOf(inner)));
  }
  return codes;
}

function reasonOf(error: unknown): string {
  const own = toError(error);
  return codesOf(error)[0] ?? own.message.slice(0, 200);
}
