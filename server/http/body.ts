/** The body of a request: bounded, JSON whatever the browser called it, and nothing in it that a later reader would bring to life. */
import type { Context } from 'hono';
import { Problem } from './problem.ts';

const MAX_DEPTH = 100;
/** LangChain's own serialised form: who loads such a value constructs a class or reads a secret. */
const REVIVED: readonly unknown[] = ['constructor', 'secret', 'not_implemented', 'undefined', 'delta_snapshot'];

/**
 * The parsed body; undefined when there is none.
 * @throws Problem 400 wrong JSON or UTF-8, 413 too long, 415 another media type, 422 a forbidden value, naming where.
 */
export async function readBody(c: Context, limits: { readonly bodyBytes: number }): Promise<unknown> {
  const bytes = await bytesOf(c, limits.bodyBytes).catch((error: unknown) => {
    throw error instanceof Problem ? error : new Problem(400, 'body: ended before its end');
  });
  if (bytes.length === 0) return undefined;
  assertMedia(c.req.raw.headers);
  const first = parsed(textOf(bytes));
  const value = typeof first === 'string' ? unwrapped(first) : first;
  inspect(value, []);
  return value;
}

/** Studio sends JSON as text/plain, to be spared a preflight; `server/http/origin.ts` does that check instead. */
function assertMedia(headers: Headers): void {
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw new Problem(415, `content-encoding ${JSON.stringify(encoding)}: send the body as it is`);
  const media = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (media === '' || media === 'application/json' || media === 'text/plain' || /^application\/[a-z0-9.-]+\+json$/.test(media)) return;
  throw new Problem(415, `content-type ${JSON.stringify(media)}: send application/json`);
}

async function bytesOf(c: Context, limit: number): Promise<Uint8Array> {
  const request = c.req.raw;
  const tooLong = (): Problem => new Problem(413, `body: longer than ${limit} bytes`, { connection: 'close' });
  const told = request.headers.get('content-length');
  if (told !== null && !(Number(told) <= limit)) throw tooLong();
  // What a middleware of the project has read is Hono's to give again.
  const readBefore = Object.keys(c.req.bodyCache).length > 0;
  if (told !== null || readBefore) {
    // The HTTP parser has held the sender to the length it told.
    const bytes = new Uint8Array(await (readBefore ? c.req : request).arrayBuffer());
    if (bytes.length > limit) throw tooLong();
    return bytes;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream: nothing is read after the limit.
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, 'body: is not valid UTF-8');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, `body: is not JSON (${error instanceof Error ? error.message.slice(0, 200) : 'unreadable'})`);
  }
}

/** Some clients encode twice; a plain string stays one. */
function unwrapped(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Nothing to look into: most members of a large body. */
const isPlain = (value: unknown): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'object' || value === null;

function inspect(value: unknown, path: string[]): void {
  // Written down again, `1e999` would be null: another value than the one that was sent.
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refused(path, `is a number beyond ${value < 0 ? '-' : ''}1.8e308, the largest that can be kept; send it as text`);
  if (typeof value !== 'object' || value === null) return;
  if (path.length >= MAX_DEPTH) throw refused(path, `is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) {
      if (isPlain(member)) continue;
      path.push(String(index));
      inspect(member, path);
      path.pop();
    }
    return;
  }
  if ('lc' in value && typeof value.lc === 'number' && 'type' in value && REVIVED.includes(value.type))
    throw refused(path, 'serialised LangChain objects ("lc") are not accepted; send a message as { role, content }');
  for (const [key, member] of Object.entries(value)) {
    path.push(key);
    if (key === '__proto__') throw refused(path, 'this key is not allowed');
    if (key === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype'))
      throw refused([...path, 'prototype'], 'this key is not allowed');
    if (!isPlain(member)) inspect(member, path);
    path.pop();
  }
}

/** A path of a hundred members tells no more than its first ones. */
function refused(path: readonly string[], rule: string): Problem {
  const named = path.slice(0, 8).map((part) => (part.length > 50 ? `${part.slice(0, 50)}...` : part));
  return new Problem(422, `${['body', ...named, ...(path.length > 8 ? ['...'] : [])].join('.')}: ${rule}`);
}
