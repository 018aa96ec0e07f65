/** What is wrong before the body is looked at: path, method, key, content type, JSON. */
import type { Context, Incoming, Offence } from './types.ts';

export function* envelope(incoming: Incoming, context: Context, paths: readonly string[]): Generator<Offence> {
  yield* pathOffences(incoming, paths);
  yield* bearer(incoming, context);
  yield* bodyOffences(incoming);
}

export function* pathOffences(incoming: Incoming, paths: readonly string[]): Generator<Offence> {
  if (!paths.includes(incoming.url.pathname)) yield { rule: 'path', detail: { path: incoming.url.pathname, value: incoming.method } };
  if (incoming.method !== 'POST') yield { rule: 'method', detail: { path: incoming.url.pathname, value: incoming.method } };
}

/** `Authorization: Bearer <key>`, and nothing else will do. */
function* bearer(incoming: Incoming, context: Context): Generator<Offence> {
  const given = incoming.headers['authorization'] ?? '';
  if (!given.startsWith('Bearer ')) yield { rule: 'key-missing', detail: {} };
  if (given !== `Bearer ${context.apiKey}`) yield { rule: 'key-wrong', detail: { value: given.slice(-4) } };
}

/** A key in a header of the provider's own. */
export function* headerKey(incoming: Incoming, context: Context, name: string): Generator<Offence> {
  const given = incoming.headers[name];
  if (given === undefined || given === '') yield { rule: 'key-missing', detail: { path: name } };
  if (given !== context.apiKey) yield { rule: 'key-wrong', detail: { path: name, value: (given ?? '').slice(-4) } };
}

export function* bodyOffences(incoming: Incoming): Generator<Offence> {
  const type = incoming.headers['content-type'] ?? '';
  if (!/^application\/json\b/.test(type)) yield { rule: 'content-type', detail: { value: type } };
  if (incoming.body === undefined) yield { rule: 'json', detail: { value: incoming.raw.slice(0, 40) } };
}
