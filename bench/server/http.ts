/** Requests with as little of the client's own time as may be: kept connections, and the moments of a stream. */
import { Agent, type IncomingMessage, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 512 });

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
    const count = (chunk as Buffer).toString('latin1').split('event: ').length - 1; // no encoding was set
    if (count === 0) continue;
    last = performance.now();
    first ??= last;
    events += count;
    onEvents?.(count);
  }
  return { firstMs: (first ?? last) - began, closeMs: performance.now() - last, events };
}
