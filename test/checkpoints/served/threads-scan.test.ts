/** A search that must read the JSON of very many threads lets others go on meanwhile, and finds what a search finds. */
import { expect, test } from 'vitest';
import { makeHome, threadOf } from '../home.ts';

test('searches and counts by values, and by nested metadata, give way between slices', async () => {
  const home = makeHome();
  try {
    const { threads } = (await home.open()).served;
    const scope = { tenant: 'default' };
    const rows = home.raw();
    const put = rows.prepare(
      `INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, "values", interrupts) VALUES (?, ?, ?, '', ?, '{}', 'idle', ?, '{}')`,
    );
    const pad = 'x'.repeat(10_000);
    for (let index = 0; index < 300; index += 1) {
      const tenant = index === 299 ? 'other' : 'default';
      const at = new Date(index * 1000).toISOString();
      put.run(threadOf(index), tenant, at, JSON.stringify({ of: { third: index % 3 } }), JSON.stringify({ n: index % 10, pad }));
    }
    const turnsOf = async <Found>(work: Promise<Found>): Promise<[Found, boolean]> => {
      let turns = 0;
      let over = false;
      const count = (): void => {
        turns += 1;
        if (!over) setImmediate(count);
      };
      setImmediate(count);
      const found = await work;
      over = true;
      return [found, turns >= 5];
    };
    const [page, gaveWay] = await turnsOf(threads.search(scope, { values: { n: 9 } }, { limit: 10, offset: 0 }));
    expect([page.total, page.next, gaveWay]).toEqual([29, 10, true]);
    expect(page.rows.map((row) => row.threadId)).toEqual([289, 279, 269, 259, 249, 239, 229, 219, 209, 199].map(threadOf));
    const last = await threads.search(scope, { values: { n: 9 } }, { limit: 10, offset: 20 });
    expect([last.rows.length, last.next]).toEqual([9, null]);
    const both = { values: { n: 9 }, metadata: { of: { third: 0 } } };
    expect(await threads.count(scope, both)).toBe(10);
    expect(await turnsOf(threads.count(scope, { values: { n: 10 } }))).toEqual([0, true]);
    expect((await threads.search(scope, { metadata: { of: { third: 1 } } }, { limit: 1, offset: 0 })).total).toBe(100);
    expect((await threads.search({ ...scope, filters: { owner: 'me' } }, { values: { n: 9 } }, { limit: 1, offset: 0 })).total).toBe(0);
  } finally {
    home.dispose();
  }
});
