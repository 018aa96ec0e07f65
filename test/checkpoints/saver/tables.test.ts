/** The saver's tables are those that LangGraph's own makes, so that it takes ours for its own. */
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { SAVER_TABLES } from '../../../checkpoints/saver/tables.ts';

const schemaOf = (database: Sqlite.Database): unknown =>
  database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name").all();

test('made before it or by it, they are the same', async () => {
  const [ours, theirs] = [new Sqlite(':memory:'), new Sqlite(':memory:')];
  try {
    ours.exec(SAVER_TABLES);
    // It makes them as it is first used.
    await new SqliteSaver(theirs).getTuple({ configurable: { thread_id: 'one' } });
    expect(schemaOf(theirs)).toHaveLength(4);
    expect(schemaOf(ours)).toEqual(schemaOf(theirs));
  } finally {
    ours.close();
    theirs.close();
  }
});
