/** What is refused of a governed thread has done nothing: no decision is recorded, no run begun. And a damaged one hides no other. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop } from '../../story/shop.ts';
import { startServer } from '../serving.ts';

const input = { goal: GOAL, repo: 'shop' };
const closers: (() => void | Promise<void>)[] = [];
let url = '';
let home = '';

beforeAll(async () => {
  const shop = await openShop();
  home = shop.world.home;
  const server = await startServer({ home, config: LANGGRAPH_JSON, env: KEY });
  url = server.url;
  closers.push(
    () => server.stop(),
    () => shop.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});

async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }; // an object in each of these answers
}
const approvals = async (status: string): Promise<{ approval_id: string }[]> =>
  (await (await fetch(`${url}/governor/approvals?status=${status}`)).json()) as { approval_id: string }[]; // the gates

test('an answer that is refused since the thread is busy is not recorded', async () => {
  const { body: thread } = await post('/threads', {});
  const at = `/threads/${String(thread['thread_id'])}/runs`;
  await post(`${at}/wait`, { assistant_id: 'governor', input });
  expect(await approvals('pending')).toHaveLength(1);
  await post(at, { assistant_id: 'governor', input: null, after_seconds: 600 });
  const resume = { decisions: [{ type: 'approve' }] };
  const answer = await post(at, { assistant_id: 'governor', command: { resume }, multitask_strategy: 'reject' });
  expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/already running a task/) } });
  expect([await approvals('pending'), await approvals('approved')]).toEqual([[expect.anything()], []]);
});

test('a batch with a governed run begins none of its runs', async () => {
  const threads = async () => (await fetch(`${url}/threads/count`, { method: 'POST' })).json();
  const before = await threads();
  const governed = { assistant_id: 'governor', input };
  for (const batch of [
    [governed, { assistant_id: 'nothing' }],
    [governed, governed],
    [{ assistant_id: 'builder', input }, governed],
  ])
    expect([404, 422]).toContain((await post('/runs/batch', batch)).status);
  expect((await post('/runs/batch', [governed, governed])).body).toEqual({
    detail: 'assistant_id: runs of graph "governor" are not put in batches; send each to POST /runs',
  });
  expect(await threads()).toBe(before);
});

test('a thread whose state is damaged is listed as that, beside the others', async () => {
  const [found] = (await (await fetch(`${url}/threads/search`, { method: 'POST' })).json()) as { thread_id: string }[]; // a list
  const id = found?.thread_id ?? '';
  const rows = new Sqlite(join(home, 'governor.sqlite'));
  rows.prepare("UPDATE checkpoints SET checkpoint = CAST('{' AS BLOB) WHERE thread_id = ?").run(id);
  rows.close();
  await post('/threads', {});
  const answer = await fetch(`${url}/threads/search`, { method: 'POST' });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.arrayContaining([
      expect.objectContaining({ thread_id: id, status: 'error', error: { error: 'STATE_TAMPERED', message: expect.any(String) } }),
      expect.objectContaining({ status: 'idle', error: null }),
    ]),
  ]);
  expect((await fetch(`${url}/threads/${id}/state`)).status).toBe(409);
});

test('what callers say beside a goal, and a goal itself, hold no secret; a run with other words begins', async () => {
  const key = `ghp_${'a1B2'.repeat(9)}`;
  const { body: thread } = await post('/threads', {});
  const at = `/threads/${String(thread['thread_id'])}/runs/wait`;
  const refused: [string, object, RegExp][] = [
    ['/threads', { metadata: { title: `uses ${key}` } }, /title.*github-token/],
    ['/threads', { metadata: { title: `uses ${KEY.OPENAI_API_KEY}` } }, /metadata: holds what looks like a secret \(a key that is in use/],
    [at, { metadata: { title: key } }, /title.*github-token/],
    [at, { config: { configurable: { token: key } } }, /config: holds what looks like a secret/],
    [at, { config: { configurable: { token: KEY.OPENAI_API_KEY } } }, /config: holds what looks like a secret \(a key that is in use/],
    [at, { input: { ...input, goal: `${GOAL} with ${key}` } }, /goal: holds what looks like a secret/],
  ];
  for (const [path, more, words] of refused) {
    const answer = await post(path, path === '/threads' ? more : { assistant_id: 'governor', input, ...more });
    expect(answer).toMatchObject({ status: 422, body: { detail: expect.stringMatching(words) } });
    expect(JSON.stringify(answer.body)).not.toContain(key);
  }
  const begun = await post(at, { assistant_id: 'governor', input, metadata: { title: 'ghp_ tokens' }, config: { configurable: { a: 1 } } });
  expect(begun.status).toBe(200);
});
