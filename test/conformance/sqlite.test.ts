/** The suites of all stores on SQLite; and every statement that they made there, for the databases to come. */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createHeadFile } from '../../checkpoints/audit/head-file.ts';
import { createCore, pruneCore } from '../../checkpoints/core.ts';
import { openDatabase } from '../../checkpoints/database.ts';
import { sqliteSql } from '../../checkpoints/sql/sqlite.ts';
import { makeHome, threadOf } from '../checkpoints/home.ts';
import { approvalsSuite } from './approvals.ts';
import { attemptsSuite } from './attempts.ts';
import { auditSuite } from './audit.ts';
import type { Backend } from './backend.ts';
import { journalSuite } from './journal.ts';
import { ledgerSuite } from './ledger.ts';
import { ledgerModelSuite } from './ledger-model.ts';
import { postgresFolder, preparedBy } from './postgres.ts';
import { runsSuite } from './runs.ts';
import { listening, unsound } from './statements.ts';
import { transcriptsSuite } from './transcripts.ts';

/** All texts that any store of any test was heard to say. */
const heard = new Set<string>();

const sqlite: Backend = async () => {
  const home = makeHome();
  const closers: (() => void)[] = [];
  return {
    clock: home.clock,
    open: async () => {
      const database = openDatabase(home.file);
      const head = createHeadFile(join(home.folder, 'audit.head'));
      closers.push(() => {
        head.close();
        database.close();
      });
      const hear = (text: string): unknown => heard.add(text);
      const [sql, relaxed] = [listening(sqliteSql(database), hear), listening(sqliteSql(database, 'relaxed'), hear)];
      return createCore({ sql, relaxed }, home.clock, { head, database: home.file });
    },
    dispose: async () => {
      for (const close of closers) close();
      home.dispose();
    },
  };
};

for (const suite of [runsSuite, attemptsSuite, journalSuite, ledgerSuite, ledgerModelSuite, transcriptsSuite, approvalsSuite, auditSuite])
  suite('sqlite', sqlite);

describe('every statement of the stores', () => {
  const home = makeHome();
  afterAll(() => home.dispose());
  /** Of a database of the newest schema. */
  const migrated = () => openDatabase(home.file);

  test('is one that other databases take too', async () => {
    const database = migrated();
    await listening(sqliteSql(database), (text) => heard.add(text)).write(() => pruneCore(threadOf(1)));
    database.close();
    expect(heard.size).toBeGreaterThan(40);
    expect([...heard].flatMap((text) => unsound(text).map((instead) => `${instead}: ${text}`))).toEqual([]);
  });

  test.each([
    ['SELECT * FROM runs ORDER BY rowid DESC', 'a column of its own that counts'],
    ['INSERT OR IGNORE INTO runs (thread_id) VALUES ($1)', 'ON CONFLICT (...) DO ...'],
    ["SELECT json_extract(metadata, '$.a') AS a FROM threads", 'JSON that is read in code'],
    ["UPDATE runs SET updated_at = datetime('now')", 'the time as a parameter'],
    ['SELECT MAX(epoch + 1, $1) AS epoch FROM threads', 'CASE: MAX and MIN of several values are an aggregate elsewhere'],
    ["SELECT * FROM items WHERE namespace GLOB 'a*'", 'a comparison of bytes, or code'],
    ['SELECT count(*) AS total FROM (SELECT 1 AS one FROM threads WHERE tenant = $1 LIMIT 5)', 'a name behind the sub-select'],
    ['SELECT * FROM runs WHERE thread_id = ?', '$1, $2, ...'],
    ['SELECT * FROM runs WHERE reason IS $1', 'IS NULL, or ='],
    ['SELECT "values" FROM threads', "names without quotes, texts in ''"],
    ['SELECT * FROM threads t WHERE +t.tenant = $1', "a column joined to ''"],
    ['SELECT CAST(value AS BLOB) AS value FROM writes', 'bytes that were made in code'],
  ])('would be found: %s', (text, instead) => {
    expect(unsound(text)).toContain(instead);
  });

  test.each([
    'SELECT count(*) AS total FROM (SELECT 1 AS one FROM threads WHERE tenant = $1 LIMIT 5) found',
    "UPDATE threads SET status = 'OR IGNORE ? rowid' WHERE thread_id = $1 AND error IS NULL",
    "SELECT t.number + t.seq AS number FROM threads t WHERE t.tenant || '' = $1",
    'SELECT MAX(number) AS number FROM attempts WHERE thread_id IN (SELECT thread_id FROM runs)',
  ])('may stand: %s', (text) => {
    expect(unsound(text)).toEqual([]);
  });

  const folder = postgresFolder();
  if (folder === undefined) console.warn('No Postgres under /usr/lib/postgresql: no statement was prepared by it.');

  test.skipIf(folder === undefined)('is prepared by Postgres, and every number is of 64 bits', () => {
    const database = migrated();
    const broken = ['SELECT nothing FROM nowhere', 'SELECT epoch FROM runs WHERE $1 = 0'];
    const told = preparedBy(folder ?? '', database, [...heard, ...broken]);
    database.close();
    // The two that are wrong on purpose are told, so that a silence means that all others were looked at.
    expect(told).toEqual([
      expect.stringContaining('relation "nowhere" does not exist'),
      expect.stringContaining('nowhere'),
      expect.stringContaining('WHERE $1 = 0'),
    ]);
  });
});
