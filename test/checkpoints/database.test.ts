/** The statements of a connection: one for a text, so many and no more, and none that its holder loses. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../checkpoints/database.ts';
import { type Home, makeHome } from './home.ts';

/** As `checkpoints/database.ts` has it. */
const MAX_STATEMENTS = 500;

let home: Home;
let database: Database;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
});
afterEach(() => {
  database.close();
  home.dispose();
});

const numbered = (number: number) => database.prepare(`SELECT ${number} AS number`);

test('the same text is the same statement, another text another one, and each connection has its own', () => {
  const first = numbered(1);
  expect(numbered(1)).toBe(first);
  expect(numbered(2)).not.toBe(first);
  const other = openDatabase(home.file);
  expect(other.prepare('SELECT 1 AS number')).not.toBe(first);
  other.close();
});

test('at most 500 are kept: one more, and the one that was made first goes', () => {
  const made = Array.from({ length: MAX_STATEMENTS }, (_, number) => numbered(number));
  // Asked for again it is no younger.
  for (const [number, statement] of made.entries()) expect(numbered(number)).toBe(statement);
  numbered(MAX_STATEMENTS);
  for (const [number, statement] of made.entries()) if (number > 0) expect(numbered(number)).toBe(statement);
  expect(numbered(0)).not.toBe(made[0]);
});

test('a statement that went works on for whoever holds it, also while its rows are read', () => {
  const held = database.prepare('SELECT value AS number FROM json_each(?)');
  const rows = held.iterate('[1,2,3]');
  expect(rows.next().value).toMatchObject({ number: 1 });
  for (let number = 0; number < MAX_STATEMENTS; number += 1) numbered(number);
  const again = database.prepare('SELECT value AS number FROM json_each(?)');
  expect(again).not.toBe(held);
  expect([...rows]).toEqual([{ number: 2 }, { number: 3 }]);
  expect(held.all('[4]')).toEqual([{ number: 4 }]);
  expect(again.all('[5]')).toEqual([{ number: 5 }]);
});
