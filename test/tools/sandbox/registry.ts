/** A fake of the internet: names that stand for public addresses, and one registry on this machine that answers for those. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { egressSchema } from '../../../domain/egress.ts';
import type { EgressOptions } from '../../../tools/sandbox/egress-proxy.ts';

export interface FakeInternet {
  /** What a sandbox is given instead of the machine's resolver and network. */
  options(config?: object, more?: Partial<EgressOptions>): EgressOptions;
  /** Requests that reached the registry: `GET host/path`. */
  readonly asked: string[];
  /** Addresses that were connected to. */
  readonly connected: string[];
  close(): void;
}

/** @param names the addresses of each name; @param answer what the registry answers for `host/path`. */
export async function openInternet(
  names: Readonly<Record<string, readonly string[]>>,
  answer: (url: string) => string | Uint8Array | undefined = (url) => `you asked for ${url}`,
): Promise<FakeInternet> {
  const asked: string[] = [];
  const connected: string[] = [];
  const registry = createServer((request, response) => {
    const url = `${request.headers.host}${request.url}`;
    asked.push(`${request.method} ${url}`);
    const body = answer(url);
    response.writeHead(body === undefined ? 404 : 200).end(body ?? 'not found');
  });
  // Behind CONNECT the same requests come without encryption: who answers is not what is tested.
  const port = await listen(registry);
  return {
    asked,
    connected,
    options: (config = {}, more = {}) => ({
      config: egressSchema.parse(config),
      resolve: async (host) => names[host] ?? Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`)),
      connect: (to) => {
        connected.push(`${to.host}:${to.port}`);
        return connect({ host: '127.0.0.1', port });
      },
      ...more,
    }),
    close: () => {
      registry.close();
      registry.closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port; // listening on a port
}
