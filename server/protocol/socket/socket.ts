/** One WebSocket connection: whole messages in, texts out at the pace of its reader, and its end told once. */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { WebSocketLike } from '@hono/node-server';
import { createParser, encode, encodeClose, FrameError, type Message, OPCODE } from './frames.ts';

/** A peer that answers no ping for so long is gone, in ms. */
const PING_MS = 20_000;
/** How long a closed connection waits for the other side to close too, in ms. */
const CLOSE_MS = 2000;

export interface ServerSocket extends WebSocketLike {
  /** Resolves when the text is handed on, which a slow reader delays; at once where the connection is closed. */
  deliver(text: string): Promise<void>;
  destroy(): void;
}

export interface SocketOptions {
  readonly mostBytes: number;
  /** Default: 20 s. */
  readonly pingMs?: number | undefined;
}

export function createSocket(stream: Duplex, head: Buffer, { mostBytes, pingMs = PING_MS }: SocketOptions): ServerSocket {
  const events = new EventEmitter();
  const parse = createParser(mostBytes);
  const state: { ready: 1 | 2 | 3; alive: boolean } = { ready: 1, alive: true };
  let ending: NodeJS.Timeout | undefined;
  const ended = (code: number, reason: string): void => {
    if (state.ready === 3) return;
    state.ready = 3;
    clearInterval(ping);
    clearTimeout(ending);
    events.emit('close', code, Buffer.from(reason));
  };
  const close = (code: number, reason: string): void => {
    if (state.ready !== 1) return;
    state.ready = 2;
    stream.write(encodeClose(code, reason));
    ending = setTimeout(() => stream.destroy(), CLOSE_MS);
    ending.unref();
  };
  const heard = (message: Message): void => {
    if (message.kind === 'text' && state.ready === 1) events.emit('message', message.text, false);
    if (message.kind === 'ping' && state.ready === 1) stream.write(encode(OPCODE.pong, message.data));
    if (message.kind !== 'close') return;
    close(message.code === 1005 ? 1000 : message.code, '');
    stream.end();
    ended(message.code, message.reason);
  };
  const receive = (chunk: Buffer): void => {
    state.alive = true;
    try {
      for (const message of parse(chunk)) heard(message);
    } catch (error) {
      stream.removeListener('data', receive);
      stream.resume();
      close(error instanceof FrameError ? error.code : 1011, error instanceof Error ? error.message : '');
    }
  };
  const ping = setInterval(() => {
    if (!state.alive) stream.destroy();
    state.alive = false;
    if (state.ready === 1) stream.write(encode(OPCODE.ping, Buffer.alloc(0)));
  }, pingMs);
  ping.unref();
  stream.on('data', receive);
  stream.on('error', () => stream.destroy());
  stream.on('close', () => ended(1006, ''));
  stream.on('end', () => stream.end());
  if (head.length > 0) stream.unshift(head);
  return socketOf(stream, { events, close, ready: () => state.ready });
}

interface Inside {
  readonly events: EventEmitter;
  readonly close: (code: number, reason: string) => void;
  readonly ready: () => 1 | 2 | 3;
}

function socketOf(stream: Duplex, { events, close, ready }: Inside): ServerSocket {
  const write = (text: string): boolean => ready() !== 1 || stream.write(encode(OPCODE.text, Buffer.from(text)));
  const socket: ServerSocket = {
    protocol: '',
    get readyState() {
      return ready();
    },
    close: (code = 1000, reason = '') => close(code, reason),
    send: (data) => {
      if (typeof data !== 'string') throw new TypeError('only text is sent');
      write(data);
    },
    deliver: (text) =>
      write(text)
        ? Promise.resolve()
        : new Promise((resolve) => {
            const done = (): void => {
              stream.removeListener('drain', done);
              stream.removeListener('close', done);
              resolve();
            };
            stream.on('drain', done);
            stream.on('close', done);
          }),
    destroy: () => stream.destroy(),
    on: (event: string, listener: (...given: never[]) => void) => {
      events.on(event, listener as (...given: unknown[]) => void); // each by its overload
      return socket;
    },
    off: (event: string, listener: (...given: never[]) => void) => {
      events.off(event, listener as (...given: unknown[]) => void); // each by its overload
      return socket;
    },
  };
  return socket;
}
