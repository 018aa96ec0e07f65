/** Attempt numbers: a replay finds its own, other inputs get the next, and two processes never get the same. */
import { describe, expect, test } from 'vitest';
import { FencedError } from '../../domain/errors.ts';
import { leased, threadOf } from '../checkpoints/home.ts';
import { eachLeased, fence, home, type Suite, stores } from './backend.ts';

export const attemptsSuite: Suite = (name, backend) =>
  describe(`${name}: attempts`, () => {
    eachLeased(backend);

    test('inputs have one number for ever, in the order in which they came', async () => {
      const numbers: number[] = [];
      for (const inputs of ['a', 'b', 'a', 'c', 'b', 'c', 'd']) numbers.push(await stores.attempts.allocate(fence, 'build', inputs));
      expect(numbers).toEqual([1, 2, 1, 3, 2, 3, 4]);
    });

    test('stages and threads count for themselves', async () => {
      const other = await leased(stores, threadOf(2));
      const numbers = [
        await stores.attempts.allocate(fence, 'build', 'a'),
        await stores.attempts.allocate(fence, 'build', 'b'),
        await stores.attempts.allocate(fence, 'plan', 'b'),
        await stores.attempts.allocate(other, 'build', 'b'),
        await stores.attempts.allocate(fence, 'plan', 'a'),
      ];
      expect(numbers).toEqual([1, 2, 1, 1, 2]);
    });

    test('a process that takes over finds the numbers of the one before it, which gets no more', async () => {
      for (const inputs of ['a', 'b']) await stores.attempts.allocate(fence, 'build', inputs);
      await stores.runs.release(fence);
      const second = await home.open();
      const next = await second.runs.acquire(fence.threadId);
      expect(await second.attempts.allocate(next, 'build', 'b')).toBe(2);
      await expect(stores.attempts.allocate(fence, 'build', 'c')).rejects.toBeInstanceOf(FencedError);
      expect(await second.attempts.allocate(next, 'build', 'd')).toBe(3);
    });

    test('two connections that ask at once get dense numbers, equal for equal inputs', async () => {
      const second = await home.open();
      const asked = Array.from({ length: 40 }, (_, index) => `inputs ${index % 10}`);
      const given = await Promise.all(
        asked.map((inputs, index) => (index % 2 === 0 ? stores : second).attempts.allocate(fence, 'build', inputs)),
      );
      const byInputs = new Map<string, Set<number>>();
      for (const [index, inputs] of asked.entries()) byInputs.set(inputs, (byInputs.get(inputs) ?? new Set()).add(given[index] ?? 0));
      expect([...byInputs.values()].map((numbers) => numbers.size)).toEqual(Array.from({ length: 10 }, () => 1));
      expect([...new Set(given)].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
  });
