/** The switch of conformance tests: where runs are deleted, no thread stays busy with one. */
import { describe, expect, test } from 'vitest';
import { threadOf } from '../../checkpoints/home.ts';
import { eachOpen, type ServedSuite, stores } from './backend.ts';

export const truncateSuite: ServedSuite = (name, backend) =>
  describe(`${name}: truncate`, () => {
    eachOpen(backend);

    test('a thread whose run was deleted rests', async () => {
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
    });

    test('system assistants survive it, and nothing else', async () => {
      const { assistants, items, threads } = stores.served;
      const scope = { tenant: 'default' };
      await assistants.seed([{ assistantId: 'system', graphId: 'g' }]);
      const settings = { graphId: 'g', name: '', description: null, config: {}, context: null, metadata: {} };
      await assistants.create(scope, { assistantId: 'mine', ...settings }, 'raise');
      await items.put(scope, { namespace: ['a'], key: 'k', value: {} });
      await threads.create(scope, { threadId: threadOf(1), metadata: {}, ifExists: 'raise' });
      await stores.truncate({ runs: true, threads: true, assistants: true, store: true, checkpointer: true });
      expect((await assistants.search(scope, {}, { limit: 10, offset: 0 })).rows.map((row) => row.assistantId)).toEqual(['system']);
      expect([await items.get(scope, ['a'], 'k'), await threads.get(scope, threadOf(1))]).toEqual([undefined, undefined]);
    });
  });
