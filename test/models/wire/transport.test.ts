/** How bytes reach an endpoint: proxies, certificates, slow answers. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FAULTS } from '../../../domain/faults.ts';
import { connectionFault } from '../../../models/wire/connection.ts';
import { createTransport } from '../../../models/wire/transport.ts';

const open: (Server | TlsServer)[] = [];
afterEach(async () => {
  await Promise.all(
    open.splice(0).map((server) => {
      server.closeAllConnections?.();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

async function listen(server: Server | TlsServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // listening on TCP
}

const answering = (request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  response.end('{}');
};

/** A proxy that takes every name for this machine, and remembers what it was asked for. */
async function proxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    request.resume();
    response.end('{"via":"proxy"}');
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? '');
    const port = Number((request.url ?? '').split(':')[1]);
    const up = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      up.pipe(socket).pipe(up);
    });
    up.on('error', () => socket.destroy());
    socket.on('error', () => up.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

const post = async (env: Record<string, string>, url: string, signal = new AbortController().signal) => {
  const arrived = await createTransport(env).post(url, { headers: {}, body: '{}', signal });
  for await (const _chunk of arrived.body);
  return arrived.status;
};

describe('a proxy', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('of %s is asked for addresses of other machines', async (name) => {
    const through = await proxy();
    const port = await listen(createServer(answering));
    expect(await post({ [name]: through.url }, `http://model.test:${port}/v1`)).toBe(200);
    expect(through.asked.join()).toContain(`model.test:${port}`);
  });

  it.each([
    ['HTTP_PROXY', 'https'],
    ['HTTPS_PROXY', 'http'],
  ])('of %s is not asked for what is %s', async (name, scheme) => {
    const through = await proxy();
    const direct = await post({ [name]: through.url }, `${scheme}://model.invalid/v1`).catch(connectionFault);
    expect(direct).toMatchObject({ fault: 'unreachable' });
    expect(through.asked).toEqual([]);
  });

  it('is not asked for what NO_PROXY names, nor for this machine', async () => {
    const through = await proxy();
    const port = await listen(createServer(answering));
    expect(await post({ HTTP_PROXY: through.url }, `http://127.0.0.1:${port}/v1`)).toBe(200);
    expect(await post({ HTTP_PROXY: through.url }, `http://localhost:${port}/v1`).catch(() => 200)).toBe(200);
    const direct = await post({ HTTP_PROXY: through.url, NO_PROXY: 'model.invalid' }, `http://model.invalid:${port}/v1`).catch(
      connectionFault,
    );
    expect(direct).toMatchObject({ fault: 'unreachable' });
    expect(through.asked).toEqual([]);
  });

  it('that is no address is told by the name of its variable', () => {
    expect(() => createTransport({ HTTPS_PROXY: 'not an address' })).toThrow('HTTP_PROXY or HTTPS_PROXY');
  });
});

describe('a connection that cannot be', () => {
  it('to a port that nobody has is unreachable', async () => {
    expect(await post({}, 'http://127.0.0.1:9/v1').catch(connectionFault)).toMatchObject({ fault: 'unreachable' });
  });

  it('by TLS to a plain port is insecure, and so is plain text to a TLS port', async () => {
    const port = await listen(createServer(answering));
    expect(await post({}, `https://127.0.0.1:${port}/v1`).catch(connectionFault)).toMatchObject({ fault: 'insecure' });
  });

  it('to a host whose certificate has another name, or that nobody signed, is insecure', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'governor-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=other.test',
    ]);
    expect(made.status).toBe(0);
    const port = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answering));
    expect(await post({}, `https://127.0.0.1:${port}/v1`).catch(connectionFault)).toMatchObject({ fault: 'insecure' });
    rmSync(folder, { recursive: true });
  });

  it('that broke after the request was sent may have been billed', async () => {
    const port = await listen(createServer((request) => request.socket.destroy()));
    const fault = await post({}, `http://127.0.0.1:${port}/v1`).catch(connectionFault);
    expect(fault).toMatchObject({ fault: 'dropped' });
    expect(FAULTS.dropped).toMatchObject({ billed: true, next: 'wait' });
  });
});

