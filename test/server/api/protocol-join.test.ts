/** The older API's stream of a thread, with the official SDK: run after run, from a place on, and only their beginnings and ends. */
import { expect, test } from 'vitest';
import { until } from '../../until.ts';
import { fresh, NONE, server, startBoth, wait } from '../both.ts';

startBoth();

interface Told {
  readonly id?: string;
  readonly event: string;
  readonly data: { readonly run_id?: string; readonly status?: string };
}

function join(threadId: string, options: { lastEventId?: string; streamMode?: 'run_modes' | 'lifecycle' } = {}) {
  const leave = new AbortController();
  const events: Told[] = [];
  const over = (async () => {
    for await (const event of server.client.threads.joinStream(threadId, { ...options, signal: leave.signal })) events.push(event as Told); // as the SDK gives it
  })().catch(() => undefined);
  return { events, over, leave: () => leave.abort() };
}
const ends = (events: readonly Told[]): number => events.filter(({ event }) => event === 'run_done').length;
const kinds = (events: readonly Told[]): string[] => events.map(({ event }) => event);

test('tells each run from its beginning to its end, stays open between them, and goes on after the last id', async () => {
  const id = await fresh();
  await wait(id, 'two', { input: { n: 0 } });
  const live = join(id, { streamMode: 'run_modes' });
  await new Promise((wake) => setTimeout(wake, 200));
  for (const count of [1, 2]) {
    await wait(id, 'two', { input: { n: 1 } });
    await until(() => ends(live.events) === count, `run ${count}`);
  }
  const run = ['metadata', 'values', 'values', 'values', 'run_done'];
  expect(kinds(live.events)).toEqual([...run, ...run]);
  expect(live.events.at(-1)?.data).toEqual({ run_id: expect.any(String), status: 'success' });
  const rest = join(id, { lastEventId: live.events[6]?.id ?? '' });
  await until(() => ends(rest.events) === 1, 'the rest');
  expect(rest.events).toEqual(live.events.slice(7));
  const all = join(id, { lastEventId: '-' });
  await until(() => ends(all.events) === 3, 'all three');
  expect(all.events.slice(5)).toEqual(live.events);
  for (const stream of [live, rest, all]) stream.leave();
});

test('a run that is under way is told from its beginning; with lifecycle only beginnings and ends are', async () => {
  const id = await fresh();
  const { run_id } = await server.client.runs.create(id, 'slow', { input: {}, config: { configurable: { ms: 100, steps: 4 } } });
  await until(async () => (await server.client.runs.get(id, run_id)).status === 'running', 'its work');
  const [whole, life] = [join(id), join(id, { streamMode: 'lifecycle' })];
  for (const stream of [whole, life]) await until(() => ends(stream.events) === 1, 'the end');
  expect(kinds(whole.events).slice(0, 2)).toEqual(['metadata', 'values']);
  expect(life.events).toMatchObject([
    { event: 'metadata', data: { run_id } },
    { event: 'run_done', data: { run_id, status: 'success' } },
  ]);
  for (const stream of [whole, life]) stream.leave();
});

test('what cannot be joined is refused', async () => {
  const id = await fresh();
  const at = `/threads/${id}/stream`;
  expect(await server.send('GET', `/threads/${NONE}/stream`)).toMatchObject({ status: 404 });
  expect(await server.send('GET', `${at}?stream_modes=state_update`)).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('channel values') },
  });
  expect(await server.send('GET', `${at}?stream_mode=colours`)).toMatchObject({ status: 422 });
  expect(await server.send('GET', at, undefined, { 'last-event-id': 'x' })).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('"x"') },
  });
});
