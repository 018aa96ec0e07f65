/** What the server holds for a run ends with it: open answers, and the signals that would stop it. */
import { queryObjects } from 'node:v8';
import { expect, test } from 'vitest';
import { startServer } from '../serving.ts';

test('one caller holds so many answers open and no more; the refusal comes before a run is put', async () => {
  const small = await startServer({ limits: { streamsPerCaller: 2 } });
  try {
    const { thread_id } = await small.client.threads.create();
    const input = { assistant_id: 'slow', input: { n: 0 }, config: { configurable: { steps: 40, ms: 100 } } };
    const leave = new AbortController();
    const open = await Promise.all(
      [1, 2].map(() =>
        fetch(`${small.url}/threads/${thread_id}/runs/stream`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(input),
          signal: leave.signal,
        }),
      ),
    );
    expect(open.map((answer) => answer.status)).toEqual([200, 200]);
    const refused = await small.send('POST', `/threads/${thread_id}/runs/wait`, input);
    expect([refused.status, refused.body]).toEqual([429, { detail: expect.stringMatching(/has 2 streams and waits open; at most 2/) }]);
    expect(await small.client.runs.list(thread_id)).toHaveLength(2);
    leave.abort();
    await expect.poll(async () => (await small.send('POST', '/runs/wait', { assistant_id: 'two', input: { n: 1 } })).status).toBe(200);
  } finally {
    await small.stop();
  }
});

test('a run leaves no signal behind: Node keeps a combined one that is listened to until it aborts', async () => {
  const server = await startServer();
  const runs = async (count: number): Promise<void> => {
    for (let run = 0; run < count; run += 1) await server.client.runs.wait(null, 'two', { input: { n: 1 } });
  };
  const controllers = (): number => Number(queryObjects(AbortController, { format: 'count' }));
  try {
    await runs(10);
    const before = controllers();
    await runs(60);
    expect(controllers() - before).toBeLessThan(30);
  } finally {
    await server.stop();
  }
});
