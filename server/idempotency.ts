/** `Idempotency-Key`: the same request sent again gets the answer of the first, and its work is done once. */
import { createHash } from 'node:crypto';
import type { KeptAnswer } from '../domain/served.ts';
import type { Caller } from './caller.ts';
import type { Server } from './context.ts';
import { Problem } from './problem.ts';

/** What makes two requests the same. */
export interface RequestFacts {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The header, if it was sent. */
  readonly key: string | undefined;
  /** The body as it was received. */
  readonly body: string;
}

/** A key in use: either its work is to be done now and told how it ended, or it was done and this is its answer. */
export type Once =
  | { readonly kept: KeptAnswer }
  | {
      readonly kept: undefined;
      keep(answer: KeptAnswer): Promise<void>;
      /** Nothing was changed: the key is free again. */
      drop(): Promise<void>;
    };

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
const KEPT_BYTES = 1024 * 1024;
/** Headers of the moment, not of the answer; and those that a client may be handed only once. */
const NOT_KEPT = new Set(['date', 'set-cookie', 'connection', 'transfer-encoding', 'content-length', 'keep-alive']);

/**
 * Begins a request under its key, within tenant, principal, method and path; undefined when it has none.
 * @throws Problem 422 for a key that is none or was used for another request, 409 while the first one is under way.
 */
export async function beginOnce(server: Pick<Server, 'served'>, caller: Caller, request: RequestFacts): Promise<Once | undefined> {
  const { key } = request;
  if (key === undefined) return undefined;
  if (!PRINTABLE.test(key))
    throw new Problem(
      422,
      `Idempotency-Key: 1 to 255 printable ASCII characters, got ${JSON.stringify(key.slice(0, 100))} (${key.length})`,
    );
  const { idempotency } = server.served;
  const path = request.path.replace(/\?.*$/, '');
  const scope = JSON.stringify([caller.tenant, caller.person.id, request.method.toUpperCase(), path]);
  const hash = createHash('sha256')
    .update(JSON.stringify([request.path, request.body]))
    .digest('hex');
  const begun = await idempotency.begin(scope, key, hash);
  if (begun === 'busy') throw new Problem(409, `Idempotency-Key ${JSON.stringify(key)}: the first request with it is still under way`);
  if (begun === 'differs') throw new Problem(422, `Idempotency-Key ${JSON.stringify(key)}: was used for another request; take a new key`);
  if (begun !== 'begun') return { kept: begun };
  return {
    kept: undefined,
    keep: (answer) => idempotency.keep(scope, key, answer),
    drop: () => idempotency.drop(scope, key),
  };
}

/**
 * Does the work once for its key. An answer of 400 and more, and a throw, have changed nothing: the key is free again.
 *
 * For a run's stream or wait, give `rejoin`: kept are status and headers alone, from the moment the answer begins (its run is
 * committed by then), and the same request again is answered by `rejoin`, which follows the kept `Location` to the run. A route
 * with other wishes calls `beginOnce` itself. Reads need none of this.
 */
export async function withIdempotency(
  server: Pick<Server, 'served'>,
  caller: Caller,
  request: RequestFacts,
  work: () => Promise<Response>,
  rejoin?: (kept: KeptAnswer) => Promise<Response>,
): Promise<Response> {
  const once = await beginOnce(server, caller, request);
  if (once === undefined) return work();
  if (once.kept !== undefined) {
    const answer = rejoin === undefined || once.kept.status >= 400 ? responseOf(once.kept) : await rejoin(once.kept);
    answer.headers.set('idempotent-replayed', 'true');
    return answer;
  }
  let response: Response;
  try {
    response = await work();
  } catch (error) {
    await once.drop();
    throw error;
  }
  if (response.status >= 400) {
    await once.drop();
    return response;
  }
  if (rejoin !== undefined) {
    await once.keep({ status: response.status, headers: headersOf(response), body: '' });
    return response;
  }
  const body = await response.text();
  await once.keep(answerOf(response, body));
  return new Response(response.body === null ? null : body, response);
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

function responseOf({ status, headers, body }: KeptAnswer): Response {
  return new Response(status === 204 || status === 304 ? null : body, { status, headers });
}
