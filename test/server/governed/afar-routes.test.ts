/** What the command line asks a server for: who may, what it sees, and what a retry does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY } from '../../story/world.ts';
import { until } from '../../until.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let shop: Shop;
let server: TestServer;
let thread: string;
const keys: Record<string, string> = {};

beforeAll(async () => {
  // Words beside a call: two events of one record.
  shop = await openShop({ replies: HAPPY.map((reply) => ({ ...reply, text: `about ${reply.role} ${reply.call}` })) });
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  const { keys: kept } = server.runtime.stores.served;
  keys['ada'] = (await issueKey(kept, { owner: 'ada' })).key;
  keys['eve'] = (await issueKey(kept, { owner: 'eve', roles: ['viewer'] })).key;
  keys['builderOnly'] = (await issueKey(kept, { owner: 'cid', graphs: ['builder'] })).key;
  keys['acme'] = (await issueKey(kept, { owner: 'acme', tenant: 'acme', roles: ['admin', 'operator'] })).key;
  const started = await post('ada', { goal: GOAL, repo: 'shop' });
  thread = (started.body as { thread_id: string }).thread_id;
  const rests = async (): Promise<boolean> => {
    const { status } = (await get('ada', `/governor/threads/${thread}`)).body as { status: string };
    const { live } = (await get('ada', `/governor/threads/${thread}/live`)).body as { live: boolean };
    return status === 'waiting' && !live;
  };
  await until(rests, 'the gate', { ms: 50_000, everyMs: 100 });
});
afterAll(async () => {
  await server.stop();
  await shop.close();
});

const header = (who: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${keys[who] ?? ''}`, ...more });
const get = (who: string, path: string, more: Record<string, string> = {}) => server.send('GET', path, undefined, header(who, more));
const post = (who: string, body: unknown, more: Record<string, string> = {}) =>
  server.send('POST', '/governor/threads', body, header(who, more));

/** Events of an SSE answer that has ended. */
const events = (text: unknown): { event: string; data: Record<string, unknown>; id: string | undefined }[] =>
  String(text)
    .split('\n\n')
    .filter((frame) => frame.startsWith('event: '))
    .map((frame) => {
      const field = (name: string): string | undefined =>
        frame
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      return { event: field('event') ?? '', data: JSON.parse(field('data') ?? 'null') as Record<string, unknown>, id: field('id') }; // as it was sent
    });

test('a caller is told who it is', async () => {
  expect((await get('eve', '/governor/me')).body).toEqual({ id: 'eve', roles: ['viewer'], method: 'key', tenant: 'default' });
  expect((await server.send('GET', '/governor/me')).status).toBe(401);
});

describe('a start', () => {
  test('is for operators of the graph, with a repository of the server', async () => {
    expect(await post('eve', { goal: 'x', repo: 'shop' })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('eve has viewer') },
    });
    expect(await post('builderOnly', { goal: 'x', repo: 'shop' })).toMatchObject({ status: 403 });
    expect(await post('ada', { goal: 'x', repo: shop.world.repo })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('is not a repository of this server; it has shop') },
    });
    expect(await post('ada', { goal: ' ' })).toMatchObject({ status: 422 });
    expect(await post('ada', { goal: 'x', starter: 'bob' })).toMatchObject({ status: 422 });
  });

  test('that is sent again under its key is the same thread, also where the first answer was never kept', async () => {
    const key = { 'idempotency-key': 'k-1' };
    const first = await post('ada', { goal: 'Another goal' }, key);
    expect(first).toMatchObject({
      status: 200,
      body: { worst_case_micro_usd: expect.any(Number), limits: expect.any(Object), warnings: expect.any(Array), canned: false },
    });
    expect(await post('ada', { goal: 'Another goal' }, key)).toMatchObject({ body: first.body });
    await server.runtime.stores.served.idempotency.drop(JSON.stringify(['default', 'ada', 'post', '/governor/threads']), 'k-1');
    expect(await post('ada', { goal: 'Another goal' }, key)).toMatchObject({ body: first.body });
    const other = await post('eve', { goal: 'Another goal' }, key);
    expect(other.status).toBe(403);
    const id = (first.body as { thread_id: string }).thread_id;
    await server.send('POST', `/governor/threads/${id}/cancel`, undefined, header('ada'));
  });
});

