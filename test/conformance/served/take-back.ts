/** A run that is taken back leaves its thread as it was, also the questions and answers that it replaced in their rows. */
import { INTERRUPT, RESUME } from '@langchain/langgraph-checkpoint';
import { describe, expect, test } from 'vitest';
import { one } from '../../../checkpoints/sql/transaction.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };
const threadId = threadOf(1);
const at = { configurable: { thread_id: threadId, checkpoint_ns: '', checkpoint_id: 'c1' } };

export const takeBackSuite: ServedSuite = (name, backend) =>
  describe(`${name}: take-back`, () => {
    eachOpen(backend);

    async function begun(runId: string) {
      await stores.served.queue.put(scope, [newRun(runId, threadId, { threadMetadata: {} })]);
      const claimed = await stores.served.queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      return claimed.lease;
    }
    const writes = async () => (await stores.saver.getTuple(at))?.pendingWrites;
    const kept = async (): Promise<unknown> => stores.sql.read(() => one('SELECT COUNT(*) AS n FROM replaced_writes'));

    /** A first run asked; a second one, which answers, is asked again: twice, and of another task once. */
    async function askedAgain() {
      const first = await begun('first');
      const checkpoint = { v: 4, id: 'c1', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} };
      await stores.saver.put({ configurable: { thread_id: threadId } }, checkpoint, { source: 'loop', step: 1, parents: {} });
      await stores.saver.putWrites(at, [[INTERRUPT, 'first?']], 'task');
      await stores.served.queue.finish(first, { status: 'interrupted' });
      const before = await writes();
      const second = await begun('second');
      await stores.saver.putWrites(at, [[RESUME, ['yes']]], 'task');
      await stores.saver.putWrites(at, [[INTERRUPT, 'second?']], 'task');
      await stores.saver.putWrites(at, [[INTERRUPT, 'third?']], 'task');
      await stores.saver.putWrites(at, [[INTERRUPT, 'other?']], 'other');
      return { before, second };
    }

    test('what it replaced is there again', async () => {
      const { before, second } = await askedAgain();
      expect(before).toEqual([['task', INTERRUPT, 'first?']]);
      await stores.served.queue.finish(second, { status: 'interrupted', rollback: true });
      expect([await writes(), await kept()]).toEqual([before, { n: 0 }]);
    });

    test('a question that replaced the last one that was written is taken back too', async () => {
      const first = await begun('first');
      const checkpoint = { v: 4, id: 'c1', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} };
      await stores.saver.put({ configurable: { thread_id: threadId } }, checkpoint, { source: 'loop', step: 1, parents: {} });
      await stores.saver.putWrites(at, [[INTERRUPT, 'first?']], 'task');
      await stores.served.queue.finish(first, { status: 'interrupted' });
      const second = await begun('second');
      await stores.saver.putWrites(at, [[INTERRUPT, 'second?']], 'task');
      expect(await stores.served.queue.finish(second, { status: 'interrupted', rollback: true })).toBe(true);
      expect([await writes(), await kept()]).toEqual([[['task', INTERRUPT, 'first?']], { n: 0 }]);
    });

    test('one that ends keeps what it wrote, and nothing of what it replaced', async () => {
      const { second } = await askedAgain();
      expect(await kept()).toEqual({ n: 1 });
      await stores.served.queue.finish(second, { status: 'interrupted' });
      expect(await writes()).toEqual(
        expect.arrayContaining([
          ['task', RESUME, ['yes']],
          ['task', INTERRUPT, 'third?'],
          ['other', INTERRUPT, 'other?'],
        ]),
      );
      expect(await kept()).toEqual({ n: 0 });
    });
  });
