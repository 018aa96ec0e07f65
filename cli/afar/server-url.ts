/** Which server is meant: its address as a person wrote it, in one form, and never one that would take a token in clear. */
import { UsageError } from '../../domain/errors.ts';
import { isLoopback } from '../../server/http/origin.ts';

/** What a person said about the server. */
export interface ServerWords {
  readonly url: string;
  /** Where it was said, for messages: `--server` or `GOVERNOR_SERVER`. */
  readonly from: '--server' | 'GOVERNOR_SERVER';
  /** Consent to HTTP without TLS beyond this machine. */
  readonly insecure: boolean;
}

/** Scheme, host, port and path prefix, without a slash at the end. @throws UsageError naming the rule; never with what may be a secret. */
export function serverUrl({ url: word, from, insecure }: ServerWords): string {
  const url = URL.canParse(word) ? new URL(word) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new UsageError(`${from}: is not a URL of a server; write it as https://governor.example.com or http://localhost:2024`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${from}: a name or password in the URL is not taken; leave it out, and sign in with: governor login`);
  if (url.search !== '' || url.hash !== '')
    throw new UsageError(`${from}: ${url.origin}${url.pathname}: has a "?" or "#" behind it; give scheme, host, port and path alone`);
  const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure)
    throw new UsageError(
      `${from}: ${address} has no TLS, so everybody on the way could read the token and decide in your name; use https, or say --insecure-http (GOVERNOR_INSECURE_HTTP=1) on a network that you trust`,
    );
  return address;
}