describe('a caller sees', () => {
  test('the threads of its tenant, newest first, in pages', async () => {
    const all = await get('eve', '/governor/threads');
    expect(all.body).toMatchObject([{ status: 'cancelled' }, { thread_id: thread }]);
    expect(all.headers.get('x-pagination-total')).toBe('2');
    const page = await get('eve', '/governor/threads?limit=1&offset=0');
    expect([(page.body as unknown[]).length, page.headers.get('x-pagination-next')]).toEqual([1, '1']);
    expect((await get('acme', '/governor/threads')).body).toEqual([]);
  });

  test('the thread that a word names, among its own', async () => {
    expect((await get('eve', `/governor/find?thread=${thread.slice(0, 13)}`)).body).toEqual({ thread_id: thread });
    expect((await get('eve', '/governor/find?thread=last')).status).toBe(200);
    for (const word of [thread.slice(0, 13), 'last', thread])
      expect(await get('acme', `/governor/find?thread=${word}`), word).toMatchObject({
        status: 422,
        body: { detail: expect.stringContaining('no thread of this home has this id') },
      });
  });

  test('what waits, and the gate', async () => {
    expect((await get('eve', '/governor/pending')).body).toMatchObject([{ threadId: thread, gate: 'release', status: 'pending' }]);
    expect((await get('acme', '/governor/pending')).body).toEqual([]);
    expect((await get('eve', `/governor/threads/${thread}/gate`)).body).toMatchObject({
      goal: GOAL,
      row: { threadId: thread },
      diff: expect.stringContaining('+'),
    });
    expect((await get('acme', `/governor/threads/${thread}/gate`)).status).toBe(404);
    expect((await get('acme', `/governor/threads/${thread}/live`)).status).toBe(404);
    expect((await get('acme', `/governor/threads/${thread}/follow?of=log`)).status).toBe(404);
  });
});

describe('a stream', () => {
  test('of the log says what the log says, ends when the thread rests, and goes on from any of its events', async () => {
    const log = (await get('eve', `/governor/threads/${thread}/log`)).body as object[];
    const told = events((await get('eve', `/governor/threads/${thread}/follow?of=log`)).body);
    expect(told.at(-1)).toMatchObject({ event: 'end', data: { end: 'rested' } });
    expect(told.slice(0, -1).map(({ data }) => data)).toEqual(log);
    const ids = told.slice(0, -1).map(({ id }) => id ?? '');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.some((id) => id.endsWith('.1'))).toBe(true);
    for (const [index, id] of ids.entries()) {
      const rest = events((await get('eve', `/governor/threads/${thread}/follow?of=log&until=now`, { 'last-event-id': id })).body);
      expect(
        rest.map((event) => event.id),
        id,
      ).toEqual(ids.slice(index + 1));
    }
  });

  test('of the trail says what the trail says', async () => {
    const trail = (await get('eve', `/governor/threads/${thread}/audit`)).body as { seq: number }[];
    const told = events((await get('eve', `/governor/threads/${thread}/follow?of=audit&until=now`)).body);
    expect(told.map(({ data }) => data)).toEqual(trail);
    const half = String(trail[Math.floor(trail.length / 2)]?.seq);
    const rest = events((await get('eve', `/governor/threads/${thread}/follow?of=audit&until=now`, { 'last-event-id': half })).body);
    expect(rest.map(({ id }) => Number(id))).toEqual(trail.filter(({ seq }) => seq > Number(half)).map(({ seq }) => seq));
  });

  test('is refused for an agent that the thread does not have, and for an id of another stream', async () => {
    expect(await get('eve', `/governor/threads/${thread}/follow?of=log&agent=nobody`)).toMatchObject({ status: 422 });
    expect(await get('eve', `/governor/threads/${thread}/follow?of=log`, { 'last-event-id': 'x' })).toMatchObject({
      status: 422,
      body: { detail: 'Last-Event-ID: "x" is no id of this stream' },
    });
  });
});

test('a refusal names its reason code for programs', async () => {
  const [gate] = (await get('ada', '/governor/pending')).body as { id: string }[];
  const answer = await server.send('POST', `/governor/approvals/${gate?.id ?? ''}`, { decision: 'approved', subject: 'x' }, header('ada'));
  expect([answer.status, answer.headers.get('governor-code')]).toEqual([409, 'APPROVAL_STALE']);
});
