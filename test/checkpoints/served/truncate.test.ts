/** The switch of conformance tests: where runs are deleted, no thread stays busy with one. */
import { expect, test } from 'vitest';
import { makeHome, threadOf } from '../home.ts';

test('a thread whose run was deleted rests', async () => {
  const home = makeHome();
  try {
    const stores = await home.open();
    const { queue, threads } = stores.served;
    const scope = { tenant: 'default' };
    const run = {
      runId: 'r',
      threadId: threadOf(1),
      assistantId: 'a',
      metadata: {},
      kwargs: {},
      caller: {},
      multitask: 'enqueue',
    } as const;
    await queue.put(scope, [{ ...run, temporary: false, afterMs: 0, ifNotExists: 'create', threadMetadata: {}, threadConfig: {} }]);
    expect(await threads.get(scope, threadOf(1))).toMatchObject({ status: 'busy' });
    await stores.truncate({ runs: true });
    expect(await threads.get(scope, threadOf(1))).toMatchObject({ status: 'idle' });
  } finally {
    home.dispose();
  }
});
