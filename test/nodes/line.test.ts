/** So many at once and no more, in the order they came; a place is never lost. */
import { expect, test } from 'vitest';
import { createLine } from '../../nodes/line.ts';

/** Work that ends when the test says so. */
function held() {
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
  const works = [0, 1, 2, 3].map(() => held());
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

test('one that waits for others gives them its only place, and goes on when it has one again', async () => {
  const line = createLine(1);
  const told: string[] = [];
  const parent = line.inLine(async () => {
    told.push('parent');
    await line.aside(() => Promise.all(['a', 'b'].map((name) => line.inLine(async () => told.push(name)))));
    told.push('parent again');
  });
  const next = line.inLine(async () => told.push('next'));
  await Promise.all([parent, next]);
  expect(told).toEqual(['parent', 'next', 'a', 'b', 'parent again']);
  const failed = line.inLine(() => line.aside(() => Promise.reject(new Error('below'))));
  await expect(failed).rejects.toThrow('below');
  expect(await line.inLine(async () => 'free')).toBe('free');
});

test('one that fails gives its place to the next', async () => {
  const line = createLine(1);
  const failing = line.inLine(() => Promise.reject(new Error('broken')));
  const next = line.inLine(async () => 'done');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('done');
  expect(await line.inLine(async () => 'again')).toBe('again');
});
