/** The rows of API keys: made, found, listed, revoked once. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createKeys } from '../../../checkpoints/served/keys.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Keys } from '../../../domain/keys.ts';
import { type Home, makeHome, START_MS } from '../home.ts';

let home: Home;
let keys: Keys;
let close: () => void;
beforeEach(() => {
  home = makeHome();
  const database = openDatabase(home.file);
  keys = createKeys(sqliteSql(database), home.clock);
  close = () => database.close();
});
afterEach(() => {
  close();
  home.dispose();
});

const keyOf = (id: string) => ({
  id,
  hash: 'a'.repeat(64),
  name: `key ${id}`,
  tenant: 'default',
  owner: 'local:ada',
  roles: ['viewer', 'operator'],
  graphs: ['agent'],
  expiresAt: '2026-02-01T00:00:00.000Z',
});

test('a key is found as it was made, by another connection too', async () => {
  const made = await keys.create(keyOf('one'));
  expect(made).toEqual({ ...keyOf('one'), createdAt: new Date(START_MS).toISOString(), revokedAt: null });
  const other = openDatabase(home.file);
  expect(await createKeys(sqliteSql(other), home.clock).get('one')).toEqual(made);
  other.close();
});

test('a key for all graphs and for ever keeps both as null', async () => {
  await keys.create({ ...keyOf('one'), graphs: null, expiresAt: null });
  expect(await keys.get('one')).toMatchObject({ graphs: null, expiresAt: null });
});

test('an unknown key is undefined, and an id is used once', async () => {
  expect(await keys.get('nobody')).toBeUndefined();
  await keys.create(keyOf('one'));
  await expect(keys.create(keyOf('one'))).rejects.toMatchObject({ name: 'ServedError', kind: 'conflict' });
});

test('the list is in the order of making', async () => {
  await keys.create(keyOf('b'));
  home.clock.ms += 1000;
  await keys.create(keyOf('a'));
  expect((await keys.list()).map((key) => key.id)).toEqual(['b', 'a']);
});

test('a revoked key keeps the time of its first revocation; an unknown one is missing', async () => {
  await keys.create(keyOf('one'));
  const { revokedAt } = await keys.revoke('one');
  expect(revokedAt).toBe(new Date(START_MS).toISOString());
  home.clock.ms += 60_000;
  expect((await keys.revoke('one')).revokedAt).toBe(revokedAt);
  await expect(keys.revoke('two')).rejects.toMatchObject({ kind: 'missing' });
});
