/** Kept answers: one request of many begins, the others wait, replay or are refused; a dead beginner holds nobody up. */
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createIdempotency } from '../../../checkpoints/served/idempotency.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Idempotency } from '../../../domain/idempotency.ts';
import type { LeaseOwner } from '../../../domain/ports.ts';
import { type Home, makeHome, START_MS } from '../home.ts';

let home: Home;
let database: ReturnType<typeof openDatabase>;
let kept: Idempotency;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
  kept = createIdempotency(sqliteSql(database), home.clock);
});
afterEach(() => {
  database.close();
  home.dispose();
});

const ANSWER = { status: 201, headers: { 'content-type': 'application/json' }, body: '{"a":"\u0000é"}' };

test('one begins, the same waits, another request is refused, and the answer is kept for the same', async () => {
  expect(await kept.begin('a', 'k', 'h')).toBe('begun');
  expect(await kept.begin('a', 'k', 'h')).toBe('busy');
  expect(await kept.begin('a', 'k', 'other')).toBe('differs');
  expect(await kept.begin('b', 'k', 'other')).toBe('begun');
  await kept.keep('a', 'k', ANSWER);
  expect(await kept.begin('a', 'k', 'h')).toEqual(ANSWER);
  expect(await kept.begin('a', 'k', 'other')).toBe('differs');
});

test('another process sees what the first has begun and kept', async () => {
  await kept.begin('a', 'k', 'h');
  const other = openDatabase(home.file);
  const theirs = createIdempotency(sqliteSql(other), home.clock);
  expect(await theirs.begin('a', 'k', 'h')).toBe('busy');
  await kept.keep('a', 'k', ANSWER);
  expect(await theirs.begin('a', 'k', 'h')).toEqual(ANSWER);
  other.close();
});

test('a dropped key is free for any request; a kept answer is never dropped or replaced', async () => {
  await kept.begin('a', 'k', 'h');
  await kept.drop('a', 'k');
  expect(await kept.begin('a', 'k', 'other')).toBe('begun');
  await kept.keep('a', 'k', ANSWER);
  await kept.drop('a', 'k');
  await kept.keep('a', 'k', { ...ANSWER, status: 500 });
  expect(await kept.begin('a', 'k', 'other')).toEqual(ANSWER);
});

test('what began a minute ago and kept nothing is begun again by the same request, once', async () => {
  await kept.begin('a', 'k', 'h');
  home.clock.ms += 59_999;
  expect(await kept.begin('a', 'k', 'h')).toBe('busy');
  home.clock.ms += 1;
  expect(await kept.begin('a', 'k', 'other')).toBe('differs');
  expect(await kept.begin('a', 'k', 'h')).toBe('begun');
  expect(await kept.begin('a', 'k', 'h')).toBe('busy');
});

test('what a process began that is dead is begun again at once; what one of another host began, after its minute', async () => {
  const { pid } = spawnSync('true');
  const owned = (owner: LeaseOwner) => database.prepare('UPDATE idempotency SET owner = ?').run(JSON.stringify(owner));
  await kept.begin('a', 'k', 'h');
  owned({ host: hostname(), pid, startTicks: 1 });
  expect(await kept.begin('a', 'k', 'h')).toBe('begun');
  expect(await kept.begin('a', 'k', 'h')).toBe('busy');
  owned({ host: 'elsewhere', pid, startTicks: 1 });
  expect(await kept.begin('a', 'k', 'h')).toBe('busy');
});

test('prunes the oldest, at most as many as it may', async () => {
  for (const key of ['1', '2', '3']) {
    await kept.begin('a', key, 'h');
    await kept.keep('a', key, ANSWER);
    home.clock.ms += 1000;
  }
  const before = new Date(START_MS + 2000).toISOString();
  expect(await kept.prune(before, 1)).toBe(1);
  expect(await kept.begin('a', '1', 'h')).toBe('begun');
  expect(await kept.prune(before, 10)).toBe(1);
  expect(await kept.begin('a', '3', 'h')).toEqual(ANSWER);
});
