/** Requests with as little of the client's own time as may be: kept connections, and the moments of a stream. */
import { Agent, type IncomingMessage, request } from 'node:http';

const agent = new Agent({ keepAlive: true });

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

export interface StreamMoments {
  /** From the request to the first bytes of the first event. */
  readonly firstMs: number;
  /** From the last bytes of the last event to the end of the answer. */
  readonly closeMs: number;
  readonly events: number;
}

function open(
  method: string,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

/** @throws Error naming the request, when the status is no success. */
export async function ask(method: string, url: string, body?: unknown): Promise<Reply> {
  const began = performance.now();
  const answer = await open(method, url, body);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer); // no encoding was set
  const text = Buffer.concat(chunks).toString();
  const status = answer.statusCode ?? 0;
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${text.slice(0, 200)}`);
  return { status, text, ms: performance.now() - began };
}

const eventsIn = (chunk: Buffer): number => chunk.toString('latin1').split('event: ').length - 1;

export interface Held {
  /** Resolves when the stream was broken or the signal ended it. */
  readonly end: Promise<void>;
}

/** A stream that is held open until the signal: resolves when the server has answered. */
export async function held(url: string, body: unknown, signal: AbortSignal, onEvents: (count: number) => void): Promise<Held> {
  const answer = await open('POST', url, body, {}, signal);
  if (answer.statusCode !== 200) throw new Error(`POST ${url}: ${answer.statusCode}`);
  answer.on('data', (chunk: Buffer) => {
    const count = eventsIn(chunk);
    if (count > 0) onEvents(count);
  });
  return { end: new Promise((end) => answer.once('close', end).once('error', () => end())) };
}

export async function streamed(
  method: string,
  url: string,
  body?: unknown,
  headers?: Record<string, string>,
  signal?: AbortSignal,
  onEvents?: (count: number) => void,
): Promise<StreamMoments> {
  const began = performance.now();
  const answer = await open(method, url, body, headers, signal);
  if (answer.statusCode !== 200) throw new Error(`${method} ${url}: ${answer.statusCode}`);
  let first: number | undefined;
  let last = began;
  let events = 0;
  for await (const chunk of answer) {
    const count = eventsIn(chunk as Buffer); // no encoding was set
    if (count === 0) continue;
    last = performance.now();
    first ??= last;
    events += count;
    onEvents?.(count);
  }
  return { firstMs: (first ?? last) - began, closeMs: performance.now() - last, events };
}
