/** Where a webhook may go: what the operator lists; never a private address by a name, a redirect or a rebinding. */
import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../domain/errors.ts';
import { Problem } from '../http/problem.ts';

export interface WebhookPolicy {
  /** `host`, `*.host`, `host:port`, a URL with everything under it, or an address range (`10.0.0.0/8`). Empty: only this machine. */
  readonly allow: readonly string[];
  /** The server listens on a loopback address, so only people of this machine reach it. */
  readonly loopbackBind: boolean;
  /** The project has routes of its own (`http.app`); a URL such as `/done` goes to them, and to nothing of ours. */
  readonly ownApp: boolean;
  /** Signs what is sent: `whsec_` and base64, or any text. */
  readonly secret?: string | undefined;
}

const ENTRY = /^(?:\[[0-9a-fA-F:.]+\]|(?:\*\.)?[A-Za-z0-9_.-]+|[0-9a-fA-F:.]+)(?::\d{1,5})?$/;

const LOOPBACK = ['127.0.0.0/8', '::1/128'];
// Private, link-local with the clouds' metadata, carrier, test, multicast, reserved; and what carries an IPv4 address within.
const PRIVATE = (
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 ' +
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ' +
  '::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8'
).split(' ');

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

const inside = (ranges: readonly string[], address: string): boolean =>
  blockList(ranges).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** `10.0.0.0/8` of the allow-list. */
function isRange(entry: string): boolean {
  const [address = '', bits = '', more] = entry.split('/');
  const family = isIP(address);
  return more === undefined && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32);
}

const isUrl = (entry: string): boolean => /^https?:\/\//.test(entry) && URL.canParse(entry);

/** @throws UsageError naming the entry that is no pattern. */
export function checkAllowList(allow: readonly string[]): void {
  for (const entry of allow)
    if (!isRange(entry) && !isUrl(entry) && !ENTRY.test(entry))
      throw new UsageError(`server.webhooks.allow: ${JSON.stringify(entry)} is not host, *.host, host:port, a URL or an address range`);
}

/** The name in a URL without brackets and without the dot of a full name. */
const nameOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');
const isLoopbackName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

function isListed(url: URL, policy: WebhookPolicy): boolean {
  const name = nameOf(url);
  return policy.allow.some((entry) => {
    if (isRange(entry)) return isIP(name) !== 0 && inside([entry], name);
    if (isUrl(entry)) {
      const listed = new URL(entry);
      const under = listed.pathname.endsWith('/') ? listed.pathname : `${listed.pathname}/`;
      return url.origin === listed.origin && `${url.pathname}/`.startsWith(under);
    }
    const lower = entry.toLowerCase();
    const plain = lower.startsWith('[') ? lower : lower.replace(/^([^:]*:[^:]*:.*)$/, '[$1]');
    const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(plain) ?? [];
    if (port !== undefined && port !== portOf(url)) return false;
    const bare = host.replace(/^\[|\]$/g, '');
    if (isIP(bare) !== 0) return isIP(name) !== 0 && inside([`${bare}/${isIP(bare) === 6 ? 128 : 32}`], name);
    return bare.startsWith('*.') ? name.endsWith(bare.slice(1)) : name === bare;
  });
}

const refused = (url: string, rule: string): Problem => new Problem(422, `webhook ${JSON.stringify(url.slice(0, 300))}: ${rule}`);

/** A path of the project's own app, or a URL that the list lets through. @throws Problem 422 naming URL and rule. */
export function checkWebhook(text: string, policy: WebhookPolicy): { readonly path: string } | { readonly url: URL } {
  if (text.startsWith('/')) {
    // `//host` and `/\host` are other hosts to a URL parser.
    if (/^\/[/\\]/.test(text) || new URL(text, 'http://localhost').host !== 'localhost')
      throw refused(text, 'a path starts with one slash');
    if (!policy.ownApp) throw refused(text, 'a path needs an http.app in langgraph.json, whose routes it goes to');
    return { path: text };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused(text, 'is neither a URL nor a path');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(text, `only http and https, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw refused(text.replace(/\/\/.*@/, '//…@'), 'no user or password in a URL');
  const name = nameOf(url);
  if (isListed(url, policy)) return { url };
  const loopback = isLoopbackName(name) || (isIP(name) !== 0 && inside(LOOPBACK, name));
  if (policy.allow.length === 0 && policy.loopbackBind && loopback) return { url };
  if (isIP(name) !== 0 && inside(PRIVATE, name))
    throw refused(text, `${name} is a private address; the operator lists it in server.webhooks.allow`);
  throw refused(text, `${name} is not in server.webhooks.allow${policy.allow.length === 0 ? ', which is empty' : ''}`);
}

/**
 * Whether a name of a URL that passed `checkWebhook` may stand for this address: a public one always, a private one only when it
 * is listed itself, so that a name's owner cannot point it at what stands beside the server. Undefined: it may; else the rule.
 */
export function addressFault(url: URL, address: string, policy: WebhookPolicy): string | undefined {
  if (isIP(address) === 0) return `${JSON.stringify(address)} is not an address`;
  if (!inside(PRIVATE, address)) return undefined;
  const at = new URL(url);
  at.hostname = isIP(address) === 6 ? `[${address.replace(/%.*$/, '')}]` : address;
  if (isListed(at, policy)) return undefined;
  const loopback = inside(LOOPBACK, address) && isLoopbackName(nameOf(url));
  if (loopback) return undefined;
  return `${nameOf(url)} stands for ${address}, a private address that server.webhooks.allow does not list`;
}
