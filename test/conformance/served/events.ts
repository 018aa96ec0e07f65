/** The events of runs: dense ids that go on, pages of rows and of bytes, and what an old lease may not add. */
import { describe, expect, test } from 'vitest';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };

export const eventsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: events`, () => {
    eachOpen(backend);

    /** A run that this process works on, by its lease. */
    const begun = async (runId = 'r', number = 1) => {
      await stores.served.queue.put(scope, [newRun(runId, threadOf(number))]);
      const claimed = await stores.served.queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      return claimed.lease;
    };

    test('events have dense ids, go on after a trim, and are read in pages of rows and of bytes', async () => {
      const { events } = stores.served;
      const lease = await begun();
      for (let index = 0; index < 3; index += 1)
        await events.append(
          lease,
          [0, 1].map((part) => ({ event: 'custom', data: JSON.stringify('x'.repeat(100) + part) })),
        );
      expect((await events.read('r', -1, 100, 1e6)).map((row) => row.seq)).toEqual([0, 1, 2, 3, 4, 5]);
      expect((await events.read('r', 2, 2, 1e6)).map((row) => row.seq)).toEqual([3, 4]);
      expect((await events.read('r', -1, 100, 150)).map((row) => row.seq)).toEqual([0, 1]);
      await events.trim('r', 5);
      expect(await events.append(lease, [{ event: 'custom', data: '1' }])).toBe(6);
      expect((await events.read('r', -1, 100, 1e6)).map((row) => row.seq)).toEqual([5, 6]);
    });

    test('each run counts for itself, and one without events stands before the first', async () => {
      const { events } = stores.served;
      const [one, two] = [await begun('a', 1), await begun('b', 2)];
      expect(await events.append(one, [{ event: 'values', data: '1' }])).toBe(0);
      expect(await events.last('b')).toBe(-1);
      expect(await events.append(two, [{ event: 'values', data: '2' }])).toBe(0);
      expect(await events.read('a', -1, 10, 1e6)).toEqual([{ seq: 0, event: 'values', data: '1' }]);
    });

    test('are pruned with the time of runs that have ended, and never under a run that works', async () => {
      const { events, queue } = stores.served;
      const [over, works] = [await begun('over', 1), await begun('works', 2)];
      for (const lease of [over, works]) await events.append(lease, [{ event: 'values', data: '{}' }]);
      await queue.finish(over, { status: 'success' });
      place.clock.ms += 1000;
      const now = new Date(place.clock.ms).toISOString();
      expect(await events.prune(now, 10)).toBe(1);
      expect([await events.last('over'), await events.last('works')]).toEqual([-1, 0]);
      expect(await events.prune(now, 10)).toBe(0);
    });
  });
