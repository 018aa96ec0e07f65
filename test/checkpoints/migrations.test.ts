/** Opening a home: fresh, by many processes at once, from an older schema, from a newer one, damaged, or not a database at all. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../checkpoints/database.ts';
import { MIGRATIONS } from '../../checkpoints/migrations/index.ts';
import { UsageError } from '../../domain/errors.ts';
import { type Home, INPUT, makeHome, otherProcess, threadOf } from './home.ts';

let home: Home;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.dispose());

/** What opening this file throws. */
function refusalOf(file: string): UsageError {
  try {
    openDatabase(file).close();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error(`${file} was opened`);
}

describe('a new home', () => {
  test('gets its folder for its owner alone, the newest schema, and a log that is synced at every commit', () => {
    const file = join(home.folder, 'a/b/governor.sqlite');
    const database = openDatabase(file);
    expect(statSync(join(home.folder, 'a/b')).mode & 0o777).toBe(0o700);
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    database.close();
  });

  test('is opened by four processes at the same moment: each migrates it or waits, none fails', async () => {
    const fresh = join(home.folder, 'fresh');
    const others = [1, 2, 3, 4].map(() => otherProcess('open', { home: fresh }));
    try {
      await Promise.all(others.map((other) => other.ready()));
      for (const other of others) other.goOn();
      await Promise.all(others.map((other) => other.said));
    } finally {
      for (const other of others) other.kill();
    }
    const stores = await home.open(fresh);
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 4 });
  });
});

