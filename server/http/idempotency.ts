/** `Idempotency-Key`: the same request sent again gets the answer of the first, and its work is done once. */
import { createHash } from 'node:crypto';
import type { KeptAnswer } from '../../domain/idempotency.ts';
import type { Server } from '../context.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { Problem } from './problem.ts';

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
const KEPT_BYTES = 1024 * 1024;
/** Headers of the moment, not of the answer; and those that a client may be handed only once. */
const NOT_KEPT = new Set(['date', 'set-cookie', 'connection', 'transfer-encoding', 'content-length', 'keep-alive']);

/** Their answers stay open as long as the run does, and are found again by their `Location`. */
const isFollowed = ({ media, path }: Pick<Endpoint, 'media' | 'path'>): boolean =>
  media === 'text/event-stream' || path.endsWith('/runs/wait');

export interface KeyedRequest {
  readonly call: Pick<Call, 'c' | 'caller'>;
  readonly endpoint: Pick<Endpoint, 'method' | 'path' | 'permission' | 'media'> & Partial<Pick<Endpoint, 'isRefusal'>>;
  /** As it was sent. */
  readonly body: unknown;
}

/**
 * Does the work once for the request's `Idempotency-Key`, within tenant, principal, method and path. An answer of 400 and more, and
 * a throw, have changed nothing: the key is free again. Reads need none of this.
 *
 * Of a run that is streamed or waited for, status and headers are kept from the moment its answer begins (the run is committed by
 * then), and the same request again is answered by `rejoin`, which asks for the kept `Location` on behalf of the same caller.
 * @throws Problem 422 for a key that is none or was used for another request, 409 while the first one is under way.
 */
export async function withIdempotency(
  server: Pick<Server, 'served'>,
  { call, endpoint, body }: KeyedRequest,
  { work, rejoin }: { readonly work: () => Promise<Response>; readonly rejoin: (location: string) => Promise<Response> },
): Promise<Response> {
  const key = call.c.req.header('idempotency-key');
  const only = endpoint.permission === 'read' && endpoint.isRefusal === undefined;
  if (key === undefined || endpoint.method === 'get' || only) return work();
  if (!PRINTABLE.test(key))
    throw new Problem(
      422,
      `Idempotency-Key: 1 to 255 printable ASCII characters, got ${JSON.stringify(key.slice(0, 100))} (${key.length})`,
    );
  const { idempotency } = server.served;
  const { pathname, search } = new URL(call.c.req.url);
  const scope = JSON.stringify([call.caller.tenant, call.caller.person.id, endpoint.method, pathname]);
  const hash = createHash('sha256')
    .update(JSON.stringify([search, body ?? null]))
    .digest('hex');
  const begun = await idempotency.begin(scope, key, hash);
  if (begun === 'busy')
    throw new Problem(409, `Idempotency-Key ${JSON.stringify(key)}: the first request with it is still under way`, { 'retry-after': '1' });
  if (begun === 'differs') throw new Problem(422, `Idempotency-Key ${JSON.stringify(key)}: was used for another request; take a new key`);
  if (begun !== 'begun') return replayed(begun, isFollowed(endpoint) ? rejoin : undefined);
  let response: Response;
  try {
    response = await work();
  } catch (error) {
    await idempotency.drop(scope, key);
    throw error;
  }
  if (response.status >= 400) {
    await idempotency.drop(scope, key);
    return response;
  }
  if (isFollowed(endpoint)) {
    await idempotency.keep(scope, key, { status: response.status, headers: headersOf(response), body: '' });
    return response;
  }
  const text = await response.text();
  if (endpoint.isRefusal?.(text) === true) {
    await idempotency.drop(scope, key);
    return new Response(text, response);
  }
  await idempotency.keep(scope, key, answerOf(response, text));
  return new Response(response.body === null ? null : text, response);
}

/**
 * The id of the run that a request with a key starts; undefined without one. The same request names the same run, so that a crash
 * between the run's commit and its kept answer starts no second one.
 */
export function runIdOfKey(call: Pick<Call, 'c' | 'caller' | 'body'>, index: number): string | undefined {
  const key = call.c.req.header('idempotency-key');
  if (key === undefined) return undefined;
  const { pathname, search } = new URL(call.c.req.url);
  const hex = createHash('sha256')
    .update(JSON.stringify(['run', call.caller.tenant, call.caller.person.id, pathname, search, key, call.body, index]))
    .digest('hex');
  // A UUID of version 8: its bits are the application's own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

async function replayed(kept: KeptAnswer, rejoin: ((location: string) => Promise<Response>) | undefined): Promise<Response> {
  const location = kept.headers['location'];
  const answer =
    rejoin === undefined || location === undefined
      ? new Response(kept.body === '' ? null : kept.body, { status: kept.status, headers: kept.headers })
      : await rejoin(location);
  answer.headers.set('idempotent-replayed', 'true');
  return answer;
}

/** A long answer is not kept, but that the work was done is: doing it again would be worse than not telling its answer again. */
function answerOf(response: Response, body: string): KeptAnswer {
  const bytes = Buffer.byteLength(body);
  if (bytes <= KEPT_BYTES) return { status: response.status, headers: headersOf(response), body };
  const detail = `Idempotency-Key: the request was done; its answer of ${bytes} bytes is over the ${KEPT_BYTES} that are kept`;
  return { status: 409, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ detail }) };
}

const headersOf = (response: Response): Record<string, string> =>
  Object.fromEntries([...response.headers].filter(([name]) => !NOT_KEPT.has(name)));
