/** Histories and listings of large states: bounded, and one alone always fits; histories by metadata with any names. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { fresh, NONE, server, startBoth, wait } from '../both.ts';

startBoth();

const MIB = 1024 * 1024;

test('states beyond what an answer may hold are refused before they take the memory; one alone can be had', async () => {
  const threadId = await fresh();
  await server.client.threads.update(threadId, { metadata: { graph_id: 'two', large: true } });
  for (let index = 0; index < 4; index += 1)
    await server.client.threads.updateState(threadId, { values: { n: 'x'.repeat(17 * MIB) }, asNode: 'one' });
  const history = (limit: number) => server.send('GET', `/threads/${threadId}/history?limit=${limit}`);
  expect(await history(10)).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/^limit: the first 4 states are longer than 67108864 characters; ask for fewer$/) },
  });
  expect((await history(1)).status).toBe(200);

  const rows = new Sqlite(join(server.home, 'governor.sqlite'));
  rows.prepare('UPDATE threads SET "values" = ? WHERE thread_id = ?').run(JSON.stringify({ n: 'x'.repeat(65 * MIB) }), threadId);
  rows.close();
  await server.client.threads.create({ metadata: { large: true } });
  const search = (limit: number) =>
    server.send('POST', '/threads/search', { metadata: { large: true }, limit, sort_by: 'created_at', sort_order: 'asc' });
  const one = await search(1);
  expect([one.status, one.headers.get('x-pagination-next')]).toEqual([200, '1']);
  expect(one.body).toMatchObject([{ thread_id: threadId }]);
  expect((await search(2)).body).toMatchObject({ detail: expect.stringMatching(/^limit: the first 2 rows/) });
}, 60_000);

test('a history is filtered by names that are no paths, and by objects whatever the order of their members', async () => {
  const threadId = await fresh();
  const metadata = { 'a.b': 1, '"': 2, '': 3, of: { a: [1, 2], b: 4 }, plain: 'x' };
  await wait(threadId, 'two', { input: { n: 1 }, metadata });
  const found = async (asked: object) => {
    const answer = await server.send('POST', `/threads/${threadId}/history`, { metadata: asked });
    return [answer.status, (answer.body as unknown[]).length]; // a list
  };
  for (const asked of [...Object.entries(metadata).map(([name, value]) => ({ [name]: value })), { of: { b: 4, a: [1, 2] } }, metadata])
    expect(await found(asked), JSON.stringify(asked)).toEqual([200, 4]);
  for (const asked of [{ '"': 1 }, { '[': 1 }, { a: { b: 1 } }, { plain: NONE }, { of: { b: 5 } }])
    expect(await found(asked), JSON.stringify(asked)).toEqual([200, 0]);
});