describe('a database', () => {
  test('of an older schema is migrated with its rows, once', async () => {
    const old = new Sqlite(home.file);
    old.exec(MIGRATIONS[0] ?? '');
    old.pragma('user_version = 1');
    old
      .prepare(
        `INSERT INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at)
         VALUES (?, ?, 'stopped', 'build', 2, 7, 0, 5, 'then', 'then')`,
      )
      .run(threadOf(1), JSON.stringify(INPUT));
    old.exec(`INSERT INTO accounts (thread_id, account, cap_cost, settled_cost) VALUES ('${threadOf(1)}', 'run', 150, 90)`);
    old.exec(`INSERT INTO extensions (thread_id, account, id) VALUES ('${threadOf(1)}', 'run', 'approval')`);
    old.close();
    for (let times = 0; times < 2; times++) openDatabase(home.file).close();
    const stores = await home.open();
    expect(await stores.runs.get(threadOf(1))).toMatchObject({ input: INPUT, attempt: 2, epoch: 7 });
    const shown = await stores.served.threads.get({ tenant: 'default' }, threadOf(1));
    expect(shown).toMatchObject({ governed: true, status: 'error', metadata: { graph_id: 'governor' } });
    const fence = await stores.runs.acquire(threadOf(1));
    await stores.ledger.extend(fence, 'run', 'approval', { costMicroUsd: 50 });
    expect(await stores.ledger.totals(threadOf(1), 'run')).toMatchObject({ settled: { costMicroUsd: 90 }, caps: { costMicroUsd: 150 } });
  });

  test('of the version before calls kept what was reserved is migrated: what it settled stays, what it never knew is null', async () => {
    const old = new Sqlite(home.file);
    for (const sql of MIGRATIONS.slice(0, 5)) old.exec(sql);
    old.pragma('user_version = 5');
    const insert = old.prepare(
      `INSERT INTO reservations (thread_id, effect, epoch, accounts, state, role, agent, stage, attempt, held_cost, held_model_calls)
       VALUES (?, ?, 1, '["run"]', ?, 'lead', 'lead', 'build', 1, ?, 1)`,
    );
    insert.run(threadOf(1), 'one', 'settled', 7);
    insert.run(threadOf(1), 'two', 'reserved', 20);
    old.exec(`INSERT INTO accounts (thread_id, account, settled_cost, reserved_cost) VALUES ('${threadOf(1)}', 'run', 7, 20)`);
    old.close();
    const stores = await home.open();
    expect(await stores.ledger.calls(threadOf(1))).toMatchObject([
      { effect: 'one', reserved: null, settled: { costMicroUsd: 7, modelCalls: 1 }, model: null, price: null, orphaned: false },
      { effect: 'two', reserved: null, settled: null, model: null, price: null, orphaned: false },
    ]);
    await stores.runs.create(threadOf(1), INPUT);
    const fence = await stores.runs.acquire(threadOf(1));
    await stores.runs.release(fence);
    expect(await stores.ledger.bookOrphans(await stores.runs.acquire(threadOf(1)))).toBe(1);
    expect(await stores.ledger.totals(threadOf(1), 'run')).toMatchObject({ settled: { costMicroUsd: 27 }, reserved: { costMicroUsd: 0 } });
    expect(await stores.ledger.calls(threadOf(1))).toMatchObject([{}, { reserved: null, settled: { costMicroUsd: 20 }, orphaned: true }]);
  });

  test('of a newer schema is refused by number and stays as it is', async () => {
    (await home.open()).close();
    const newer = home.raw();
    newer.pragma(`user_version = ${MIGRATIONS.length + 3}`);
    newer.close();
    const { message, code } = refusalOf(home.file);
    expect(code).toBe('USAGE');
    expect(message).toContain(home.file);
    expect(message).toContain(`schema version ${MIGRATIONS.length + 3}; this code knows ${MIGRATIONS.length}`);
    expect(home.raw().pragma('user_version', { simple: true })).toBe(MIGRATIONS.length + 3);
  });

  test('whose migration fails stays at its version, with nothing of it done', () => {
    const other = new Sqlite(home.file);
    other.exec('CREATE TABLE effects (mine TEXT)');
    other.close();
    expect(refusalOf(home.file).message).toMatch(/effects already exists/);
    const after = home.raw();
    expect(after.pragma('user_version', { simple: true })).toBe(0);
    expect(after.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()).toEqual(['effects']);
  });

  test.each([
    ['text', (file: string) => writeFileSync(file, 'not a database, but long enough to be looked at as one'.repeat(40))],
    [
      'a damaged first page',
      (file: string) => writeFileSync(file, Buffer.concat([Buffer.alloc(100, 7), readFileSync(file).subarray(100)])),
    ],
    ['half a page', (file: string) => truncateSync(file, 2000)],
  ])('of %s is refused by name, and the file is left as it is', async (_title, damage) => {
    (await home.open()).close();
    damage(home.file);
    const before = readFileSync(home.file);
    const { message, code } = refusalOf(home.file);
    expect(code).toBe('USAGE');
    expect(message).toContain(home.file);
    expect(message).toMatch(/restore it from a backup/);
    expect(readFileSync(home.file).equals(before)).toBe(true);
  });

  test('of zero bytes beside a head that was written is recognised: it lacks every record', async () => {
    const stores = await home.open();
    await stores.audit.append({ threadId: threadOf(1), actor: 'governor', action: 'written' });
    stores.close();
    writeFileSync(home.file, '');
    const empty = await home.open();
    expect(await empty.runs.list()).toEqual([]);
    await expect(empty.audit.assertTail()).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
    expect(await empty.audit.verify()).toMatchObject({ kind: 'broken', seq: 1 });
  });

  test('copied without its log is recognised: the head beside it names the first record that is lost', async () => {
    const stores = await home.open();
    const write = (index: number) => stores.audit.append({ threadId: threadOf(1), actor: 'governor', action: 'written', facts: { index } });
    for (let index = 1; index <= 3; index++) await write(index);
    const checkpointer = home.raw();
    checkpointer.pragma('wal_checkpoint(TRUNCATE)');
    for (let index = 4; index <= 6; index++) await write(index);
    const copy = join(home.folder, 'copy');
    mkdirSync(copy);
    for (const name of ['governor.sqlite', 'audit.head']) copyFileSync(join(home.folder, name), join(copy, name));
    const copied = await home.open(copy);
    expect(await copied.audit.verify()).toEqual({ kind: 'broken', seq: 4, problem: 'records 4 to 6 were cut off the end' });
    await expect(copied.audit.assertTail()).rejects.toThrow('copied without its -wal file');
  });
});

test('a home that is a file, or that may not be written, is refused by name', () => {
  const file = join(home.folder, 'file');
  writeFileSync(file, '');
  expect(refusalOf(join(file, 'governor.sqlite')).message).toContain(`home ${file}: must be a folder`);
  expect(existsSync(join(file, 'governor.sqlite'))).toBe(false);
  const closed = join(home.folder, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  // The superuser may write anywhere.
  if (process.getuid?.() !== 0) expect(refusalOf(join(closed, 'governor.sqlite')).message).toContain(`home ${closed}: must be a folder`);
});
