/** The audit trail: append-only, chained, and whoever edits, deletes, moves or cuts a record is found at the first bad one. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AUDIT_ROOT, type AuditEntry, chainHash } from '../../domain/audit.ts';
import { eachOpen, home, stores } from './each.ts';
import { otherProcess, START_MS, threadOf } from './home.ts';

eachOpen();

const entry = (index: number): AuditEntry => ({
  threadId: threadOf(1 + (index % 2)),
  actor: 'governor',
  action: 'written',
  facts: { index },
});
async function write(from: number, to: number): Promise<void> {
  for (let index = from; index <= to; index++) await stores.audit.append(entry(index));
}
/** Changes the database as somebody who has its file can: the triggers are in the way of accidents, not of them. */
function attack(sql: string): void {
  const raw = home.raw();
  for (const trigger of ['audit_no_update', 'audit_no_delete', 'audit_chains']) raw.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
  expect(raw.exec(sql).prepare('SELECT changes()').pluck().get()).toBeGreaterThan(0);
  raw.close();
}

describe('a trail', () => {
  test('is dense, stamped and chained; it is read by thread, from a record on, and at most so many', async () => {
    await write(1, 6);
    home.clock.ms -= 60_000;
    await stores.audit.append({ threadId: threadOf(1), actor: 'local:ada', action: 'voted', stage: 'plan', attempt: 2, code: 'RED_LINE' });
    const all = await stores.audit.read({});
    expect(all.map((record) => record.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(all[0]?.previous).toBe(AUDIT_ROOT);
    expect(all.slice(1).map((record) => record.previous)).toEqual(all.slice(0, -1).map((record) => record.hash));
    expect(all[6]).toMatchObject({ actor: 'local:ada', stage: 'plan', attempt: 2, code: 'RED_LINE' });
    expect(all[6]?.at).toBe(new Date(START_MS - 60_000).toISOString());
    expect((await stores.audit.read({ threadId: threadOf(2) })).map((record) => record.facts?.['index'])).toEqual([1, 3, 5]);
    expect((await stores.audit.read({ threadId: threadOf(2), afterSeq: 1, limit: 1 })).map((record) => record.seq)).toEqual([3]);
    expect(await stores.audit.verify()).toEqual({ kind: 'whole', records: 7, head: all[6]?.hash });
  });

  test('that is empty is whole', async () => {
    expect(await stores.audit.verify()).toEqual({ kind: 'whole', records: 0, head: AUDIT_ROOT });
    await stores.audit.assertTail();
  });

  test('cannot be changed by a statement of the program', async () => {
    await write(1, 3);
    const raw = home.raw();
    expect(() => raw.exec("UPDATE audit SET body = '{}' WHERE seq = 2")).toThrow('audit is append-only');
    expect(() => raw.exec('DELETE FROM audit WHERE seq = 3')).toThrow('audit is append-only');
    const insert = (seq: number, previous: string) => () =>
      raw.prepare("INSERT INTO audit (seq, thread_id, body, previous, hash) VALUES (?, 'x', '{}', ?, 'x')").run(seq, previous);
    const { hash = '' } = (await stores.audit.read({ afterSeq: 2 }))[0] ?? {};
    expect(insert(5, hash)).toThrow('audit records must chain');
    expect(insert(4, 'another')).toThrow('audit records must chain');
    expect(insert(2, hash)).toThrow(/must chain|UNIQUE/);
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 3 });
  });

  test('that two processes and two connections write at once has every record of all of them, in one chain', async () => {
    const others = [2, 3].map((number) => otherProcess('write', { home: home.folder, threadId: threadOf(number) }));
    try {
      await Promise.all(others.map((other) => other.ready()));
      const second = await home.open();
      for (let index = 1; index <= 40; index++) {
        await stores.audit.append({ ...entry(index), threadId: threadOf(1) });
        await second.audit.append({ ...entry(index), threadId: threadOf(4) });
        // Verifying beside the writers never reports what they have not finished.
        if (index % 10 === 0) expect(await second.audit.verify()).toMatchObject({ kind: 'whole' });
        await second.audit.assertTail();
      }
      for (const other of others) other.goOn();
      await Promise.all(others.map((other) => other.said));
    } finally {
      for (const other of others) other.kill();
    }
    const indexes = async (number: number) => (await stores.audit.read({ threadId: threadOf(number) })).map((one) => one.facts?.['index']);
    for (const number of [1, 2, 3, 4]) {
      const found = await indexes(number);
      expect(found.length).toBeGreaterThanOrEqual(number === 1 || number === 4 ? 40 : 5);
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index + 1));
    }
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
  });
});

