/** Who can write the database, but has not the key, cannot write a thread's records anew; who cut or restored it is found by what was published. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStores, type Stores } from '../../../checkpoints/stores.ts';
import { AUDIT_ROOT, chainHash, sealHash } from '../../../domain/audit.ts';
import { START_MS, threadOf } from '../home.ts';

const KEY = 'a-key-that-is-kept-outside-the-home';
const clock = { now: () => START_MS, monotonic: () => START_MS };
const closers: (() => void)[] = [];
let folder = '';
let heads = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-proof-'));
  heads = join(mkdtempSync(join(tmpdir(), 'governor-heads-')), 'heads.log');
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  for (const path of [folder, join(heads, '..')]) rmSync(path, { recursive: true, force: true });
});

async function open(auditKey?: string, home = folder): Promise<Stores> {
  const stores = await openStores({ home, clock, ...(auditKey === undefined ? {} : { auditKey }), auditHeads: heads });
  closers.push(() => stores.close());
  return stores;
}
async function write(stores: Stores, count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1)
    await stores.audit.append({ threadId: threadOf(1 + (index % 2)), actor: 'governor', action: 'written', facts: { index } });
}

/** Changes a record, and writes every chain and every seal anew behind it, without a key. */
function rewrite(index: number): void {
  const raw = new Sqlite(join(folder, 'governor.sqlite'));
  closers.push(() => raw.close());
  for (const trigger of ['audit_no_update', 'audit_seals_no_update']) raw.exec(`DROP TRIGGER ${trigger}`);
  const before = `"index":${index}`;
  raw.prepare('UPDATE audit SET body = replace(body, ?, ?)').run(before, `${before}0`);
  const ends = new Map<string, string>();
  for (const row of raw.prepare('SELECT * FROM audit ORDER BY seq').all() as {
    seq: number;
    thread_id: string;
    number: number;
    previous: string;
    body: string;
  }[]) {
    const previous = ends.get(row.thread_id) ?? row.previous;
    const hash = chainHash(previous, row.number, row.body);
    raw.prepare('UPDATE audit SET previous = ?, hash = ? WHERE seq = ?').run(previous, hash, row.seq);
    ends.set(row.thread_id, hash);
    raw.prepare('UPDATE audit_seals SET head = ? WHERE seq = ?').run(hash, row.seq);
  }
  let last = AUDIT_ROOT;
  for (const seal of raw.prepare('SELECT number, seq, thread_id AS threadId, records, head FROM audit_seals ORDER BY number').all() as {
    number: number;
    seq: number;
    threadId: string;
    records: number;
    head: string;
  }[]) {
    last = sealHash(last, seal);
    raw.prepare('UPDATE audit_seals SET hash = ? WHERE number = ?').run(last, seal.number);
  }
  rmSync(join(folder, 'audit.head'));
}

test('a trail that is rewritten as a whole is found by its signatures; without a key it is not', async () => {
  const stores = await open(KEY);
  await write(stores, 6);
  expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', signed: 6 });
  expect(await stores.audit.proven(threadOf(2))).toHaveLength(3);
  rewrite(3);
  expect(await stores.audit.verify()).toMatchObject({
    kind: 'broken',
    seq: 3,
    problem: 'the signature of its seal is not that of the key',
  });
  await expect(stores.audit.proven(threadOf(2))).rejects.toMatchObject({
    code: 'STATE_TAMPERED',
    message: expect.stringContaining('record 3'),
  });
  expect(await (await open()).audit.verify()).toMatchObject({ kind: 'whole' });
});

test('records before there was a key stay whole, and from the first signed one on none may lack it', async () => {
  await write(await open(), 2);
  const stores = await open(KEY);
  await write(stores, 2);
  expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 4, signed: 2 });
  expect(await stores.audit.proven(threadOf(1))).toHaveLength(2);
  await write(await open(), 1);
  expect(await stores.audit.verify()).toMatchObject({ kind: 'broken', seq: 5, problem: 'its seal is not signed, as those before it are' });
  await expect(stores.audit.proven(threadOf(2))).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
});

test('a thread is proven by its own chain: an edit in it is found, one in another thread is that one’s', async () => {
  const stores = await open();
  await write(stores, 4);
  const raw = new Sqlite(join(folder, 'governor.sqlite'));
  closers.push(() => raw.close());
  raw.exec(`DROP TRIGGER audit_no_update; UPDATE audit SET body = replace(body, '"index":2', '"index":9')`);
  await expect(stores.audit.proven(threadOf(1))).rejects.toMatchObject({
    code: 'STATE_TAMPERED',
    message: expect.stringContaining('its text was changed'),
  });
  expect(await stores.audit.proven(threadOf(2))).toHaveLength(2);
  expect(await stores.audit.proven(threadOf(3))).toEqual([]);
});

test('a home that is restored from before a published head says so; one that went on from it is whole', async () => {
  const stores = await open(KEY);
  await write(stores, 2);
  const older = mkdtempSync(join(tmpdir(), 'governor-older-'));
  closers.push(() => rmSync(older, { recursive: true, force: true }));
  await stores.backup(join(older, 'backup'));
  const asked = {
    threadId: threadOf(1),
    gate: 'release',
    subject: { digest: 'd' },
    required: { role: 'approver', min: 1, notStarter: false },
    shown: {},
  } as const;
  await stores.approvals.open(asked);
  await write(stores, 2);
  expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
  copyFileSync(join(older, 'backup'), join(older, 'governor.sqlite'));
  const restored = await open(KEY, older);
  expect(await restored.audit.verify()).toMatchObject({
    kind: 'broken',
    seq: 3,
    problem: expect.stringContaining('restored from an older backup'),
  });
});

test('a head that somebody without the key wrote into the file accuses nobody', async () => {
  const stores = await open(KEY);
  await write(stores, 2);
  const { home, ...rest } = { home: '', seal: 99, seq: 99, hash: 'x', mac: null, at: 'now' };
  const { createSink } = await import('../../../checkpoints/audit/sink.ts');
  const first = new Sqlite(join(folder, 'governor.sqlite')).prepare('SELECT hash FROM audit_seals WHERE number = 1').pluck().get();
  createSink(heads).append({ ...rest, home: typeof first === 'string' ? first : home });
  expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
});
