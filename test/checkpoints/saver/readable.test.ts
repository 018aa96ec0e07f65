/** What LangGraph would take for no state is told apart from a checkpoint of it, old and new. */
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { describe, expect, test } from 'vitest';
import { assertCheckpoint } from '../../../checkpoints/saver/readable.ts';
import { makeHome, threadOf } from '../home.ts';

describe('a checkpoint', () => {
  test.each([1, 2, 3, 4])('of version %i is one', (v) => {
    expect(() => assertCheckpoint({ ...emptyCheckpoint(), v, more: 'kept' })).not.toThrow();
  });

  test.each<[unknown, RegExp]>([
    [[1, 2, 3], /is no object/],
    [null, /is no object/],
    ['text', /is no object/],
    [{}, /version is undefined/],
    [{ ...emptyCheckpoint(), v: 99 }, /version is 99; this build reads versions up to 4/],
    [{ ...emptyCheckpoint(), v: '4' }, /version is "4"/],
    [{ ...emptyCheckpoint(), id: 7 }, /has no id/],
    [{ ...emptyCheckpoint(), channel_values: [] }, /channel_values are no object/],
    [{ ...emptyCheckpoint(), versions_seen: undefined }, /versions_seen are no object/],
  ])('%j is none', (found, words) => {
    expect(() => assertCheckpoint(found)).toThrow(words);
  });
});

test('a row that is none is STATE_TAMPERED where it is read and where it is listed; another thread is read', async () => {
  const home = makeHome();
  const saver = await (await home.open()).servedSaver();
  const at = (number: number) => ({ configurable: { thread_id: threadOf(number), checkpoint_ns: '' } });
  for (const number of [1, 2]) await saver.put(at(number), { ...emptyCheckpoint(), id: 'c' }, { source: 'loop', step: 1, parents: {} });
  home.raw().prepare("UPDATE checkpoints SET checkpoint = '[1,2,3]' WHERE thread_id = ?").run(threadOf(1));
  const damaged = { code: 'STATE_TAMPERED', message: expect.stringContaining('it is no object') };
  await expect(saver.getTuple(at(1))).rejects.toMatchObject(damaged);
  await expect(saver.list(at(1)).next()).rejects.toMatchObject(damaged);
  expect(await saver.getTuple(at(2))).toMatchObject({ checkpoint: { id: 'c' } });
  home.dispose();
});
