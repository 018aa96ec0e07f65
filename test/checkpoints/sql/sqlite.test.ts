/** The SQLite driver: one transaction a call, errors told where the statement stood, parameters by number. */
import { SqliteError } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../checkpoints/database.ts';
import { type SqliteSql, sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { many, one, run, some, type Transaction } from '../../../checkpoints/sql/transaction.ts';
import { type Home, makeHome } from '../home.ts';

let home: Home;
let database: Database;
let sql: SqliteSql;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
  sql = sqliteSql(database);
  database.exec('CREATE TABLE words (word TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT');
});
afterEach(() => {
  database.close();
  home.dispose();
});

interface Word {
  word: string;
  times: number;
}

const put = (word: string, times = 1): Transaction<number> => run('INSERT INTO words (word, times) VALUES ($1, $2)', [word, times]);
const words = (): Transaction<readonly Word[]> => many<Word>('SELECT word, times FROM words ORDER BY word');

test('pieces compose into one transaction that returns what its generator returns', () => {
  const written = sql.write(function* () {
    yield* put('one');
    yield* put('two', 2);
    return (yield* words()).map(({ word }) => word);
  });
  expect(written).toEqual(['one', 'two']);
  expect(sql.read(words)).toEqual([
    { word: 'one', times: 1 },
    { word: 'two', times: 2 },
  ]);
});

test('what a generator throws rolls all of it back and is thrown on', () => {
  const failure = new Error('no more');
  expect(() =>
    sql.write(function* () {
      yield* put('one');
      throw failure;
    }),
  ).toThrow(failure);
  expect(sql.read(words)).toEqual([]);
  expect(database.inTransaction).toBe(false);
});

test('an error of a statement is thrown where it was yielded, and rolls back unless it is caught there', () => {
  const twice = function* (): Transaction<void> {
    yield* put('one');
    yield* put('one');
  };
  let heard: unknown;
  expect(() =>
    sql.write(function* () {
      try {
        yield* twice();
      } catch (error) {
        heard = error;
        throw error;
      }
    }),
  ).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }));
  expect(heard).toBeInstanceOf(SqliteError);
  expect(sql.read(words)).toEqual([]);
});

test('a write inside a write joins it: its failure alone is undone, the outer failure undoes both', () => {
  sql.write(function* () {
    yield* put('outer');
    expect(() =>
      sql.write(function* () {
        yield* put('inner');
        throw new Error('inner');
      }),
    ).toThrow('inner');
  });
  expect(sql.read(words).map(({ word }) => word)).toEqual(['outer']);
  expect(() =>
    sql.write(function* () {
      sql.write(() => put('kept inside'));
      yield* put('outer');
    }),
  ).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }));
  expect(sql.read(words).map(({ word }) => word)).toEqual(['outer']);
});

test('a write holds the lock from its first statement on, a read sees one moment', () => {
  const other = openDatabase(home.file);
  other.pragma('busy_timeout = 0');
  const foreign = sqliteSql(other);
  sql.write(function* () {
    yield* words();
    expect(() => foreign.write(() => put('theirs'))).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }));
  });
  let begun = 0;
  const seen = sql.read(function* () {
    begun += 1;
    const before = yield* words();
    foreign.write(() => put(`theirs ${begun}`));
    return [before.length, (yield* words()).length];
  });
  // It was begun as one statement, and again as a transaction once it went on: the second time sees what was written in the first.
  expect([begun, seen]).toEqual([2, [1, 1]]);
  expect(sql.read(words)).toHaveLength(2);
  other.close();
});

test('a read of one statement is spared a transaction, one of several is begun as one from the second time on', () => {
  const open: boolean[] = [];
  const look = function* (again: boolean): Transaction<void> {
    yield* words();
    open.push(database.inTransaction);
    if (again) yield* words();
  };
  sql.read(() => look(false));
  sql.read(() => look(true));
  sql.read(() => look(true));
  expect(open).toEqual([false, false, true, true]);
});

