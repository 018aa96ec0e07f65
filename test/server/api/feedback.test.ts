/** Feedback on runs: the event that ends a stream, the addresses in it, and who may read what was given. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function streamed(assistant: string, feedbackKeys?: string[]) {
  const { thread_id } = await server.client.threads.create();
  const events: { event: string; data: unknown }[] = [];
  const more = feedbackKeys === undefined ? {} : { feedbackKeys };
  for await (const event of server.client.runs.stream(thread_id, assistant, { input: { n: 1 }, streamMode: 'values', ...more }))
    events.push(event);
  const { run_id } = (events[0]?.data ?? {}) as { run_id: string }; // the first event is always metadata
  return { thread_id, run_id, events, last: events.at(-1) };
}
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

test('the stream of a run that asked for it ends with an address for each key; what is posted there is read with the run', async () => {
  const { run_id, last } = await streamed('two', ['helpful', 'tone', 'tone']);
  expect(last).toMatchObject({
    event: 'feedback',
    data: { helpful: expect.stringMatching(new RegExp(`^${server.url}/feedback/tokens/[\\w-]{43}$`)), tone: expect.any(String) },
  });
  const urls = last?.data as { helpful: string; tone: string };
  expect(urls.helpful).not.toBe(urls.tone);
  expect((await post(urls.helpful, { score: 1, comment: 'clear' })).status).toBe(204);
  const { body } = await server.send('GET', `/runs/${run_id}/feedback`);
  expect(body).toEqual([{ key: 'helpful', score: 1, comment: 'clear', given_at: expect.stringMatching(/Z$/) }]);
});

test('one that asked for none, and one that failed, end as ever; one that asks a person tells it', async () => {
  expect((await streamed('two')).events.map(({ event }) => event)).not.toContain('feedback');
  const failed = await server.send('POST', '/runs/stream', { assistant_id: 'fails', input: {}, feedback_keys: ['helpful'] });
  expect(failed.body).toContain('event: error');
  expect(failed.body).not.toContain('event: feedback');
  expect((await streamed('ask', ['helpful'])).last).toMatchObject({ event: 'feedback' });
});

test('an address that is none, an answer that says nothing or too much, a key without end are refused', async () => {
  const { last, run_id } = await streamed('two', ['helpful']);
  const { helpful } = (last?.data ?? {}) as { helpful: string }; // the event told above
  expect((await post(`${helpful.slice(0, -1)}${helpful.endsWith('A') ? 'B' : 'A'}`, { score: 1 })).status).toBe(404);
  for (const [body, detail] of [
    [{}, /says nothing; send score/],
    [{ metadata: { a: 1 } }, /says nothing/],
    [{ score: 1, colour: 'red' }, /unknown field "colour"/],
    [{ comment: 'x'.repeat(10_001) }, /comment/],
    [{ value: 'x'.repeat(10_001) }, /value: has more than 10000 characters/],
  ] as const) {
    const answer = await post(helpful, body);
    expect(answer.status, JSON.stringify(body).slice(0, 80)).toBe(422);
    expect(((await answer.json()) as { detail: string }).detail).toMatch(detail);
  }
  expect((await server.send('POST', '/feedback/tokens/none', { score: 1 })).status).toBe(404);
  // A page that is not the operator's reaches it as little as any route.
  expect((await post(helpful, { score: 1 }, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await server.send('GET', `/runs/${run_id}/feedback`)).body).toEqual([]);
  const many = { assistant_id: 'two', input: {}, feedback_keys: Array.from({ length: 51 }, (_, index) => `k${index}`) };
  expect(await server.send('POST', '/runs', many)).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('feedback_keys') },
  });
});

test('whoever holds the address needs no key; reading takes the right to read the run', async () => {
  const own = await startServer();
  const { keys } = own.runtime.stores.served;
  const [mine, theirs] = [await issueKey(keys, { tenant: 'acme' }), await issueKey(keys, { tenant: 'zeta' })];
  const { body: thread } = await own.send('POST', '/threads', {}, { 'x-api-key': mine.key });
  const { thread_id } = thread as { thread_id: string };
  const run = { assistant_id: 'two', input: { n: 1 }, feedback_keys: 'helpful' };
  const { body } = await own.send('POST', `/threads/${thread_id}/runs/stream`, run, { 'x-api-key': mine.key });
  const url = /"helpful":"([^"]+)"/.exec(String(body))?.[1] ?? '';
  const runId = /"run_id":"([^"]+)"/.exec(String(body))?.[1] ?? '';
  expect((await post(url, { score: true })).status).toBe(204);
  expect(await own.send('GET', `/runs/${runId}/feedback`, undefined, { 'x-api-key': mine.key })).toMatchObject({
    body: [{ key: 'helpful', score: true }],
  });
  expect((await own.send('GET', `/runs/${runId}/feedback`, undefined, { 'x-api-key': theirs.key })).status).toBe(404);
  expect((await own.send('GET', `/runs/${runId}/feedback`)).status).toBe(401);
  await own.stop();
});
