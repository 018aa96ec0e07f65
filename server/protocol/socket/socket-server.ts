/** The WebSocket side of the HTTP server, for the adapter of Hono: the handshake, and the connections that are open. */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { WebSocketServerLike } from '@hono/node-server';
import { createSocket, type ServerSocket, type SocketOptions } from './socket.ts';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface SocketServer extends WebSocketServerLike {
  /** Destroys what is open. */
  cut(): void;
}

export function createSocketServer(options: SocketOptions): SocketServer {
  const events = new EventEmitter();
  const open = new Set<ServerSocket>();
  const server: SocketServer = {
    options: { noServer: true },
    on: (event: string, listener: (...given: never[]) => void) => {
      events.on(event, listener as (...given: unknown[]) => void); // each by its overload
      return server;
    },
    off: (event: string, listener: (...given: never[]) => void) => {
      events.off(event, listener as (...given: unknown[]) => void); // each by its overload
      return server;
    },
    emit: (event, socket, request) => events.emit(event, socket, request),
    handleUpgrade: (request, stream, head, callback) => {
      const key = request.headers['sec-websocket-key'];
      if (request.headers['sec-websocket-version'] !== '13' || key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
        stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
      events.emit('headers', lines);
      stream.write(`${lines.join('\r\n')}\r\n\r\n`);
      const socket = createSocket(stream, head, options);
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      callback(socket);
    },
    close: () => {
      for (const socket of open) socket.close(1001, 'the server ends');
    },
    cut: () => {
      for (const socket of open) socket.destroy();
    },
  };
  return server;
}
