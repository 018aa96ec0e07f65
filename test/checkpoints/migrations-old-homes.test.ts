/** Homes of released versions, as their own code wrote them (`homes/<version>`): they open, verify, and are gone on with. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restoreHome } from '../../checkpoints/backup.ts';
import { threadRoot } from '../../domain/audit.ts';
import { amountsOf, effectOf, type Home, makeHome, threadOf } from './home.ts';

const OLD = join(import.meta.dirname, 'homes/0.1.0');
const OLD_HEAD = '8 e9608f55f596e3d045616b41fb338231658cab9bfd6b2ed1e8a5c250b4669339\n';
const TRANSCRIPT = 'f659eac968b65b7201f60fde7e15dc4c8c1ad5030a5d51db07120697dac26890';

let home: Home;
/** Puts the old home there, with `damage` done to it while it was still old. */
function put(damage = ''): void {
  cpSync(OLD, home.folder, { recursive: true });
  const database = new Sqlite(home.file);
  database.exec(readFileSync(join(OLD, 'governor.sql'), 'utf8'));
  if (damage !== '') database.exec(`DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; ${damage}`);
  database.close();
}
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.dispose());

const entry = (threadId: string, index: number) => ({ threadId, actor: 'governor', action: 'written', facts: { index } });

describe('a home of 0.1.0', () => {
  test('opens with its threads in the order they came, its gate and its files', async () => {
    put();
    const stores = await home.open();
    const rows = await stores.runs.list();
    expect(rows).toMatchObject([
      { threadId: threadOf(1), status: 'waiting', stage: 'approve_release', interruptId: 'interrupt' },
      { threadId: threadOf(2), status: 'running', stage: 'baseline', lease: null },
    ]);
    const [gate] = await stores.approvals.list({ status: 'pending' });
    expect(gate).toMatchObject({ threadId: threadOf(1), gate: 'release', subject: { digest: 'd', tree: 'e' } });
    expect(await stores.dossier.list(threadOf(1))).toEqual([{ path: 'report.md', bytes: 9 }]);
    await stores.runs.create(threadOf(3), rows[0]?.input ?? expect.fail());
    expect((await stores.runs.resolve('last')).threadId).toBe(threadOf(3));
  });

  test('is gone on with: what was paid is not paid again, what was begun is booked, the newest checkpoint is the last written', async () => {
    put();
    const stores = await home.open();
    const fence = await stores.runs.acquire(threadOf(2));
    expect(fence.epoch).toBe(2);
    expect(await stores.attempts.allocate(fence, 'build', 'inputs')).toBe(1);
    expect(await stores.attempts.allocate(fence, 'build', 'others')).toBe(2);
    const reserve = { accounts: [{ id: 'run', caps: {} }], amounts: amountsOf({ costMicroUsd: 1 }) };
    const done = await stores.effects.start(fence, effectOf('done 2', { requestHash: 'hash' }), { reserve });
    expect(done).toMatchObject({ kind: 'done', result: 'answer', requestDiffers: false });
    expect(await stores.ledger.totals(threadOf(2), 'run')).toMatchObject({
      settled: { costMicroUsd: 20 },
      reserved: { costMicroUsd: 30 },
      caps: { costMicroUsd: 1500, tokens: 5000 },
    });
    expect(await stores.ledger.bookOrphans(fence)).toBe(1);
    expect(await stores.effects.start(fence, effectOf('begun 2'), {})).toMatchObject({ kind: 'interrupted', tries: 2 });
    expect(await stores.ledger.totals(threadOf(2), 'run')).toMatchObject({ settled: { costMicroUsd: 50 }, reserved: { costMicroUsd: 0 } });
    expect((await stores.transcripts.chain(threadOf(2), TRANSCRIPT)).map(({ message }) => message.content)).toEqual(['Do it', 'Done']);
    const newest = await (await stores.saver()).getTuple({ configurable: { thread_id: threadOf(2) } });
    expect(newest?.checkpoint).toMatchObject({ id: '10000000-0000-6000-8000-000000000000', channel_values: { route: 'approve' } });
    expect(newest?.pendingWrites).toEqual([['task', 'route', 'deploy']]);
  });

  test('has a trail that verifies as it did, and goes on by thread under seals that stand on it', async () => {
    put();
    expect(readFileSync(home.head, 'utf8')).toBe(OLD_HEAD);
    const stores = await home.open();
    expect(await stores.audit.verify()).toEqual({ kind: 'whole', records: 8, head: OLD_HEAD.slice(2).trim(), signed: 0 });
    await stores.audit.assertTail();
    for (let index = 1; index <= 4; index += 1) await stores.audit.append(entry(threadOf(1 + (index % 2)), index));
    const records = await stores.audit.read({});
    expect(records.map(({ seq, number }) => [seq, number])).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((seq) => [seq, null]),
      [9, 1],
      [10, 1],
      [11, 2],
      [12, 2],
    ]);
    expect(records[8]?.previous).toBe(threadRoot(threadOf(2)));
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 12 });
    await stores.audit.assertTail();
    expect(readFileSync(home.head, 'utf8')).toMatch(/^0{14}12 [0-9a-f]{64}\n$/);
    const raw = home.raw();
    expect(() => raw.exec('DELETE FROM audit WHERE seq = 8')).toThrow('audit is append-only');
  });

  test.each<[string, string, number, string]>([
    ['was edited', `UPDATE audit SET body = replace(body, '"index":1', '"index":9') WHERE seq = 3`, 3, 'its text was changed'],
    ['was moved', `UPDATE audit SET thread_id = '${threadOf(9)}' WHERE seq = 3`, 3, 'it was moved to another thread'],
    ['was deleted', 'DELETE FROM audit WHERE seq = 3', 3, 'the record is missing; the next one is 4'],
    ['is the last and was cut', 'DELETE FROM audit WHERE seq = 8', 8, 'records 8 to 8 were cut off the end'],
    ['was numbered into a chain of its own', 'UPDATE audit SET number = 1 WHERE seq = 8', 8, 'it does not follow the record before it'],
  ])('names an old record that %s, before anything new was recorded and after', async (title, damage, seq, problem) => {
    const early = !damage.includes('SET number');
    put(early ? damage : '');
    const stores = await home.open();
    if (early) expect(await stores.audit.verify()).toEqual({ kind: 'broken', seq, problem });
    await stores.audit.append(entry(threadOf(1), 1));
    if (!early) home.raw().exec(`DROP TRIGGER audit_no_update; ${damage}`);
    const verdict = await stores.audit.verify();
    // A record that comes after a cut takes its number: then it is the one that differs from the head.
    const differs = title.includes('cut') ? 'it differs from the head that was written beside the database' : problem;
    expect(verdict).toEqual({ kind: 'broken', seq, problem: differs });
  });

  test('loses no old record unnoticed once new ones stand on it, head file or not', async () => {
    put();
    const stores = await home.open();
    await stores.audit.append(entry(threadOf(1), 1));
    home
      .raw()
      .exec(
        `DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq = 8; UPDATE audit SET seq = 8 WHERE seq = 9`,
      );
    expect(await stores.audit.verify()).toEqual({ kind: 'broken', seq: 8, problem: 'it does not follow the record before it' });
  });

  test('is restored from the backup that 0.1.0 made of it', async () => {
    put();
    const database = new Sqlite(home.file);
    database.exec('CREATE TABLE backup_files (path TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT');
    database.close();
    const target = join(home.folder, 'restored');
    restoreHome(home.file, target);
    expect(readFileSync(join(target, 'audit.head'), 'utf8')).toBe(OLD_HEAD.padStart(OLD_HEAD.length + 15, '0'));
    const stores = await home.open(target);
    await stores.audit.assertTail();
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 8 });
  });
});
