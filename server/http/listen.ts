/** Listens on a port until it is told to stop. */
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { UsageError } from '../../domain/errors.ts';
import { createSocketServer } from '../protocol/socket/socket-server.ts';

/**
 * How long an idle connection is kept, in ms: longer than SQLite may hold the event loop (15 s). Node ends idle connections (by default after 5 s)
 * before it reads what came in while the loop was held, and resets a request that was sent in time.
 */
const KEEP_ALIVE_MS = 75_000;

export interface Listening {
  readonly url: string;
  /** Takes no more connections; resolves when the last one is closed. */
  close(): Promise<void>;
  /** Requests that have no answer yet. An open stream has begun its answer. */
  unanswered(): number;
  /** Closes those that are open. */
  cut(): void;
}

export interface Address {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits: { readonly bodyBytes: number };
}

/** `connected` is told of each new connection. @throws UsageError naming host and port. */
export async function listen(app: Hono, { host, port, limits }: Address, connected: (socket: Socket) => void): Promise<Listening> {
  const serverOptions = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 30_000, requestTimeout: 120_000 };
  const sockets = createSocketServer({ mostBytes: limits.bodyBytes });
  const http = createAdaptorServer({ fetch: app.fetch, serverOptions, websocket: { server: sockets } });
  http.on('connection', connected);
  const open = new Set<ServerResponse>();
  http.on('request', (_request: unknown, answer: ServerResponse) => {
    open.add(answer);
    answer.once('close', () => open.delete(answer));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      reject(new UsageError(`cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'another program does' : error.message}`));
    });
    http.listen(port, host, resolve);
  });
  const { port: bound, family } = http.address() as AddressInfo; // a TCP server's
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    close: () => new Promise((resolve) => http.close(() => resolve())),
    unanswered: () => [...open].filter((answer) => !answer.headersSent).length,
    cut: () => {
      if ('closeAllConnections' in http) http.closeAllConnections();
      sockets.cut();
    },
  };
}
