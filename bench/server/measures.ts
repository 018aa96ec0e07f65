/** What is measured of one server: its streams, its runs a second, its memory. */
import { randomUUID } from 'node:crypto';
import type { DevServer } from '../../test/compat/server.ts';
import { ask, streamed } from './http.ts';
import { median, quantile } from './numbers.ts';

const SMALL = { assistant_id: 'trivial', input: { count: 1 }, if_not_exists: 'create' };

/** A trivial run on a thread of its own. */
export const smallRun = (server: DevServer): Promise<unknown> => ask('POST', `${server.url}/threads/${randomUUID()}/runs/wait`, SMALL);

export async function streams(server: DevServer, count: number): Promise<{ first: number; firstHigh: number; close: number }> {
  const moments = [];
  for (let turn = 0; turn < count; turn += 1)
    moments.push(await streamed('POST', `${server.url}/threads/${randomUUID()}/runs/stream`, { ...SMALL, stream_mode: ['values'] }));
  const firsts = moments.map((one) => one.firstMs);
  return { first: median(firsts), firstHigh: quantile(firsts, 0.95), close: median(moments.map((one) => one.closeMs)) };
}

/** Runs a second, with so many clients that each wait for their run before the next. */
export async function throughput(server: DevServer, clients: number, seconds: number): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        await smallRun(server);
        done += 1;
      }
    }),
  );
  return done / ((performance.now() - began) / 1000);
}

/** Resident memory after so many small runs by 32 clients. */
export async function memoryAfter(server: DevServer, runs: number): Promise<number> {
  let left = runs;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left > 0) {
        left -= 1;
        await smallRun(server);
      }
    }),
  );
  return server.rssMiB();
}