test('a parameter stands where its number says, as often as it is named', () => {
  sql.write(() => put('one', 7));
  const row = sql.read(() =>
    one<{ first: string; again: string; second: number }>('SELECT $2 AS second, $1 AS first, $1 AS again', ['a', 2]),
  );
  expect(row).toEqual({ first: 'a', again: 'a', second: 2 });
  expect(sql.write(() => run('UPDATE words SET times = times + $2 WHERE word = $1 AND times < $2 + $2', ['one', 4]))).toBe(1);
  expect(sql.read(() => one<Word>('SELECT * FROM words WHERE word = $1', ['one']))).toEqual({ word: 'one', times: 11 });
  expect(() => sql.read(() => one('SELECT $1 AS first, $2 AS second', ['a']))).toThrow(/parameter/i);
});

test('rows that are changed are counted, with RETURNING too, and a selection changes none', () => {
  sql.write(function* () {
    yield* put('one');
    yield* put('two');
  });
  const answers = sql.write(function* () {
    const updated = yield ['UPDATE words SET times = times + 1 RETURNING word'];
    const selected = yield ['SELECT word FROM words'];
    const removed = yield ['DELETE FROM words WHERE word = $1', ['none']];
    return [updated, selected, removed].map(({ rows, changes }) => [rows.length, changes]);
  });
  expect(answers).toEqual([
    [2, 2],
    [2, 0],
    [0, 0],
  ]);
  expect(sql.read(() => one('SELECT word FROM words WHERE word = $1', ['none']))).toBeUndefined();
});

test('reads no further than the row that passes the limit of characters, and the first two at least', () => {
  sql.write(function* () {
    for (const word of ['aaaa', 'bbbb', 'cccc', 'dddd']) yield* put(word);
  });
  const read = (mostCharacters: number): number =>
    sql.read(() => some<Word>('SELECT word FROM words ORDER BY word', [], mostCharacters)).length;
  expect([read(0), read(7), read(8), read(11), read(16)]).toEqual([2, 2, 3, 3, 4]);
});

test('the planner does not see the value of a LIMIT: it would compile the statement again for each one', () => {
  const prepared = vi.spyOn(database, 'prepare');
  sql.write(function* () {
    for (const word of ['one', 'two', 'three']) yield* put(word);
  });
  const text = 'SELECT word FROM words WHERE word > $3 ORDER BY word LIMIT $1 OFFSET $2';
  expect(sql.read(() => many<Word>(text, [1, 1, 'o']))).toEqual([{ word: 'three' }]);
  expect(sql.read(() => many<Word>(text, [2, 0, 'o']))).toEqual([{ word: 'one' }, { word: 'three' }]);
  expect(prepared.mock.lastCall).toEqual(['SELECT word FROM words WHERE word > ? ORDER BY word LIMIT CAST(? AS INTEGER) OFFSET ?']);
});

describe('what a commit waits for', () => {
  const [NORMAL, FULL] = [1, 2];
  const level = (): number => Number(database.pragma('synchronous', { simple: true }));
  const seenBy = (driver: SqliteSql): number =>
    driver.write(function* () {
      yield* put('seen');
      return level();
    });

  test('a synced one for the disk, a relaxed one not, and none after it is relaxed by mistake', () => {
    const relaxed = sqliteSql(database, 'relaxed');
    expect(seenBy(relaxed)).toBe(NORMAL);
    expect(level()).toBe(FULL);
    sql.write(() => run('DELETE FROM words'));
    expect(seenBy(sql)).toBe(FULL);
  });

  test('also where the transaction fails', () => {
    const relaxed = sqliteSql(database, 'relaxed');
    expect(() => relaxed.write(() => run('INSERT INTO nowhere VALUES (1)'))).toThrow(/nowhere/);
    expect(level()).toBe(FULL);
  });

  test('inside a synced transaction it is that one that commits', () => {
    const relaxed = sqliteSql(database, 'relaxed');
    const levels = database.transaction(() => [seenBy(relaxed), level()]).immediate();
    expect([...levels, level()]).toEqual([FULL, FULL, FULL]);
  });
});
