/** Feedback on runs: given by whoever holds a token that is good, read with the run, gone with it. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Feedback } from '../../../domain/feedback.ts';
import { newRun, START_MS, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const HOUR_MS = 3_600_000;

export const feedbackSuite: ServedSuite = (name, backend) =>
  describe(`${name}: feedback`, () => {
    eachOpen(backend);
    let feedback: Feedback;
    beforeEach(() => {
      feedback = stores.served.feedback;
    });
    const ask = (runId: string, ...hashes: string[]) =>
      feedback.ask(
        runId,
        hashes.map((tokenHash) => ({ key: tokenHash.slice(0, 1), tokenHash })),
        START_MS + HOUR_MS,
      );

    test('is given under its token until that is over, and the last word counts', async () => {
      await ask('r', 'b1', 'a1');
      expect(await feedback.list('r')).toEqual([]);
      expect(await feedback.give('b1', { score: 0 })).toBe(true);
      place.clock.ms += HOUR_MS - 1;
      expect(await feedback.give('b1', { score: 1, comment: 'c' })).toBe(true);
      expect(await feedback.give('a1', { value: [1] })).toBe(true);
      place.clock.ms += 1;
      expect(await feedback.give('a1', { value: 2 })).toBe(false);
      expect(await feedback.give('x', { value: 2 })).toBe(false);
      const givenAt = new Date(START_MS + HOUR_MS - 1).toISOString();
      expect(await feedback.list('r')).toEqual([
        { key: 'a', answer: { value: [1] }, givenAt },
        { key: 'b', answer: { score: 1, comment: 'c' }, givenAt },
      ]);
      expect(await feedback.list('other')).toEqual([]);
    });

    test('asked for again by a run that was taken over, has the new token alone', async () => {
      await ask('r', 'a1');
      await feedback.give('a1', { score: 1 });
      await ask('r', 'a2');
      expect(await feedback.give('a1', { score: 0 })).toBe(false);
      expect(await feedback.list('r')).toMatchObject([{ answer: { score: 1 } }]);
      expect(await feedback.give('a2', { score: 0 })).toBe(true);
    });

    test('goes with its run, deleted or taken back, and with its thread', async () => {
      const scope = { tenant: 'default' };
      const { queue, threads } = stores.served;
      const put = async (runId: string, thread: number) => {
        await queue.put(scope, [newRun(runId, threadOf(thread))]);
        await ask(runId, `${runId}-token`);
        await feedback.give(`${runId}-token`, { score: 1 });
        expect(await feedback.list(runId)).toHaveLength(1);
      };
      await put('d', 1);
      await queue.delete(scope, threadOf(1), 'd');
      expect(await feedback.list('d')).toEqual([]);
      await put('t', 2);
      const claimed = await queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      await queue.finish(claimed.lease, { status: 'interrupted', rollback: true });
      expect(await feedback.list('t')).toEqual([]);
      await put('e', 3);
      await threads.delete(scope, threadOf(3));
      expect(await feedback.list('e')).toEqual([]);
    });
  });
