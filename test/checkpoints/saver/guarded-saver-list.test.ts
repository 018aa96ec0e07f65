/** A listing of checkpoints: a few are read at a time, the newest first, and no more are given than were asked for. */
import { expect, test } from 'vitest';
import { makeHome, threadOf } from '../home.ts';

test('rows that go while a listing is on its way are not held', async () => {
  const home = makeHome();
  try {
    const saver = await (await home.open()).servedSaver();
    const config = { configurable: { thread_id: threadOf(1), checkpoint_ns: '' } };
    for (let index = 0; index < 12; index += 1)
      await saver.put(
        config,
        { v: 4, id: `c${String(index).padStart(2, '0')}`, ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} },
        { source: 'loop', step: index, parents: {} },
      );
    const listed = async (limit?: number): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { checkpoint } of saver.list(config, limit === undefined ? {} : { limit })) ids.push(checkpoint.id);
      return ids;
    };
    expect(await listed()).toEqual(['11', '10', '09', '08', '07', '06', '05', '04', '03', '02', '01', '00'].map((id) => `c${id}`));
    expect(await listed(7)).toHaveLength(7);
    const steps = async (step: number): Promise<string[]> => {
      const ids: string[] = [];
      for await (const { checkpoint } of saver.list(config, { filter: { step }, limit: 3 })) ids.push(checkpoint.id);
      return ids;
    };
    expect([await steps(2), await steps(99)]).toEqual([['c02'], []]);
    const some: string[] = [];
    for await (const { checkpoint } of saver.list(config)) {
      some.push(checkpoint.id);
      if (some.length === 1) home.raw().prepare('DELETE FROM checkpoints').run();
    }
    expect(some).toEqual(['c11', 'c10', 'c09', 'c08', 'c07']);
  } finally {
    home.dispose();
  }
});