describe('a request of which nothing was sent is unreachable, and not billed', () => {
  const unsent = { fault: 'unreachable', message: expect.stringContaining('no connection to the model endpoint') };

  it('where the connection ends in the handshake', async () => {
    const port = await listen(createTcpServer((socket) => void socket.destroy()) as Server); // closed as one
    expect(await post({}, `https://127.0.0.1:${port}/v1`).catch(connectionFault)).toMatchObject(unsent);
  });

  it('where a proxy says no', async () => {
    const server = createServer();
    server.on('connect', (_request: IncomingMessage, socket: Socket) => void socket.end('HTTP/1.1 407 Authentication\r\n\r\n'));
    const port = await listen(server);
    const fault = await post({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, 'https://model.test/v1').catch(connectionFault);
    expect(fault).toMatchObject({ fault: 'unreachable', message: expect.stringContaining('407') });
  });

  it('where a header cannot be sent', async () => {
    const port = await listen(createServer(answering));
    const { signal } = new AbortController();
    const made = createTransport({}).post(`http://127.0.0.1:${port}/`, {
      headers: { authorization: 'Bearer \u201cx' },
      body: '{}',
      signal,
    });
    expect(await made.catch(connectionFault)).toMatchObject(unsent);
  });

  it('and one of any length is sent whole', async () => {
    const seen: [string | undefined, number][] = [];
    const port = await listen(
      createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          seen.push([request.headers['content-length'], Buffer.concat(chunks).length]);
          response.end('{}');
        });
      }),
    );
    const { signal } = new AbortController();
    await createTransport({}).post(`http://127.0.0.1:${port}/`, { headers: {}, body: '\u00e9'.repeat(300_000), signal });
    expect(seen).toEqual([['600000', 600_000]]);
  });
});

describe('an answer', () => {
  it('is unpacked where a gateway packed it', async () => {
    const port = await listen(
      createServer((request, response) => {
        request.resume();
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(gzipSync('{"packed":true}'));
      }),
    );
    const arrived = await createTransport({}).post(`http://127.0.0.1:${port}/`, {
      headers: {},
      body: '{}',
      signal: new AbortController().signal,
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of arrived.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('{"packed":true}');
  });

  it('comes over a connection of its own: one that the endpoint closed meanwhile is not used again', async () => {
    let connections = 0;
    const server = createServer(answering);
    server.keepAliveTimeout = 20;
    server.on('connection', () => {
      connections += 1;
    });
    const port = await listen(server);
    const transport = createTransport({});
    for (let call = 0; call < 5; call += 1) {
      const arrived = await transport.post(`http://127.0.0.1:${port}/`, { headers: {}, body: '{}', signal: new AbortController().signal });
      for await (const _chunk of arrived.body);
      // About when the endpoint closes what it kept.
      await new Promise((resolve) => setTimeout(resolve, 19 + call));
    }
    expect(connections).toBe(5);
  });

  it('that is packed and left in the middle leaves no connection behind', async () => {
    let left = false;
    const port = await listen(
      createServer((request, response) => {
        request.resume();
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.write(gzipSync('x'.repeat(1000)));
        response.on('close', () => {
          left = true;
        });
      }),
    );
    const { signal } = new AbortController();
    const arrived = await createTransport({}).post(`http://127.0.0.1:${port}/`, { headers: {}, body: '{}', signal });
    for await (const _chunk of arrived.body) break;
    await vi.waitFor(() => expect(left).toBe(true));
  });

  it('may come from any port', async () => {
    const server = createServer(answering);
    // A port that `fetch` refuses (Fetch standard, "bad port").
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(10_080, '127.0.0.1', resolve));
    open.push(server);
    expect(await post({}, 'http://127.0.0.1:10080/v1')).toBe(200);
  });
});
