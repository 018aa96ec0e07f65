/** Which events a filter lets through: channels, named custom events, and places by the names of nodes or by their tasks. */
import { expect, test } from 'vitest';
import type { Channel } from '../../../domain/thread-events.ts';
import { channelsOf, type Filter, filterSchema, isBelow, isWanted } from '../../../server/protocol/filter.ts';

const filter = (given: object): Filter => filterSchema.parse(given);
const event = (channel: Channel, namespace: readonly string[] = [], name?: string) => ({ channel, namespace, name });

test.each([
  [['custom'], event('custom'), true],
  [['custom'], event('custom', [], 'a2a'), true],
  [['custom:a2a'], event('custom', [], 'a2a'), true],
  [['custom:a2a'], event('custom', [], 'other'), false],
  [['custom:a2a'], event('custom'), false],
  [['values'], event('values'), true],
  [['values'], event('updates'), false],
])('channels %j, event %j: %j', (channels, one, wanted) => {
  expect(isWanted(filter({ channels }), one)).toBe(wanted);
});

test('a named channel is read as a part of custom, and none twice', () => {
  expect(channelsOf(filter({ channels: ['custom:a', 'custom:b', 'values', 'values'] }))).toEqual(['values', 'custom']);
});

test.each([
  [[[]], undefined, [], true],
  [[], undefined, ['a:1'], true],
  [[['a']], undefined, ['a:1', 'b:2'], true],
  [[['a']], 0, ['a:1', 'b:2'], false],
  [[['a']], 1, ['a:1', 'b:2'], true],
  [[['a:1']], undefined, ['a:1'], true],
  [[['a:1']], undefined, ['a:2'], false],
  [[['a', 'b']], undefined, ['a:1'], false],
  [[['b'], ['a']], undefined, ['a:1'], true],
  [[[]], 0, ['a:1'], false],
  [[['ab']], undefined, ['a:1'], false],
])('below %j to depth %j: %j is %j', (namespaces, depth, namespace, wanted) => {
  expect(isWanted(filter({ channels: ['values'], namespaces, depth }), event('values', namespace))).toBe(wanted);
});

test('a part of a prefix with an id is that task alone', () => {
  expect([isBelow(['build'], ['build']), isBelow(['build:1'], ['build']), isBelow(['build'], ['build:1'])]).toEqual([true, true, false]);
});
