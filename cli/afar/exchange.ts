/** The way to a server: one token for one origin, bounded answers, and tries again only where doing it twice does it once. */
import { randomUUID } from 'node:crypto';
import { UsageError } from '../../domain/errors.ts';
import { MAX_RETRY_AFTER_MS, refusalError, retryAfterMs, shown, wayFault } from './faults.ts';

/** Longest answer, in bytes; a difference can be long. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Longest time until the head of an answer, and until its end, in ms: `cancel` waits for a process to stop. */
const ANSWER_MS = 120_000;
const MAX_REDIRECTS = 3;
/** A shorter token would be found in words that are none. */
const MIN_SECRET_CHARACTERS = 8;
/** How long it waits before it tries again, in ms; a server is restarted in that time. */
const PATIENT_MS = [250, 500, 1000, 2000, 4000, 8000, 8000];
/** The first question: a wrong address is told soon. */
const QUICK_MS = [250, 500];

/** Whoever calls, and how they are known. */
export interface Credential {
  /** Undefined: none is known. */
  token(): Promise<string | undefined>;
  /** After a 401: another one, or undefined. */
  renewed(): Promise<string | undefined>;
  readonly from: 'GOVERNOR_TOKEN' | 'login' | undefined;
}

export interface ExchangeOptions {
  /** Without a slash at the end. */
  readonly server: string;
  readonly credential: Credential;
  readonly loginCommand: string;
}

/** A whole answer. */
export interface Answer {
  readonly headers: Headers;
  readonly text: string;
  readonly media: string;
}

export interface Exchange {
  readonly server: string;
  /** Gives up where the signal aborts. */
  get(path: string, signal?: AbortSignal): Promise<Answer>;
  /** With an `Idempotency-Key`: it is done once, however often it is sent. */
  post(path: string, body?: unknown): Promise<Answer>;
  /** An answer that stays open; tried once. @throws what `get` throws; `WayLost` where it may come back. */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>;
}

/** The connection was lost, or never came to be; the same may work in a moment. */
export class WayLost extends Error {
  readonly told: Error;
  constructor(told: Error) {
    super(told.message);
    this.name = 'WayLost';
    this.told = told;
  }
}

interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What `/info` says, without a token: whoever answers there may be anybody. */
export const firstQuestion = (options: ExchangeOptions): Promise<Answer> =>
  whole(options, { method: 'GET', path: '/info' }, { waitsMs: QUICK_MS, withToken: false });

export function openExchange(options: ExchangeOptions): Exchange {
  const patient = { waitsMs: PATIENT_MS, withToken: true };
  return {
    server: options.server,
    get: (path, signal) => whole(options, { method: 'GET', path, ...(signal === undefined ? {} : { signal }) }, patient),
    post: (path, body) =>
      whole(
        options,
        {
          method: 'POST',
          path,
          headers: { 'idempotency-key': randomUUID() },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        patient,
      ),
    open: async (path, headers, signal) => {
      const ask: Ask = { method: 'GET', path, headers: { accept: 'text/event-stream', ...headers }, signal };
      const { response, tokens } = await sent(options, ask, true).catch((thrown: unknown) => {
        throw lost(options.server, thrown, signal);
      });
      if (response.status === 200) return response;
      const text = withoutTokens(await bounded(options.server, response), tokens);
      const error = refusalError(refusalWith(options, response, text));
      throw isPassing(response.status) ? new WayLost(error) : error;
    },
  };
}

function lost(server: string, thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || thrown instanceof UsageError) return thrown;
  const { error, again } = wayFault(server, thrown);
  return again ? new WayLost(error) : error;
}

const isPassing = (status: number): boolean => status === 429 || status === 502 || status === 503 || status === 504;

interface Tries {
  readonly waitsMs: readonly number[];
  readonly withToken: boolean;
}

