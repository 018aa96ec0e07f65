/** The audit trail: append-only, chained, and whoever edits, deletes, moves or cuts a record is found at the first bad one. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AUDIT_ROOT, type AuditEntry, chainHash, sealHash } from '../../../domain/audit.ts';
import { eachOpen, home, stores } from '../each.ts';
import { otherProcess, threadOf } from '../home.ts';

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
  for (const trigger of ['audit_no_update', 'audit_no_delete', 'audit_chains', 'audit_seals_no_update', 'audit_seals_no_delete'])
    raw.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
  expect(raw.exec(sql).prepare('SELECT changes()').pluck().get()).toBeGreaterThan(0);
  raw.close();
}
/** What the trail comes to, as it is written beside the database. */
function sealed(): { seq: number; hash: string } {
  const raw = home.raw();
  const last = raw.prepare('SELECT seq, hash FROM audit_seals ORDER BY number DESC LIMIT 1').get();
  raw.close();
  return last as ReturnType<typeof sealed>; // the selected columns
}
const written = (): string => `${String(sealed().seq).padStart(16, '0')} ${sealed().hash}\n`;

describe('a trail', () => {
  test('cannot be changed by a statement of the program', async () => {
    await write(1, 3);
    const raw = home.raw();
    expect(() => raw.exec("UPDATE audit SET body = '{}' WHERE seq = 2")).toThrow('audit is append-only');
    expect(() => raw.exec('DELETE FROM audit WHERE seq = 3')).toThrow('audit is append-only');
    const insert = (seq: number, number: number | null, previous: string) => () =>
      raw
        .prepare("INSERT INTO audit (seq, thread_id, number, body, previous, hash) VALUES (?, ?, ?, '{}', ?, 'x')")
        .run(seq, threadOf(2), number, previous);
    const { hash = '' } = (await stores.audit.read({ afterSeq: 2 }))[0] ?? {};
    expect(insert(5, 3, hash)).toThrow('audit records must chain');
    expect(insert(4, 3, 'another')).toThrow('audit records must chain');
    expect(insert(4, 2, hash)).toThrow('audit records must chain');
    expect(insert(4, null, hash)).toThrow('audit records must chain');
    expect(insert(2, 3, hash)).toThrow(/must chain|UNIQUE/);
    expect(() => raw.exec("UPDATE audit_seals SET head = 'x'")).toThrow('audit is append-only');
    expect(() => raw.exec('DELETE FROM audit_seals')).toThrow('audit is append-only');
    expect(() => raw.exec("INSERT INTO audit_seals VALUES (5, 4, 'x', 1, 'x', 'x', NULL)")).toThrow('audit seals must chain');
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
    [
      'a text names another thread',
      `UPDATE audit SET body = replace(body, '${threadOf(1)}', '${threadOf(9)}') WHERE seq = 4`,
      4,
      'text was',
    ],
    [
      'records of two threads changed places',
      'UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1',
      3,
      'does not follow the record before',
    ],
    ['a seal was deleted', 'DELETE FROM audit_seals WHERE seq = 4', 4, 'its seal is missing'],
    ['the last seal was deleted', 'DELETE FROM audit_seals WHERE seq = 8', 8, 'its seal is missing'],
    ['a seal was edited', "UPDATE audit_seals SET hash = 'x' WHERE seq = 4", 4, 'its seal was changed'],
    ['a seal tells of another head', "UPDATE audit_seals SET head = 'x' WHERE seq = 4", 4, 'differs from what was sealed'],
    ['a seal tells of more records', 'UPDATE audit_seals SET records = 9 WHERE seq = 4', 4, 'differs from what was sealed'],
    ['a seal tells of another thread', "UPDATE audit_seals SET thread_id = 'x' WHERE seq = 4", 4, 'does not follow the record before'],
    [
      'the tail was cut with its seals',
      'DELETE FROM audit WHERE seq > 5; DELETE FROM audit_seals WHERE seq > 5',
      6,
      'records 6 to 8 were cut',
    ],
    ['all was deleted with its seals', 'DELETE FROM audit; DELETE FROM audit_seals', 1, 'records 1 to 8 were cut off the end'],
  ])('when %s', async (_title, sql, seq, problem) => {
    await write(1, 8);
    attack(sql);
    const verdict = await (await home.open()).audit.verify();
    expect(verdict).toEqual({ kind: 'broken', seq, problem: expect.stringContaining(problem) });
  });

  /** Somebody who knows the format rewrites the chain of a record's thread from it on, with all seals or without. */
  function rechain(from: number, change: (body: string) => string, seals: boolean): void {
    const raw = home.raw();
    const first = raw.prepare('SELECT thread_id, previous FROM audit WHERE seq = ?').get(from) as { thread_id: string; previous: string }; // the selected columns
    const rows = raw
      .prepare('SELECT seq, number, body FROM audit WHERE seq >= ? AND thread_id = ? ORDER BY seq')
      .all(from, first.thread_id);
    let { previous } = first;
    for (const row of rows as { seq: number; number: number; body: string }[]) {
      // the selected columns
      const body = row.seq === from ? change(row.body) : row.body;
      const hash = chainHash(previous, row.number, body);
      raw.prepare('UPDATE audit SET body = ?, previous = ?, hash = ? WHERE seq = ?').run(body, previous, hash, row.seq);
      raw.prepare('UPDATE audit_seals SET head = ? WHERE seq = ? AND ?').run(hash, row.seq, seals ? 1 : 0);
      previous = hash;
    }
    let last = AUDIT_ROOT;
    for (const one of raw.prepare('SELECT number, seq, thread_id AS threadId, records, head FROM audit_seals ORDER BY number').all()) {
      const seal = one as Parameters<typeof sealHash>[1] & { number: number }; // the selected columns
      last = sealHash(last, seal);
      if (seals) raw.prepare('UPDATE audit_seals SET hash = ? WHERE number = ?').run(last, seal.number);
    }
    raw.close();
  }

  test('also when the chain of a thread was rewritten to its end: its seal says otherwise', async () => {
    await write(1, 8);
    attack('UPDATE audit SET seq = seq');
    rechain(5, (body) => body.replace('"index":5', '"index":50'), false);
    expect(await stores.audit.verify()).toEqual({ kind: 'broken', seq: 5, problem: 'it differs from what was sealed' });
    await stores.audit.assertTail();
  });

  test('also a seal that was added behind the last record, before the next one is written', async () => {
    await write(1, 3);
    attack(
      "INSERT INTO audit_seals SELECT number + 1, seq, thread_id, records, head, 'x', NULL FROM audit_seals ORDER BY number DESC LIMIT 1",
    );
    expect(await stores.audit.verify()).toEqual({ kind: 'broken', seq: 3, problem: 'a seal follows it that seals no record' });
  });

  test('also when all chains were rewritten to their end: the head beside the database says otherwise', async () => {
    await write(1, 8);
    attack('UPDATE audit SET seq = seq');
    rechain(5, (body) => body.replace('"index":5', '"index":50'), true);
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
    expect(sealed().seq).toBe(3);
    expect(readFileSync(home.head, 'utf8')).toBe(written());
    expect(statSync(home.head).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['fewer', 1],
    ['as many', 3],
    ['more', 6],
  ])('still proves that the tail was cut after %s new records', async (_title, count) => {
    await write(1, 8);
    attack('DELETE FROM audit WHERE seq > 5; DELETE FROM audit_seals WHERE seq > 5');
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
    expect(readFileSync(home.head, 'utf8')).toBe(written());
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
      expect(readFileSync(home.head, 'utf8')).toBe(written());
    }
  });

  test('is not needed where records were cut and their seals were left', async () => {
    await write(1, 8);
    attack('DELETE FROM audit WHERE seq > 5');
    rmSync(home.head);
    expect(await stores.audit.verify()).toEqual({ kind: 'broken', seq: 6, problem: 'records 6 to 8 were cut off the end' });
    await stores.audit.append(entry(6));
    expect(await stores.audit.verify()).toMatchObject({ kind: 'broken', seq: 6 });
  });

  test('that a process of 0.1.0 wrote, which still ran when the home was opened by this one, accuses nobody', async () => {
    await write(1, 3);
    const [, , last] = await stores.audit.read({});
    writeFileSync(home.head, `${last?.seq} ${last?.hash}\n`); // it knows of no seals
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 3 });
    await stores.audit.assertTail();
    await write(4, 4);
    expect(readFileSync(home.head, 'utf8')).toBe(written());
    writeFileSync(home.head, `${last?.seq} ${'0'.repeat(64)}\n`);
    await expect(stores.audit.assertTail()).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  });

  test('that was replaced by another file, or taken away, while it was held open is the one that counts', async () => {
    await write(1, 5);
    const behind = readFileSync(home.head, 'utf8');
    await write(6, 6);
    // Another name, then its name: what a restore or an editor does.
    writeFileSync(`${home.head}.new`, `0000000000000009 ${'a'.repeat(64)}\n`);
    renameSync(`${home.head}.new`, home.head);
    await expect(stores.audit.assertTail()).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
    writeFileSync(`${home.head}.new`, behind);
    renameSync(`${home.head}.new`, home.head);
    await stores.audit.assertTail();
    await stores.audit.append(entry(7));
    expect(readFileSync(home.head, 'utf8')).toBe(written());
    rmSync(home.head);
    await stores.audit.append(entry(8));
    expect(readFileSync(home.head, 'utf8')).toBe(written());
  });

  test('is never shorter or longer than a line, and one that is read only by half is none', async () => {
    await write(1, 3);
    writeFileSync(home.head, `${readFileSync(home.head, 'utf8')}\n\n\n\n`);
    await stores.audit.append(entry(4));
    expect(readFileSync(home.head, 'utf8')).toBe(written());
    writeFileSync(home.head, `${readFileSync(home.head, 'utf8')}more`);
    await stores.audit.assertTail();
    await stores.audit.append(entry(5));
    expect(readFileSync(home.head, 'utf8')).toBe(written());
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
