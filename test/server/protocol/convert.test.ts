/** From a graph's modes to the protocol: the forms of each, and the lifecycle of subgraphs by their tasks. */
import { expect, test } from 'vitest';
import { createConverter } from '../../../server/protocol/convert.ts';
import { threadEvent } from '../../../server/protocol/source-event.ts';

const converter = () => createConverter(() => 7);
const life = (events: ReturnType<ReturnType<typeof converter>>) =>
  events
    .filter(({ method }) => method === 'lifecycle')
    .map(({ namespace, data }) => [namespace.join('|'), (data as { event: string }).event]);

test('a step of several nodes is one event for each, with its node', () => {
  expect(converter()([[], 'updates', { one: { n: 1 }, two: { n: 2 } }])).toMatchObject([
    { method: 'updates', node: 'one', data: { node: 'one', values: { n: 1 } }, timestamp: 7 },
    { method: 'updates', node: 'two', data: { node: 'two', values: { n: 2 } } },
  ]);
});

test('a checkpoint is told by its ids, without its state and its config; what is no checkpoint is not told', () => {
  const config = { configurable: { checkpoint_id: 'c', thread_id: 't', secret: 'S3CRET' } };
  const parentConfig = { configurable: { checkpoint_id: 'p' } };
  const told = converter()([
    [],
    'checkpoints',
    { config, parentConfig, values: { n: 1 }, metadata: { step: 2, source: 'loop', writes: {} } },
  ]);
  expect(told.map(({ data }) => data)).toEqual([{ id: 'c', parent_id: 'p', step: 2, source: 'loop' }]);
  expect(converter()([[], 'checkpoints', {}])).toEqual([]);
  const envelope = { id: 'c', step: 0, source: 'input' };
  expect(converter()([[], 'checkpoints', envelope]).map(({ data }) => data)).toEqual([envelope]);
});

test('a subgraph begins with its first event, once, and ends with its task, with those inside of it first', () => {
  const convert = converter();
  expect(life(convert([['a:1', 'b:2'], 'values', { n: 1 }]))).toEqual([
    ['a:1', 'started'],
    ['a:1|b:2', 'started'],
  ]);
  expect(life(convert([['a:1'], 'values', { n: 1 }]))).toEqual([]);
  expect(life(convert([[], 'tasks', { id: '1', name: 'a', input: {}, triggers: [] }]))).toEqual([]);
  expect(life(convert([[], 'tasks', { id: '9', name: 'a', result: {}, interrupts: [], error: null }]))).toEqual([]);
  expect(life(convert([[], 'tasks', { id: '1', name: 'a', result: {}, interrupts: [], error: null }]))).toEqual([
    ['a:1|b:2', 'completed'],
    ['a:1', 'completed'],
  ]);
  // It runs again: the next attempt of the same task.
  expect(life(convert([['a:1'], 'values', { n: 1 }]))).toEqual([['a:1', 'started']]);
});

test.each([
  ['failed', { error: 'boom', interrupts: [] }],
  ['interrupted', { result: {}, error: null, interrupts: [{ id: 'i', value: 1 }] }],
])('a task that %s says so of its subgraph', (event, more) => {
  const convert = converter();
  convert([['a:1'], 'values', {}]);
  expect(life(convert([[], 'tasks', { id: '1', name: 'a', ...more }]))).toEqual([['a:1', event]]);
});

test('custom data keeps its name, or is wrapped', () => {
  expect(converter()([[], 'custom', { name: 'progress', payload: 1 }])[0]?.data).toEqual({ name: 'progress', payload: 1 });
  expect(converter()([[], 'custom', 5])[0]?.data).toEqual({ payload: 5 });
});

test('an event of more than 16 million characters is told as too long; one that just fits is told', () => {
  const event = (length: number) => ({ method: 'values', namespace: ['a'], timestamp: 1, data: { text: 'x'.repeat(length) } });
  const most = 16 * 1024 * 1024;
  expect(threadEvent(event(most))).toMatchObject({ channel: 'custom', name: 'event-too-long', namespace: ['a'] });
  expect(JSON.parse(threadEvent(event(most))?.params ?? '')).toMatchObject({ data: { payload: { method: 'values', most } } });
  expect(threadEvent(event(most - 100))).toMatchObject({ channel: 'values' });
  expect(threadEvent({ ...event(1), method: 'debug' })).toBeUndefined();
});
