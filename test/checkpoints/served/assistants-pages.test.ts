/** Pages of very many assistants: the count has a cap, the pages have none, and the total is never less than what is shown. */
import { expect, test } from 'vitest';
import { COUNT_CAP, PAGE_COUNT_CAP } from '../../../domain/served.ts';
import { makeHome } from '../home.ts';

test('whoever pages by what comes next sees the last one', async () => {
  const home = makeHome();
  try {
    const { assistants } = (await home.open()).served;
    const rows = home.raw();
    const put = rows.prepare(
      `INSERT INTO assistants (assistant_id, tenant, graph_id, name, config, metadata, version, created_at, updated_at) VALUES (?, 'default', 'g', '', '{}', '{}', 1, '', '')`,
    );
    rows.transaction(() => {
      for (let index = 0; index < COUNT_CAP + 1500; index += 1) put.run(`a${index}`);
    })();
    const seen = new Set<string>();
    for (let offset: number | null = 0; offset !== null; ) {
      const page = await assistants.search({ tenant: 'default' }, {}, { limit: 1000, offset });
      for (const { assistantId } of page.rows) seen.add(assistantId);
      expect(page.total).toBe(page.next === null ? COUNT_CAP + 1500 : Math.max(PAGE_COUNT_CAP, page.next + 1));
      offset = page.next;
    }
    expect(seen.size).toBe(COUNT_CAP + 1500);
  } finally {
    home.dispose();
  }
});
