/** As whom the commands of a run are, by what users the machine knows. */
import { expect, test } from 'vitest';
import { userOf } from '../../../tools/sandbox/user.ts';

const WHOLE = '         0          0 4294967295\n';
const CONTAINER = '         0     100000      65536\n';

test('each run has a user of its own, the same whenever it is asked, that is nobody else on the machine', () => {
  const users = Array.from({ length: 1000 }, (_, index) => userOf(`run-${index}`, WHOLE));
  expect(new Set(users).size).toBe(1000);
  expect(users).toEqual(Array.from({ length: 1000 }, (_, index) => userOf(`run-${index}`, WHOLE)));
  for (const user of users) expect(user > 1_900_000_000 && user < 2_100_000_000).toBe(true);
  expect(userOf(undefined, WHOLE)).toBe(1_900_000_000);
});

test('in a container with few users they are among those that it knows', () => {
  for (let index = 0; index < 1000; index += 1) {
    const user = userOf(`run-${index}`, CONTAINER);
    expect(user > 61_184 && user < 65_520).toBe(true);
  }
  expect(userOf('a', CONTAINER)).not.toBe(userOf('b', CONTAINER));
  expect(userOf(undefined, CONTAINER)).toBe(61_184);
});
