/** Which web pages may call: by `Host` against rebound names, by `Origin` against pages of other sites, and the CORS headers for the others. */
import type { MiddlewareHandler } from 'hono';
import { Problem, problemResponse } from './problem.ts';

export interface OriginOptions {
  /** Host names and addresses beside the loopback ones, lower case, without port. */
  readonly hosts: readonly string[];
  /** Origins beside the loopback ones and Studio's. */
  readonly origins: readonly string[];
  /** Errors as plain text. */
  readonly asText?: boolean;
}

const STUDIO = 'https://smith.langchain.com';
const SAFE: readonly string[] = ['GET', 'HEAD'];
const EXPOSED = 'content-location, location, x-pagination-total, x-pagination-next';
const PREFLIGHT: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-max-age': '600',
};

const HEADERS = ['content-type', 'x-auth-scheme', 'x-api-key', 'authorization', 'last-event-id', 'idempotency-key', 'prefer'];
const MAX_HEADERS = 50;

/** Also those that the page asks for: graphs read the `x-...` headers of their callers, whatever they are named. */
function allowedHeaders(asked: string | undefined): string {
  const names = (asked ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return [...new Set([...HEADERS, ...names.filter((name) => /^[a-z0-9_-]{1,100}$/.test(name))])].slice(0, MAX_HEADERS).join(', ');
}

/** A name or address that never leaves this machine, as a host header, a URL, a bind or a socket names it. */
export function isLoopback(name: string): boolean {
  const host = bare(name.toLowerCase());
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true;
  // The whole address: 127.0.0.1.example.com is somebody else's name.
  return /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}

/** Refuses what a page of another site sends (403, no CORS header); answers preflights; opens the answers to pages that may read them. */
export function guardOrigin(options: OriginOptions): MiddlewareHandler {
  const origins = new Set([STUDIO, ...options.origins]);
  const hosts = new Set(options.hosts.map(bare));
  const isOurHost = (name: string): boolean => isLoopback(name) || hosts.has(bare(name));
  // A page that this server itself delivered may call it too.
  const isAllowed = (origin: string, host: string): boolean =>
    origins.has(origin) || isLoopback(hostnameOf(origin) ?? '') || hostOf(origin) === host.toLowerCase();
  const refuse = (detail: string): Response => problemResponse(new Problem(403, detail), options.asText === true);

  return async (c, next) => {
    const host = c.req.header('host') ?? hostOf(c.req.url) ?? '';
    const name = hostnameOf(`http://${host}`);
    if (name === undefined || !isOurHost(name))
      return refuse(`host ${shown(host)}: this server is not known by that name; operator.yaml names it: server.hosts`);
    const origin = c.req.header('origin');
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
    if (origin === undefined) return next();
    const allowed = isAllowed(origin, host);
    // A browser lets any page open a WebSocket and read what comes.
    if (!allowed && (!SAFE.includes(c.req.method) || c.req.header('upgrade') !== undefined))
      return refuse(`origin ${shown(origin)}: pages from there may not call; operator.yaml names them: server.origins`);
    if (isPreflight) {
      const asked = c.req.header('access-control-request-private-network') === 'true';
      const headers = {
        ...PREFLIGHT,
        'access-control-allow-headers': allowedHeaders(c.req.header('access-control-request-headers')),
        'access-control-allow-origin': origin,
        vary: 'Origin',
      };
      return new Response(null, {
        status: 204,
        headers: asked ? { ...headers, 'access-control-allow-private-network': 'true' } : headers,
      });
    }
    await next();
    c.header('vary', 'Origin', { append: true });
    // Writable now, also for an answer that came from a fetch. Whatever a custom app said: this server's list is the one that counts.
    const { headers } = c.res;
    headers.delete('access-control-allow-credentials');
    if (allowed) {
      headers.set('access-control-allow-origin', origin);
      headers.set('access-control-expose-headers', EXPOSED);
    } else headers.delete('access-control-allow-origin');
  };
}

/** An IPv6 address as a bind names it. */
const bare = (name: string): string => name.replace(/^\[(.*)\]$/, '$1');
const urlOf = (word: string): URL | undefined => (URL.canParse(word) ? new URL(word) : undefined);
const hostOf = (word: string): string | undefined => urlOf(word)?.host || undefined;
const hostnameOf = (word: string): string | undefined => urlOf(word)?.hostname || undefined;
const shown = (word: string): string => JSON.stringify(word.slice(0, 100));
