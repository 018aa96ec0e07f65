/** The stream of a thread over the death of its server, and over two servers of one home: each event once, in order, by the same ids. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { type ServerProcess, startProcess } from '../process.ts';
import { asked, command, isOver, openStream, type Reading, roots } from '../protocol-client.ts';

let home: string;
const processes: ServerProcess[] = [];
const streams: Reading[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-protocol-'));
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  for (const one of processes.splice(0)) await one.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

async function serve(port?: number): Promise<ServerProcess> {
  const started = await startProcess({ home, ...(port === undefined ? {} : { port }) });
  processes.push(started);
  return started;
}
const open = (url: string, id: string, filter?: object): Reading => {
  const stream = openStream(url, id, filter);
  streams.push(stream);
  return stream;
};
const text = (stream: Reading): string[] => stream.events.map((event) => JSON.stringify(event));
const slow = (ms: number, steps: number) => ({ params: { assistant_id: 'slow', input: {}, config: { configurable: { ms, steps } } } });

test('after kill -9 in the middle of a run everything that was told is told again by the same ids, and the run goes on', {
  timeout: 60_000,
}, async () => {
  const first = await serve();
  const id = randomUUID();
  const before = open(first.url, id);
  await command(first.url, id, 'run.start', slow(150, 8));
  await before.until((events) => events.filter(({ method }) => method === 'updates').length >= 3, 'three steps');
  await first.end('SIGKILL');
  await until(() => before.over, 'the cut');
  const told = before.events.length;
  const second = await serve(first.port);
  const [again, rest] = [
    open(second.url, id),
    open(second.url, id, { channels: ['updates', 'lifecycle'], since: before.events.at(-1)?.seq ?? 0 }),
  ];
  await again.until(isOver, 'the end');
  expect(text(again).slice(0, told)).toEqual(text(before));
  // Dense: no number is given twice, and none is left out.
  expect(again.events.map(({ seq }) => seq)).toEqual(again.events.map((_, index) => index + 1));
  await rest.until(isOver, 'the end of the rest');
  expect(text(rest)).toEqual(
    text(again)
      .slice(told)
      .filter((_, index) => ['updates', 'lifecycle'].includes(again.events[told + index]?.method ?? '')),
  );
  // The run was taken over, and is told as one.
  expect(roots(again.events)).toEqual(['running', 'completed']);
  const log = again.events.filter(({ method }) => method === 'values').at(-1)?.params.data['log'];
  expect(log).toEqual(Array.from({ length: 8 }, (_, index) => `step ${index + 1}`));
});

test('a question that was asked before kill -9 is there after it, is answered by its id, and asked of nobody twice', {
  timeout: 60_000,
}, async () => {
  const first = await serve();
  const id = randomUUID();
  const before = open(first.url, id);
  await command(first.url, id, 'run.start', { params: { assistant_id: 'ask', input: { n: 1 } } });
  await before.until(isOver, 'the question');
  await first.end('SIGKILL');
  const second = await serve(first.port);
  const after = open(second.url, id);
  await after.until(isOver, 'the question again');
  expect(text(after)).toEqual(text(before));
  const params = { namespace: [], interrupt_id: asked(after.events)[0], response: 'after all' };
  expect((await command(second.url, id, 'input.respond', { params })).body).toMatchObject({ type: 'success' });
  await after.until((events) => asked(events).length === 2, 'the second question');
  expect((await command(second.url, id, 'state.get')).body).toMatchObject({ result: { values: { log: ['first:"after all"'] } } });
});

test('two servers of one home tell the same stream, whichever of them works', { timeout: 60_000 }, async () => {
  const [one, two] = [await serve(), await serve()];
  const id = randomUUID();
  const [here, there] = [open(one.url, id), open(two.url, id)];
  for (const [count, url] of [one.url, two.url, one.url].entries()) {
    await command(url, id, 'run.start', slow(20, 3));
    for (const stream of [here, there])
      await stream.until((events) => roots(events).filter((event) => event === 'completed').length === count + 1, `run ${count + 1}`);
  }
  expect(text(there)).toEqual(text(here));
  expect(here.events.map(({ seq }) => seq)).toEqual(here.events.map((_, index) => index + 1));
});
