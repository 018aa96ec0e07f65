/** One HTTP exchange with a model endpoint: every fault is seen and classified here, before an SDK can hide it. */
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import { ProviderError, toError } from '../../domain/errors.ts';
import { failpoint } from '../../domain/failpoint.ts';
import type { ChatAnswer } from '../../domain/ports.ts';
import type { Call, Dialect, Json, Read, SdkFetch } from '../dialects/dialect.ts';
import { below } from './address.ts';
import { readBody } from './body.ts';
import { connectionFault, reasonOf } from './connection.ts';
import { errorFault, errorIn, statusFault } from './said.ts';
import type { Arrived, Transport } from './transport.ts';

const MAX_MESSAGE = 500;

export interface Endpoint {
  readonly dialect: Dialect;
  readonly baseUrl: string;
  readonly secret: string | undefined;
  readonly transport: Transport;
}

/** The exchange of one call: what its `fetch` saw. */
export interface Exchange {
  readonly fetch: SdkFetch;
  readonly seen: { answer: ChatAnswer | undefined; fault: ProviderError | undefined };
}

export interface Heard {
  /** A part of an answer arrived. */
  readonly onBytes: () => void;
  readonly onText: (piece: string) => void;
}

/** The secret never stands in an error message, nor anything that looks like a key. */
function tidier(secret: string | undefined): (text: string) => string {
  return (text) => {
    const masked = secret === undefined || secret.length < 4 ? text : text.replaceAll(secret, '***');
    return visible(masked.replace(/\b(?:sk|key|gsk|xai)-[\w*.-]{6,}|\bAIza[\w-]{10,}/gi, '***')).slice(0, MAX_MESSAGE);
  };
}

export function createExchange(endpoint: Endpoint, call: Call, heard: Heard): Exchange {
  const seen: Exchange['seen'] = { answer: undefined, fault: undefined };
  const tidy = tidier(endpoint.secret);
  const exchange = async (made: Json): Promise<unknown> => {
    const arrived = await post(endpoint, call, made);
    heard.onBytes();
    failpoint('wire:headers');
    if (arrived.status < 200 || arrived.status > 299)
      throw statusFault(arrived.status, arrived.headers, await textOf(arrived, heard), tidy);
    try {
      const whole = await wholeBody(endpoint.dialect, arrived, heard, tidy);
      failpoint('wire:whole');
      seen.answer = answerIn(endpoint.dialect.read(whole, call), tidy);
      return whole;
    } catch (error) {
      if (error instanceof ProviderError || call.signal.aborted) throw error;
      // Nested deeper than any stack, a number that is none: nothing that an endpoint sends may be an error of ours.
      throw unreadable(`the answer cannot be read: ${tidy(toError(error).message)}`, error);
    }
  };
  return {
    seen,
    fetch: async (input, init) => {
      try {
        const made = await requestBody(input, init);
        return Response.json(await exchange(made));
      } catch (error) {
        if (error instanceof ProviderError) seen.fault = error;
        throw error;
      }
    },
  };
}

/** An answer that can be recorded as it is; a fault in which nothing stands that must not. */
function answerIn(read: Read, tidy: (text: string) => string): ChatAnswer {
  if (read.kind === 'fault') {
    const { fault, status, retryAfterMs, cause } = read.fault;
    throw new ProviderError(tidy(read.fault.message), { fault, status, retryAfterMs, cause });
  }
  z.json().optional().parse(read.answer.opaque?.content);
  return read.answer;
}

async function requestBody(input: string | URL | Request, init: RequestInit | undefined): Promise<Json> {
  // Some SDKs hand over a request, some its parts.
  const text = await new Request(input, init).text();
  return JSON.parse(text) as Json; // what our own SDK wrote
}

async function post({ dialect, baseUrl, secret, transport }: Endpoint, call: Call, made: Json): Promise<Arrived> {
  const body = JSON.stringify(dialect.body(made, call));
  try {
    return await transport.post(below(baseUrl, dialect.path(call.config)), {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        // Gateways in front of endpoints turn away who names nothing.
        'user-agent': 'governor',
        ...dialect.headers(secret),
        ...call.request.headers,
      },
      body,
      signal: call.signal,
    });
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason;
    throw connectionFault(error);
  }
}

async function textOf(arrived: Arrived, heard: Heard): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of arrived.body) {
      heard.onBytes();
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > 256 * 1024) break;
    }
  } catch {
    // An error whose text is cut is told by its status.
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function wholeBody(dialect: Dialect, arrived: Arrived, heard: Heard, tidy: (text: string) => string): Promise<unknown> {
  let body: Awaited<ReturnType<typeof readBody>>;
  try {
    body = await readBody(arrived.body, {
      assembler: dialect.assembler(),
      onBytes: () => {
        failpoint('wire:piece');
        heard.onBytes();
      },
      onText: heard.onText,
      errorIn: (event, name) => errorIn(name === 'error' && !hasError(event) ? { error: event } : event),
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw unreadable(`an event of the answer cannot be read: ${tidy(error.message)}`, error);
    throw new ProviderError(`the answer was cut off: ${reasonOf(error)}`, { fault: 'cut', cause: error });
  }
  if (body.kind === 'events') {
    const told = body.error as ReturnType<typeof errorIn>; // from `errorIn` above
    if (told !== undefined) throw errorFault(told, body.begun, tidy);
    if (body.whole === undefined) throw new ProviderError('the answer was cut off: its stream ended early', { fault: 'cut' });
    return body.whole;
  }
  return jsonBody(body.text, tidy);
}

function jsonBody(text: string, tidy: (text: string) => string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(`the answer is not JSON: ${tidy(text.slice(0, 200))}`, error);
  }
  const told = errorIn(value);
  if (told !== undefined) throw errorFault(told, false, tidy);
  return value;
}

const hasError = (event: unknown): boolean => event !== null && typeof event === 'object' && 'error' in event;

function unreadable(message: string, cause: unknown): ProviderError {
  return new ProviderError(message, { fault: 'unreadable', cause });
}
