/** A stream that stays open asks again whether its reader may still read. */
import { expect, test } from 'vitest';
import { ASK_MS, askedAgain } from '../../../server/protocol/sight.ts';

test('not at every look, and from the first refusal on never again', async () => {
  let now = 0;
  const answers: (() => Promise<boolean>)[] = [async () => true, () => Promise.reject(new Error('the key was revoked')), async () => false];
  let asked = 0;
  const mayRead = askedAgain(
    () => {
      asked += 1;
      return answers[asked - 1]?.() ?? Promise.resolve(false);
    },
    () => now,
  );
  expect([await mayRead(), asked]).toEqual([true, 0]);
  now += ASK_MS - 1;
  expect([await mayRead(), asked]).toEqual([true, 0]);
  now += 1;
  expect([await mayRead(), await mayRead(), asked]).toEqual([true, true, 1]);
  now += ASK_MS;
  expect([await mayRead(), asked]).toEqual([false, 2]);
});
