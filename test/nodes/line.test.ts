/** So many at once and no more, in the order they came; a place is never lost. */
import { expect, test } from 'vitest';
import { createLine } from '../../nodes/line.ts';

/** Work that ends when the test says so. */
function hold() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end: () => end() };
}

const settled = (): Promise<void> => new Promise((turn) => setImmediate(turn));

test('two places let two work; the third begins when one of them ends, and the fourth after it', async () => {
  const line = createLine(2);
  const begun: number[] = [];
  const works = [0, 1, 2, 3].map(() => hold());
  const all = works.map((work, index) =>
    line.inLine(async () => {
      begun.push(index);
      await work.ended;
      return index;
    }),
  );
  await settled();
  expect(begun).toEqual([0, 1]);
  works[1]?.end();
  await all[1];
  await settled();
  expect(begun).toEqual([0, 1, 2]);
  works[0]?.end();
  await settled();
  expect(begun).toEqual([0, 1, 2, 3]);
  for (const work of works) work.end();
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
});

test('one that waits for others lends them its only place, and goes on when it has one again', async () => {
  const line = createLine(1);
  const told: string[] = [];
  const parent = line.inLine(async (place) => {
    told.push('parent');
    place.lend();
    await Promise.all(['a', 'b'].map((name) => line.inLine(async () => told.push(name))));
    await place.back();
    told.push('parent again');
  });
  const next = line.inLine(async () => told.push('next'));
  await Promise.all([parent, next]);
  expect(told).toEqual(['parent', 'next', 'a', 'b', 'parent again']);
});

test('a place that is lent twice is one, one that is not lent is there at once, and one that is not taken back is not given twice', async () => {
  const line = createLine(1);
  const held = hold();
  const failed = line.inLine(async (place) => {
    await place.back();
    place.lend();
    place.lend();
    throw new Error('below');
  });
  await expect(failed).rejects.toThrow('below');
  const begun: string[] = [];
  const first = line.inLine(async () => {
    begun.push('first');
    await held.ended;
  });
  const second = line.inLine(async () => begun.push('second'));
  await settled();
  expect(begun).toEqual(['first']);
  held.end();
  await Promise.all([first, second]);
  expect(begun).toEqual(['first', 'second']);
});

test('one that fails gives its place to the next', async () => {
  const line = createLine(1);
  const failing = line.inLine(() => Promise.reject(new Error('broken')));
  const next = line.inLine(async () => 'done');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('done');
  expect(await line.inLine(async () => 'again')).toBe('again');
});
