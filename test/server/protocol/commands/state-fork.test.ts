/** `state.fork` on a governed thread: an edit, with its rights, and never with another input. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../../story/shop.ts';
import { issueKey } from '../../issue-key.ts';
import { command } from '../../protocol-client.ts';
import { startServer, type TestServer } from '../../serving.ts';

const CHECKPOINT = '1f0a0000-0000-6000-8000-000000000000';

let shop: Shop;
let server: TestServer;
beforeEach(async () => {
  shop = await openShop();
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY, limits: { concurrency: 0 } });
});
afterEach(async () => {
  await server.stop();
  await shop.close();
});

test('is refused to whoever may not edit, with the words of every edit, and puts no run', async () => {
  const { key } = await issueKey(server.runtime.stores.served.keys, { owner: 'service:op' });
  const headers = { 'x-api-key': key };
  const { thread_id } = (await server.send('POST', '/threads', {}, headers)).body as { thread_id: string };
  const goal = { assistant_id: 'governor', input: { goal: GOAL, repo: 'shop' } };
  expect(await server.send('POST', `/threads/${thread_id}/runs`, goal, headers)).toMatchObject({ status: 200 });
  const fork = (params: object) => command(server.url, thread_id, 'state.fork', { params, headers });
  expect(await fork({ checkpoint_id: CHECKPOINT })).toMatchObject({
    status: 403,
    body: { type: 'error', error: 'permission_denied', message: expect.stringMatching(/service:op has operator; this needs one of admin/) },
  });
  expect(await fork({ checkpoint_id: CHECKPOINT, input: { goal: 'Another goal' } })).toMatchObject({
    status: 200,
    body: { type: 'error', error: 'invalid_argument', message: expect.stringContaining('is governed, and takes no other input') },
  });
  const runs = await server.send('GET', `/threads/${thread_id}/runs`, undefined, headers);
  expect(runs.body).toHaveLength(1);
  // What may be looked at may be listed.
  expect(await command(server.url, thread_id, 'state.listCheckpoints', { headers })).toMatchObject({ body: { type: 'success' } });
});
