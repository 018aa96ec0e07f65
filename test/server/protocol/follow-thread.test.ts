/** The stream of a thread: over runs, before the thread exists, from a place on, filtered, to several readers; and what each caps. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueKey } from '../issue-key.ts';
import { ALL, asked, command, isOver, openStream, type Reading, roots } from '../protocol-client.ts';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
const streams: Reading[] = [];
beforeEach(async () => {
  server = await startServer();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await server.stop();
});

const open = (id: string, filter?: object, headers?: Record<string, string>): Reading => {
  const stream = openStream(server.url, id, filter, headers);
  streams.push(stream);
  return stream;
};
const start = (id: string, assistant: string, input: unknown = { n: 1 }, more: object = {}) =>
  command(server.url, id, 'run.start', { params: { assistant_id: assistant, input, ...more } });
const text = (stream: Reading): string[] => stream.events.map((event) => JSON.stringify(event));
const ends = (stream: Reading): number => roots(stream.events).filter((event) => event !== 'running').length;

describe('a stream', () => {
  test('begins before its thread exists, stays open over runs, and is answered at once', async () => {
    const id = randomUUID();
    const stream = open(id);
    const response = await stream.response;
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(stream.events).toEqual([]);
    for (const count of [1, 2, 3]) {
      await start(id, 'two', { n: count });
      await stream.until(() => ends(stream) === count, `the end of run ${count}`);
    }
    expect(roots(stream.events)).toEqual(['running', 'completed', 'running', 'completed', 'running', 'completed']);
    expect(stream.events.map((event) => event.seq)).toEqual(stream.events.map((_, index) => index + 1));
    expect(stream.over).toBe(false);
  });

  test('is told again from its start to who comes later, with the same ids, and from `since` on to who was cut off', async () => {
    const id = randomUUID();
    const first = open(id);
    await start(id, 'slow', {}, { config: { configurable: { ms: 30, steps: 6 } } });
    await first.until((events) => events.length > 8, 'the middle');
    const half = first.events.at(-1)?.seq ?? 0;
    first.close();
    const [again, rest] = [open(id), open(id, { channels: ALL, since: half })];
    await again.until(isOver, 'the end');
    await rest.until(isOver, 'the end of the rest');
    expect(text(again).slice(0, first.events.length)).toEqual(text(first));
    expect([...text(first).slice(0, half), ...text(rest)]).toEqual(text(again));
  });

  test('is told to several readers alike, each with what it asked for', async () => {
    const id = randomUUID();
    const [all, life, inside, top, named] = [
      open(id),
      open(id, { channels: ['lifecycle', 'input'] }),
      open(id, { channels: ALL, namespaces: [['inner']] }),
      open(id, { channels: ALL, namespaces: [[]], depth: 0 }),
      open(id, { channels: ['custom:progress'] }),
    ] as const;
    await start(id, 'outer');
    for (const stream of [all, life, top]) await stream.until(isOver, 'the end');
    await inside.until((events) => events.some(({ method }) => method === 'custom'), 'the custom event');
    const ofAll = (keep: (event: Reading['events'][number]) => boolean): string[] =>
      all.events.filter(keep).map((event) => JSON.stringify(event));
    expect(text(life)).toEqual(ofAll(({ method }) => method === 'lifecycle'));
    expect(text(top)).toEqual(ofAll(({ params }) => params.namespace.length === 0));
    const deep = ofAll(({ params }) => params.namespace[0]?.startsWith('inner:') === true);
    await inside.until(() => inside.events.length === deep.length, 'all of the inside');
    expect(text(inside)).toEqual(deep);
    expect(named.events).toEqual([]);
  });

  test('tells of runs that other clients put by the older API, once the thread is followed', async () => {
    const id = randomUUID();
    const stream = open(id);
    await start(id, 'ask');
    await stream.until(isOver, 'the question');
    await server.client.runs.wait(id, 'ask', { command: { resume: 'by the inbox' } });
    await stream.until((events) => asked(events).length === 2, 'the second question');
    expect(roots(stream.events)).toEqual(['running', 'interrupted', 'running', 'interrupted']);
    expect(stream.events.at(-3)).toMatchObject({ method: 'values', params: { data: { log: ['first:"by the inbox"'] } } });
    // A thread that nobody follows costs nothing.
    const { thread_id } = await server.client.threads.create();
    await server.client.runs.wait(thread_id, 'two', { input: {} });
    expect((await server.runtime.stores.served.threadEvents.lasts([thread_id])).size).toBe(0);
  });

  test('of two answers at once one is taken, and both readers see one run go on', async () => {
    const id = randomUUID();
    const [one, other] = [open(id), open(id)];
    await start(id, 'ask');
    await one.until(isOver, 'the question');
    const answer = (response: string) =>
      command(server.url, id, 'input.respond', { params: { namespace: [], interrupt_id: asked(one.events)[0], response } });
    const answers = await Promise.all([answer('a'), answer('b')]);
    expect(new Set(answers.map(({ body }) => body['type']))).toEqual(new Set(['error', 'success']));
    for (const stream of [one, other]) await stream.until((events) => asked(events).length === 2, 'the second question');
    expect(text(other)).toEqual(text(one));
    expect(roots(one.events)).toEqual(['running', 'interrupted', 'running', 'interrupted']);
    expect((await answer('late')).body).toMatchObject({ type: 'error', error: 'no_such_interrupt' });
  });

  test('tells that a run was cancelled, before it began and while it works', async () => {
    await server.stop();
    server = await startServer({ limits: { concurrency: 1 } });
    const [busy, id] = [randomUUID(), randomUUID()];
    const [works, waits] = [open(busy), open(id)];
    await start(busy, 'slow', {}, { config: { configurable: { ms: 50, steps: 1000 } } });
    await works.until((events) => events.length > 3, 'its work');
    const { body } = await start(id, 'two');
    const { run_id } = body['result'] as { run_id: string };
    await server.client.runs.cancel(id, run_id);
    await waits.until(isOver, 'that it is cancelled');
    expect(waits.events).toMatchObject([{ method: 'lifecycle', params: { data: { event: 'interrupted' } } }]);
    const [run] = await server.client.runs.list(busy);
    await server.client.runs.cancel(busy, String(run?.run_id), true);
    await works.until(isOver, 'that it is cancelled');
    expect(roots(works.events)).toEqual(['running', 'interrupted']);
  });

  test('ends with its server, at once, and after all that the server did at its end', async () => {
    const id = randomUUID();
    const [stream, idle] = [open(id), open(randomUUID())];
    await start(id, 'slow', {}, { config: { configurable: { ms: 200, steps: 3 } } });
    await stream.until((events) => events.length > 3, 'its work');
    await idle.response;
    const begun = performance.now();
    await server.serving.stop(10_000);
    expect(performance.now() - begun).toBeLessThan(3000);
    await stream.until(() => stream.over && idle.over, 'the end of both');
    expect(roots(stream.events)).toEqual(['running', 'completed']);
  });

  test('of a thread that was deleted and made again counts anew', async () => {
    const id = randomUUID();
    const stream = open(id);
    await start(id, 'two');
    await stream.until(isOver, 'the end');
    const before = stream.events.length;
    await server.client.threads.delete(id);
    await expect.poll(() => server.runtime.stores.served.threadEvents.lasts([id])).toEqual(new Map());
    await new Promise((wake) => setTimeout(wake, 300));
    await start(id, 'two');
    await stream.until((events) => events.length === 2 * before, 'the second life');
    expect(stream.events[before]?.seq).toBe(1);
  });
});

describe('caps and rights', () => {
  test('another tenant’s thread is as one that does not exist: its stream is silent', async () => {
    const { keys } = server.runtime.stores.served;
    const headers = async (tenant: string) => ({ 'x-api-key': (await issueKey(keys, { tenant, owner: `service:${tenant}` })).key });
    const [ours, theirs] = [await headers('acme'), await headers('zeta')];
    const id = randomUUID();
    const [own, foreign] = [open(id, { channels: ALL }, ours), open(id, { channels: ALL }, theirs)];
    await command(server.url, id, 'run.start', { params: { assistant_id: 'two', input: {} }, headers: ours });
    await own.until(isOver, 'the end');
    const later = open(id, { channels: ALL }, theirs);
    expect((await later.response).status).toBe(200);
    await new Promise((wake) => setTimeout(wake, 400));
    expect([...foreign.events, ...later.events]).toEqual([]);
    const params = { assistant_id: 'two', input: {} };
    expect(await command(server.url, id, 'run.start', { params, headers: theirs })).toMatchObject({ status: 404 });
  });

  test('a caller has so many streams open, and one that leaves makes room', async () => {
    await server.stop();
    server = await startServer({ limits: { streamsPerCaller: 2 } });
    const [one, two] = [open(randomUUID()), open(randomUUID())];
    expect([(await one.response).status, (await two.response).status]).toEqual([200, 200]);
    const third = await open(randomUUID()).response;
    expect([third.status, await third.json()]).toEqual([
      429,
      { detail: expect.stringContaining('has 2 streams and waits open; at most 2') },
    ]);
    one.close();
    await expect.poll(async () => (await open(randomUUID()).response).status).toBe(200);
  });

  test('a thread keeps so many characters of events; numbers go on, and what is kept is whole', async () => {
    await server.stop();
    server = await startServer({ limits: { threadEventCharacters: 3000 } });
    const id = randomUUID();
    const live = open(id);
    await start(id, 'slow', {}, { config: { configurable: { ms: 1, steps: 20 } } });
    await live.until(isOver, 'the end');
    const late = open(id);
    await late.until(isOver, 'the end again');
    expect(late.events[0]?.seq).toBeGreaterThan(10);
    expect(text(late).join('').length).toBeLessThan(6000);
    expect(late.events.map(({ seq }) => seq)).toEqual(late.events.map((_, index) => (late.events[0]?.seq ?? 0) + index));
  });

  test.each([
    [{}, /channels/],
    [{ channels: [] }, /channels/],
    [{ channels: ['colours'] }, /must be one of values, updates, .*custom:<name>; got "colours"/],
    [{ channels: ['values'], depth: -1 }, /depth/],
    [{ channels: ['values'], since: 'x' }, /since/],
    [{ channels: ['values'], namespaces: [Array.from({ length: 51 }, () => 'a')] }, /namespaces/],
    [{ channels: Array.from({ length: 101 }, () => 'values') }, /channels/],
    [{ channels: ['values'], colour: 1 }, /unknown field "colour"/],
  ])('a filter of a wrong form is refused: %j', async (filter, words) => {
    const answer = await open(randomUUID(), filter).response;
    expect([answer.status, await answer.json()]).toEqual([422, { detail: expect.stringMatching(words) }]);
  });

  test('a body that is too long is refused', async () => {
    await server.stop();
    server = await startServer({ limits: { bodyBytes: 1000 } });
    expect(await start(randomUUID(), 'two', { log: ['x'.repeat(2000)] })).toMatchObject({ status: 413 });
  });
});