describe('verify names the first bad record', () => {
  const copy = (to: number, from: number, column: string) =>
    `UPDATE audit SET ${column} = (SELECT ${column} FROM audit WHERE seq = ${from}) WHERE seq = ${to}`;

  test.each<[string, string, number, string]>([
    ['a text was edited', `UPDATE audit SET body = replace(body, '"index":4', '"index":9') WHERE seq = 4`, 4, 'its text was changed'],
    ['a hash was edited', "UPDATE audit SET hash = 'x' WHERE seq = 4", 4, 'its text was changed'],
    ['a record was moved to another thread', `UPDATE audit SET thread_id = '${threadOf(9)}' WHERE seq = 4`, 4, 'moved to another thread'],
    ['the chain was cut open', `UPDATE audit SET previous = '${AUDIT_ROOT}' WHERE seq = 4`, 4, 'does not follow the record before'],
    ['a record was deleted', 'DELETE FROM audit WHERE seq = 4', 4, 'is missing; the next one is 5'],
    ['the first record was deleted', 'DELETE FROM audit WHERE seq = 1', 1, 'is missing; the next one is 2'],
    ['several were deleted', 'DELETE FROM audit WHERE seq IN (3, 4, 6)', 3, 'is missing; the next one is 5'],
    ['the tail was cut', 'DELETE FROM audit WHERE seq > 5', 6, 'records 6 to 8 were cut off the end'],
    ['the last record was cut', 'DELETE FROM audit WHERE seq = 8', 8, 'records 8 to 8 were cut off the end'],
    ['all were deleted', 'DELETE FROM audit', 1, 'records 1 to 8 were cut off the end'],
    ['two texts were swapped', `CREATE TABLE kept AS SELECT * FROM audit; ${copy(3, 5, 'body')}; ${copyFrom(5, 3)}`, 3, 'text was changed'],
    [
      'two records were swapped',
      'UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = -1',
      3,
      'does not follow the record before',
    ],
    ['a record was numbered from another place', 'UPDATE audit SET seq = seq + 1 WHERE seq = 8', 8, 'is missing; the next one is 9'],
    ['a text is no JSON', "UPDATE audit SET body = '{' WHERE seq = 2", 2, 'its text was changed'],
  ])('when %s', async (_title, sql, seq, problem) => {
    await write(1, 8);
    attack(sql);
    const verdict = await (await home.open()).audit.verify();
    expect(verdict).toEqual({ kind: 'broken', seq, problem: expect.stringContaining(problem) });
  });

  /** Somebody who knows the format rewrites the chain from a record on. */
  function rechain(from: number, change: (body: string) => string): void {
    const raw = home.raw();
    const rows = raw.prepare('SELECT seq, body FROM audit WHERE seq >= ? ORDER BY seq').all(from) as { seq: number; body: string }[]; // the selected columns
    let previous = String(raw.prepare('SELECT previous FROM audit WHERE seq = ?').pluck().get(from));
    for (const row of rows) {
      const body = row.seq === from ? change(row.body) : row.body;
      const hash = chainHash(previous, row.seq, body);
      raw.prepare('UPDATE audit SET body = ?, previous = ?, hash = ? WHERE seq = ?').run(body, previous, hash, row.seq);
      previous = hash;
    }
  }

  test('also when the chain was rewritten to its end: the head beside the database says otherwise', async () => {
    await write(1, 8);
    attack('UPDATE audit SET seq = seq');
    rechain(5, (body) => body.replace('"index":5', '"index":50'));
    expect(await stores.audit.verify()).toMatchObject({
      kind: 'broken',
      seq: 8,
      problem: expect.stringContaining('differs from the head'),
    });
    await expect(stores.audit.assertTail()).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  });
});

describe('the head beside the database', () => {
  test('is the newest record, for its owner alone', async () => {
    await write(1, 3);
    const [last] = await stores.audit.read({ afterSeq: 2 });
    expect(readFileSync(home.head, 'utf8')).toBe(`3 ${last?.hash}\n`);
    expect(statSync(home.head).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['fewer', 1],
    ['as many', 3],
    ['more', 6],
  ])('still proves that the tail was cut after %s new records', async (_title, count) => {
    await write(1, 8);
    attack('DELETE FROM audit WHERE seq > 5');
    await write(11, 10 + count);
    const late = await home.open();
    const verdict = await late.audit.verify();
    expect(verdict).toMatchObject({ kind: 'broken', seq: count === 1 ? 7 : 8 });
    await expect(late.audit.assertTail()).rejects.toMatchObject({
      code: 'STATE_TAMPERED',
      message: expect.stringContaining(`ends at audit record ${5 + count} and lacks record 8`),
    });
    // Removing it is how a person says to go on with what the database has.
    rmSync(home.head);
    await late.audit.assertTail();
    await late.audit.append(entry(1));
    expect(await late.audit.verify()).toMatchObject({ kind: 'whole', records: 6 + count });
    expect(readFileSync(home.head, 'utf8')).toMatch(new RegExp(`^${6 + count} `));
  });

  test('that lags behind, is torn or is gone accuses nobody and is written again', async () => {
    await write(1, 3);
    const behind = readFileSync(home.head, 'utf8');
    await write(4, 5);
    for (const text of [behind, '', '12', '5 abc', behind.slice(0, 40), 'words', undefined]) {
      if (text === undefined) rmSync(home.head);
      else writeFileSync(home.head, text);
      expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
      await stores.audit.assertTail();
      await stores.audit.append(entry(6));
      const [last] = (await stores.audit.read({})).slice(-1);
      expect(readFileSync(home.head, 'utf8')).toBe(`${last?.seq} ${last?.hash}\n`);
    }
  });

  test('of a transaction that was rolled back is not written', async () => {
    await write(1, 2);
    const before = readFileSync(home.head, 'utf8');
    const stale = { threadId: threadOf(1), epoch: 9 };
    await expect(stores.effects.finish(stale, 'effect', { result: '', audit: [entry(3)] })).rejects.toThrow('lease epoch 9');
    expect(readFileSync(home.head, 'utf8')).toBe(before);
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 2 });
    expect(existsSync(home.head)).toBe(true);
  });
});

function copyFrom(to: number, from: number): string {
  return `UPDATE audit SET body = (SELECT body FROM kept WHERE seq = ${from}) WHERE seq = ${to}`;
}
