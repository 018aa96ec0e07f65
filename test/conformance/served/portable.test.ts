/** The list of forbidden forms finds each offence, and lets pass what both databases take. */
import { expect, test } from 'vitest';
import { forbiddenForms } from './portable.ts';

test.each([
  ['rowid', 'SELECT rowid FROM runs', 'SELECT arrival FROM runs'],
  ['INSERT OR', 'INSERT OR IGNORE INTO t VALUES ($1)', 'INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING'],
  ["a function of SQLite's own", 'SELECT value FROM json_each($1)', 'SELECT json_contains(metadata, $1) FROM t'],
  ['MAX or MIN of several values', 'UPDATE t SET a = MAX(a, $1)', 'SELECT COALESCE(MAX(a), 0) FROM t'],
  ['GLOB, REGEXP or PRAGMA', "SELECT 1 FROM t WHERE a GLOB 'x*'", "SELECT 1 FROM t WHERE a = 'x'"],
  ['a + before a column', 'SELECT 1 FROM t WHERE +t.a = $1', "SELECT t.a + t.b FROM t WHERE t.a || '' = $1"],
  ['a parameter without a number', 'SELECT a FROM t WHERE a = ?', 'SELECT a FROM t WHERE a = $1'],
  ['a comparison by IS', 'SELECT a FROM t WHERE a IS $1', 'SELECT a FROM t WHERE a IS NOT NULL'],
  ['BLOB', 'SELECT CAST(a AS BLOB) FROM t', 'SELECT CAST(a AS BIGINT) FROM t'],
  [
    'a sub-select in FROM without a name',
    'SELECT COUNT(*) FROM (SELECT a FROM t WHERE (b = 1)) WHERE a > 1',
    'SELECT COUNT(*) FROM (SELECT a FROM t WHERE (b = 1)) AS found WHERE a > (SELECT MIN(a) FROM t)',
  ],
])('%s', (form, offence, honest) => {
  expect(forbiddenForms(offence)).toEqual([form]);
  expect(forbiddenForms(honest)).toEqual([]);
});
