/**
 * The only way of a command to the network: a proxy on a socket that one command alone can reach. It answers CONNECT and GET for allowed
 * hosts, and connects to the very address that it has judged.
 */
import { lookup } from 'node:dns/promises';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectTo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { EgressConfig, EgressRefusal, EgressReport } from '../../domain/egress.ts';
import { toError } from '../../domain/errors.ts';
import { type EgressRules, egressRules } from './egress-rules.ts';

/** What one command may receive and send, in bytes, over all its connections: packages are large, what asks for them is not. */
const MAX_BYTES = { in: 4 * 1024 ** 3, out: 64 * 1024 ** 2 } as const;
/** Connections at once. */
const MAX_CONNECTIONS = 256;
/** Longest a connection may be silent, and longest a host is looked up and connected to, in ms. */
const IDLE_MS = 60_000;
const CONNECT_MS = 15_000;
/** How often bytes are counted, in ms. */
const COUNT_MS = 100;
/** Hosts and refusals that are told one by one. */
const MAX_TOLD = 100;
/** Connection-level headers, which are the proxy's own. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface EgressOptions {
  readonly config: EgressConfig;
  /** All addresses of a name; default the machine's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly connect?: (to: { readonly host: string; readonly port: number }) => Socket;
  /** Default 4 GiB in, 64 MiB out. */
  readonly maxBytes?: { readonly in: number; readonly out: number };
}

export interface EgressProxy {
  /** The path of its socket, or the port on 127.0.0.1. */
  readonly at: string | number;
  report(): EgressReport;
  /** Ends every connection. */
  close(): void;
}

interface Count {
  connections: number;
  bytesOut: number;
  bytesIn: number;
}

/** One command's use of the network. */
class Use {
  readonly #options: EgressOptions;
  readonly #rules: EgressRules;
  readonly #counts = new Map<string, Count>();
  readonly #refused = new Map<string, EgressRefusal>();
  readonly open = new Set<Duplex>();

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#rules = egressRules(options.config);
  }

  /** A connection to an allowed host, or why there is none. */
  async connect(host: string, port: number): Promise<Socket | { readonly status: number; readonly why: string }> {
    const resolve = this.#options.resolve ?? resolveByMachine;
    const fault = this.#rules.hostFault(host, port) ?? this.#overCap();
    if (fault !== undefined) return this.refuse(host, fault);
    try {
      const addresses = await within(CONNECT_MS, resolve(host));
      const wrong = this.#rules.addressFault(host, addresses);
      if (wrong !== undefined) return this.refuse(host, wrong);
      return await this.#first(host, addresses, port);
    } catch (error) {
      return { status: 502, why: `${host}: ${toError(error).message}` };
    }
  }

  refuse(host: string, why: string): { status: number; why: string } {
    const shown = host.slice(0, 253);
    if (this.#refused.size < MAX_TOLD) this.#refused.set(`${shown} ${why}`, { host: shown, why });
    return { status: 403, why: `egress refused: ${shown} ${why}` };
  }

  report(): EgressReport {
    return { hosts: [...this.#counts].map(([host, count]) => ({ host, ...count })), refused: [...this.#refused.values()] };
  }

  /** One of these addresses, which have been judged: no name is looked up again. */
  async #first(host: string, [address = '', ...others]: readonly string[], port: number): Promise<Socket> {
    try {
      return await this.#connected(host, { host: address, port });
    } catch (error) {
      if (others.length === 0) throw error;
      return this.#first(host, others, port);
    }
  }

  async #connected(host: string, to: { host: string; port: number }): Promise<Socket> {
    const socket = (this.#options.connect ?? connectTo)(to);
    this.open.add(socket);
    const count = this.#counts.get(host) ?? { connections: 0, bytesOut: 0, bytesIn: 0 };
    if (this.#counts.size < MAX_TOLD) this.#counts.set(host, count);
    count.connections += 1;
    let [written, read] = [0, 0];
    const add = (): void => {
      count.bytesOut += socket.bytesWritten - written;
      count.bytesIn += socket.bytesRead - read;
      [written, read] = [socket.bytesWritten, socket.bytesRead];
      if (this.#overBytes() !== undefined) for (const one of this.open) one.destroy();
    };
    const counting = setInterval(add, COUNT_MS);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(counting);
      add();
      this.open.delete(socket);
    });
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    await within(CONNECT_MS, connectedOf(socket)).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    return socket;
  }

  #overCap(): string | undefined {
    if (this.open.size > 2 * MAX_CONNECTIONS) return `was not asked: the command has ${MAX_CONNECTIONS} connections open`;
    return this.#overBytes();
  }

  #overBytes(): string | undefined {
    const max = this.#options.maxBytes ?? MAX_BYTES;
    const sum = (pick: (count: Count) => number): number => [...this.#counts.values()].reduce((total, count) => total + pick(count), 0);
    if (sum((count) => count.bytesIn) > max.in) return `was not asked: the command has received more than ${max.in} bytes`;
    if (sum((count) => count.bytesOut) > max.out) return `was not asked: the command has sent more than ${max.out} bytes`;
    return undefined;
  }
}

