/** How bytes reach an endpoint: a connection a call, the proxies of the environment, and no time limit but ours. */
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { toError, UsageError } from '../../domain/errors.ts';

/** Longest wait for a connection, in ms; what comes after it is limited by `models.<role>.timeout`. */
const CONNECT_MS = 15_000;
// The HTTP client's own limits (300 s for headers and between parts) would end an answer that may still come; 0 switches them off.
// A connection a call (`pipelining: 0`): an endpoint may close a kept one just as it is used again, and then nobody can say whether the
// request arrived and is billed.
const LIMITS = { headersTimeout: 0, bodyTimeout: 0, pipelining: 0, connect: { timeout: CONNECT_MS } };

export interface Transport {
  /** One POST. Follows no redirect. Rejects with the signal's reason, with what broke the connection, or with `Unsent`. */
  post(url: string, options: { headers: Readonly<Record<string, string>>; body: string; signal: AbortSignal }): Promise<Arrived>;
}

/** A response whose body is still to come. */
export interface Arrived {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Not a byte of the request left: whatever the cause, nobody can bill for it. */
export class Unsent extends Error {
  constructor(cause: unknown) {
    super(`the request was not sent: ${toError(cause).message}`, { cause });
    this.name = 'Unsent';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in either case. Addresses of this machine are never asked through a proxy, as in Go's
 * `httpproxy` and in curl's usual set-up: a proxy elsewhere would take them for its own.
 * @throws UsageError when a proxy is not an address.
 */
export function createTransport(env: Environment): Transport {
  const direct = new Agent(LIMITS);
  const proxied = proxyAgent(env);
  // The agent by itself would send what is for `https` through the proxy for `http`.
  const isForProxy = (url: string): boolean => hasProxy(env, new URL(url).protocol) && !isLoopback(url);
  return {
    post: async (url, { headers, body, signal }) => {
      const dispatcher: Dispatcher = proxied !== undefined && isForProxy(url) ? proxied : direct;
      let sent = false;
      // Read by the client when there is a connection to write it to: only that tells what was sent.
      const content = async function* () {
        sent = true;
        yield Buffer.from(body);
      };
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      // Not `fetch`: it refuses a list of ports, and an endpoint may be at any.
      const response = await request(url, {
        method: 'POST',
        headers: { ...headers, ...length },
        body: Readable.from(content()),
        signal,
        dispatcher,
      }).catch((error: unknown) => {
        throw sent || signal.aborted ? error : new Unsent(error);
      });
      const told = new Headers(Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]));
      return { status: response.statusCode, headers: told, body: plain(response.body, told.get('content-encoding')) };
    },
  };
}

const variable = (env: Environment, name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
const hasProxy = (env: Environment, protocol: string): boolean =>
  variable(env, protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') !== undefined;

function proxyAgent(env: Environment): Dispatcher | undefined {
  const [httpProxy, httpsProxy] = [variable(env, 'HTTP_PROXY'), variable(env, 'HTTPS_PROXY')];
  if (httpProxy === undefined && httpsProxy === undefined) return undefined;
  try {
    // An empty text switches off what the agent would read from the environment by itself.
    return new EnvHttpProxyAgent({
      ...LIMITS,
      httpProxy: httpProxy ?? '',
      httpsProxy: httpsProxy ?? '',
      noProxy: variable(env, 'NO_PROXY') ?? '',
    });
  } catch (error) {
    throw new UsageError(`HTTP_PROXY or HTTPS_PROXY is not the address of a proxy: ${toError(error).message}`);
  }
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Nothing compressed is asked for; some gateways compress all the same. */
function plain(body: Dispatcher.ResponseData['body'], encoding: string | null): AsyncIterable<Uint8Array> {
  const unpack = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    encoding?.trim().toLowerCase() ?? ''
  ];
  if (unpack === undefined) return body;
  // Each ends the other: who stops reading closes the connection.
  return pipeline(body, unpack(), () => undefined);
}
