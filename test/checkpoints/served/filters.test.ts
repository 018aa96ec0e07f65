/** Which metadata a filter lets through, and what contains what. */
import { expect, test } from 'vitest';
import { contains, matchesFilters } from '../../../checkpoints/served/filters.ts';
import type { Filters } from '../../../domain/served.ts';

test.each<[Filters | undefined, boolean]>([
  [undefined, true],
  [{}, true],
  [{ owner: 'ada' }, true],
  [{ owner: 'bob' }, false],
  [{ owner: { $eq: 'ada' } }, true],
  [{ owner: { $eq: '' } }, false],
  [{ empty: { $eq: '' } }, true],
  [{ owner: {} }, false],
  [{ absent: {} }, false],
  [{ absent: { $contains: [] } }, false],
  [{ toString: 'x' }, false],
  [{ groups: { $contains: 'a' } }, true],
  [{ groups: { $contains: ['a', 'b'] } }, true],
  [{ groups: { $contains: ['a', 'c'] } }, false],
  [{ owner: { $contains: 'ada' } }, false],
  [{ owner: { $eq: 'ada', $contains: 'x' } }, false],
  [JSON.parse('{"owner":{"$ne":"bob"}}'), false],
  [{ owner: 'ada', groups: { $contains: 'b' } }, true],
])('filters %j over metadata: %j', (filters, matches) => {
  expect(matchesFilters({ owner: 'ada', empty: '', groups: ['a', 'b'] }, filters)).toBe(matches);
});

test.each<[unknown, unknown, boolean]>([
  [{ a: 1, b: 2 }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: { b: 1, c: 2 } }, { a: { c: 2 } }, true],
  [{ a: 1 }, {}, true],
  [{ a: null }, { a: null }, true],
  [{}, { a: null }, false],
  [{}, { toString: {} }, false],
  [[1, 2, 3], [3, 1, 1], true],
  [[[1, 2]], [[1]], true],
  [[1, 2], [[1]], false],
  [['a', 'b'], 'a', true],
  [{ a: ['x'] }, { a: 'x' }, false],
  [{ a: 1 }, [], false],
  [1, 1, true],
  ['1', 1, false],
])('%j contains %j as in Postgres: %j', (value, part, is) => {
  expect(contains(value, part)).toBe(is);
});
