/** The address of a model endpoint, as people write it, and the addresses below it that requests go to. */
import { UsageError } from '../../domain/errors.ts';
import { sha256 } from '../../domain/ids.ts';

/** What people paste at the end of a base address although it names one call. */
const CALLS = /\/(?:chat\/completions|responses|messages|models)$/;

/**
 * The plain form of a base address: no blanks around it, host in lower case, no default port, no slash and no call at its end; a query
 * (Azure's `?api-version=...`) stays.
 * @throws UsageError naming `what` and the address.
 */
export function plainAddress(word: string, what: string): string {
  let url: URL;
  try {
    url = new URL(word.trim());
  } catch {
    throw new UsageError(`${what}: ${JSON.stringify(word)} is not an address; write it like https://host/v1`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`${what}: ${JSON.stringify(word)} must begin with https:// or http://`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${what}: an address holds no user name or password; name the key in apiKey`);
  const path = url.pathname.replace(/\/+$/, '').replace(CALLS, '');
  return `${url.origin}${path}${url.search}`;
}

/** An address as it may be recorded: what stands in a query may be a key, so that only its digest tells it from another. */
export function recordable(address: string): string {
  const { origin, pathname, search } = new URL(address);
  return search === '' ? address : `${origin}${pathname}?${sha256(search).slice(0, 12)}`;
}

/** The address of one call below a base: `path` comes before the base's query; a version that both name stands once. */
export function below(base: string, path: string): string {
  const url = new URL(base);
  const root = url.pathname.replace(/\/+$/, '');
  const [way = '', query = ''] = path.split('?');
  const version = /^\/v\d+[a-z]*(?=\/)/.exec(way)?.[0];
  url.pathname = version !== undefined && root.endsWith(version) ? `${root}${way.slice(version.length)}` : `${root}${way}`;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
  return url.href;
}