/** @param where `socket`: a path that is mounted into a network of its own; `port`: for systems without such networks. */
export async function openEgressProxy(options: EgressOptions, where: 'socket' | 'port' = 'socket'): Promise<EgressProxy> {
  const use = new Use(options);
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (incoming, response) => void forward(use, incoming, response));
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) => void tunnel(use, incoming, { client, head }));
  server.on('connection', (socket: Socket) => {
    use.open.add(socket);
    socket.on('close', () => use.open.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  const folder = mkdtempSync(join(tmpdir(), 'governor-egress-'));
  const at = await listening(server, where === 'socket' ? join(folder, 'socket') : 0);
  // Only who has it mounted can reach it: the folder is the governor's own.
  if (typeof at === 'string') chmodSync(at, 0o666);
  return {
    at,
    report: () => use.report(),
    close: () => {
      server.close();
      for (const one of use.open) one.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `CONNECT host:443`. */
async function tunnel(use: Use, incoming: IncomingMessage, { client, head }: { client: Duplex; head: Buffer }): Promise<void> {
  client.on('error', () => client.destroy());
  const [, name = '', port = ''] = /^([^:/?#@\s]+|\[[^\]]*\]):(\d{1,5})$/.exec(incoming.url ?? '') ?? [];
  const upstream = name === '' ? use.refuse(incoming.url ?? '', 'is not host:port') : await use.connect(hostOf(name), Number(port));
  if ('status' in upstream) {
    client.end(
      `HTTP/1.1 ${upstream.status} ${upstream.status === 403 ? 'Forbidden' : 'Bad Gateway'}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\ngovernor: ${upstream.why}\n`,
    );
    return;
  }
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.destroy());
  client.on('close', () => upstream.destroy());
  client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) upstream.write(head);
  client.pipe(upstream).pipe(client);
}

/** `GET http://host/path`. */
async function forward(use: Use, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = ({ status, why }: { status: number; why: string }): void => {
    if (response.headersSent) response.destroy();
    else response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`governor: ${why}\n`);
  };
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
  if (url?.protocol !== 'http:' || url.username !== '' || url.password !== '')
    return answer({ status: 400, why: 'egress takes CONNECT host:443 and GET http://host/path' });
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    return answer(use.refuse(url.hostname, `is only read without encryption, by GET and HEAD, not ${incoming.method}`));
  const upstream = await use.connect(hostOf(url.hostname), Number(url.port || 80));
  if ('status' in upstream) return answer(upstream);
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOP.has(name)));
  const asked = request({
    createConnection: () => upstream,
    method: incoming.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host, connection: 'close' },
  });
  asked.on('response', (given) => {
    const kept = Object.fromEntries(Object.entries(given.headers).filter(([name]) => !HOP.has(name)));
    response.writeHead(given.statusCode ?? 502, { ...kept, connection: 'close' });
    given.pipe(response);
  });
  asked.on('error', (error) => answer({ status: 502, why: `${url.hostname}: ${error.message}` }));
  response.on('close', () => upstream.destroy());
  asked.end();
}

/** As it is listed: lower case, without the dot of a full name. */
const hostOf = (name: string): string => name.toLowerCase().replace(/\.$/, '');

async function resolveByMachine(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);
}

const connectedOf = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });

async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function listening(server: Server, at: string | 0): Promise<string | number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (at === 0) server.listen(0, '127.0.0.1', resolve);
    else server.listen(at, resolve);
  });
  const address = server.address();
  if (address === null) throw new Error('the egress proxy does not listen');
  return typeof address === 'string' ? address : address.port;
}