/** The answer, after as many tries as make sense. @throws UsageError; StopError where the server says so. */
async function whole(
  options: ExchangeOptions,
  ask: Pick<Ask, 'method' | 'path'> & Partial<Ask>,
  { waitsMs, withToken }: Tries,
): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const waitMs = waitsMs[tries];
    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(ask.signal === undefined ? [] : [ask.signal])]);
    let response: Response;
    let text: string;
    try {
      const answer = await sent(options, { headers: {}, ...ask, signal }, withToken);
      response = answer.response;
      text = withoutTokens(await bounded(options.server, response), answer.tokens);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw thrown;
      const { error, again } = wayFault(options.server, thrown);
      if (!again || waitMs === undefined || ask.signal?.aborted === true) throw error;
      await pause(waitMs, ask.signal);
      continue;
    }
    if (response.status >= 200 && response.status < 300)
      return { headers: response.headers, text, media: (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '' };
    const askedMs = retryAfterMs(response.headers, Date.now());
    const again = isPassing(response.status) || (response.status === 409 && askedMs !== undefined);
    if (!again || waitMs === undefined || (askedMs ?? 0) > MAX_RETRY_AFTER_MS) throw refusalError(refusalWith(options, response, text));
    await pause(askedMs ?? waitMs, ask.signal);
  }
}

const refusalWith = ({ server, credential, loginCommand }: ExchangeOptions, response: Response, body: string) => ({
  server,
  status: response.status,
  headers: response.headers,
  body,
  tokenFrom: credential.from,
  loginCommand,
});

/** A server, or a proxy that shows what it was sent, may say it back. */
const withoutTokens = (text: string, tokens: readonly string[]): string =>
  tokens.filter((token) => token.length >= MIN_SECRET_CHARACTERS).reduce((kept, token) => kept.replaceAll(token, '[the token]'), text);

interface Sent {
  readonly response: Response;
  /** That were sent for it: asked again, the credential may give another one. */
  readonly tokens: readonly string[];
}

/** The response, with a token that was renewed once where it was not taken. */
async function sent(options: ExchangeOptions, ask: Ask, withToken: boolean): Promise<Sent> {
  const { credential } = options;
  const token = withToken ? await credential.token() : undefined;
  const response = await followed(options.server, ask, token);
  if (token === undefined) return { response, tokens: [] };
  const renewed = response.status === 401 ? await credential.renewed() : undefined;
  if (renewed === undefined || renewed === token) return { response, tokens: [token] };
  await response.body?.cancel();
  return { response: await followed(options.server, ask, renewed), tokens: [token, renewed] };
}

/** A redirect is followed where it stays on the origin, and keeps the method; to another one goes no request, and no token. */
async function followed(server: string, ask: Ask, token: string | undefined): Promise<Response> {
  const { origin } = new URL(server);
  let url = `${server}${ask.path}`;
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(url, {
      method: ask.method,
      redirect: 'manual',
      signal: ask.signal,
      headers: {
        accept: 'application/json, text/plain',
        ...ask.headers,
        ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(ask.body === undefined ? {} : { body: ask.body }),
    });
    if (response.status < 300 || response.status >= 400 || response.status === 304) return response;
    await response.body?.cancel();
    const location = response.headers.get('location') ?? '';
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    const keeps = ask.method === 'GET' || response.status === 307 || response.status === 308;
    if (next?.origin !== origin || !keeps || redirects >= MAX_REDIRECTS)
      throw new UsageError(
        `server ${server}: answered ${response.status} and leads to ${next === undefined ? 'no address' : shown(next.origin + next.pathname).slice(0, 300)}; the token goes to no other place: give the address where Governor itself answers with --server`,
      );
    url = next.href;
  }
}

/** @throws UsageError for an answer without end. */
async function bounded(server: string, response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new UsageError(`server ${server}: its answer is longer than ${MAX_ANSWER_BYTES} bytes; look in the home of the server`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

/** Waits, or until the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((wake) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      wake();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted === true) done();
  });
}
