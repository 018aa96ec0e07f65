/** What a listing of very many namespaces costs on SQLite. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../checkpoints/database.ts';
import { createItems } from '../../../checkpoints/served/items.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Items } from '../../../domain/items.ts';
import { type Home, makeHome } from '../home.ts';

const ADA = { tenant: 'ada' };
let home: Home;
let database: Database;
let items: Items;
beforeEach(async () => {
  home = makeHome();
  database = openDatabase(home.file);
  items = createItems(sqliteSql(database), home.clock);
  for (const path of ['users.ada', 'users.bob', 'users', 'docs.v1'])
    await items.put(ADA, { namespace: path.split('.'), key: 'k', value: {} });
});
afterEach(() => {
  database.close();
  home.dispose();
});

test('looks once at each subtree that the depth cuts, and never at other tenants or prefixes', async () => {
  const insert = database.prepare("INSERT INTO items VALUES (?, ?, ?, '{}', '', '', NULL, NULL)");
  database.transaction(() => {
    for (let number = 0; number < 20_000; number += 1) {
      insert.run('ada', `many.${number}`, 'k');
      insert.run('bob', `users.${number}`, 'k');
      insert.run('ada', 'one', `k${number}`);
    }
  })();
  const page = { limit: 100, offset: 0 };
  const look = async (): Promise<number> => {
    const began = performance.now();
    const cut = await items.namespaces(ADA, { ...page, maxDepth: 1 });
    expect(cut.map((labels) => labels.join('.'))).toEqual(['docs', 'many', 'one', 'users']);
    expect(await items.namespaces(ADA, { ...page, prefix: ['users'] })).toHaveLength(3);
    expect(await items.search(ADA, { ...page, namespacePrefix: ['users'] })).toHaveLength(3);
    return performance.now() - began;
  };
  // A scan takes longer than this by far; the best of some looks is not the machine's mood.
  expect(Math.min(await look(), await look(), await look(), await look())).toBeLessThan(20);
});
