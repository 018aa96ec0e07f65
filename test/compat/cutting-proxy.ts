/** A proxy that passes everything on, and cuts event streams wherever its dice say: between bytes, not between events. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dice } from '../dice.ts';

export interface CuttingProxy {
  readonly url: string;
  /** Streams cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

interface Cutting {
  /** What the dice are; the same seed cuts at the same bytes. */
  readonly seed: number;
  /** A stream is cut after at least 1 and at most so many bytes. */
  readonly withinBytes: number;
  /** Cuts in all; the streams after that end by themselves. */
  readonly atMost: number;
}

export async function openCuttingProxy(target: string, cutting: Cutting): Promise<CuttingProxy> {
  const roll = dice(cutting.seed);
  let cuts = 0;
  const server = createServer((incoming, outgoing) => {
    const onward = request(
      `${target}${incoming.url ?? '/'}`,
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        const isStream = answer.headers['content-type']?.startsWith('text/event-stream') ?? false;
        let left = isStream && cuts < cutting.atMost ? 1 + Math.floor(roll() * cutting.withinBytes) : Number.POSITIVE_INFINITY;
        answer.on('data', (chunk: Buffer) => {
          if (chunk.length < left) {
            left -= chunk.length;
            outgoing.write(chunk);
            return;
          }
          cuts += 1;
          // What has already arrived behind the cut must not end the answer in good order.
          answer.removeAllListeners('data').removeAllListeners('end');
          outgoing.write(chunk.subarray(0, left), () => outgoing.socket?.destroy());
          onward.destroy();
        });
        answer.on('end', () => outgoing.end());
        answer.on('error', () => outgoing.socket?.destroy());
      },
    );
    onward.on('error', () => outgoing.socket?.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    url: `http://127.0.0.1:${port}`,
    get cuts() {
      return cuts;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
