/** Run rows and leases: one holder a thread, a dead or frozen holder gives way, and whoever lost the lease writes nothing more. */
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stores } from '../../checkpoints/stores.ts';
import { FencedError, UsageError } from '../../domain/errors.ts';
import type { StopReason } from '../../domain/run.ts';
import { amountsOf, effectOf, type Home, INPUT, makeHome, otherProcess, threadOf } from './home.ts';

let home: Home;
let stores: Stores;
const others: ReturnType<typeof otherProcess>[] = [];
beforeEach(async () => {
  home = makeHome();
  stores = await home.open();
});
afterEach(async () => {
  for (const other of others) other.kill();
  await Promise.all(others.splice(0).map((other) => other.ended()));
  home.dispose();
});

const ID = threadOf(1);
const REASON: StopReason = {
  code: 'CANCELLED',
  message: 'stopped',
  stage: 'build',
  resumable: true,
  evidence: [],
  next: 'governor resume',
};
const busy = (pid: number) =>
  expect.objectContaining({ name: 'UsageError', code: 'THREAD_BUSY', message: expect.stringContaining(`process ${pid} `) });

/** The lease row, as another machine or a dead process may have left it. */
function leaveLease(lease: { host?: string; pid?: number; ticks?: number; until?: number }): void {
  const changed = home
    .raw()
    .prepare('UPDATE runs SET lease_host = ?, lease_pid = ?, lease_ticks = ?, lease_until = ?')
    .run(lease.host ?? hostname(), lease.pid ?? process.pid, lease.ticks ?? 1, lease.until ?? home.clock.ms + 5000);
  expect(changed.changes).toBe(1);
}

async function holder(): Promise<ReturnType<typeof otherProcess>> {
  const other = otherProcess('hold', { home: home.folder, threadId: ID });
  others.push(other);
  await other.ready();
  home.clock.ms = Date.now();
  return other;
}

describe('a thread', () => {
  test('takes one input: the same again is the same row, another is refused and changes nothing', async () => {
    const row = await stores.runs.create(ID, INPUT);
    expect(row).toMatchObject({ threadId: ID, input: INPUT, status: 'running', stage: 'baseline', attempt: 0, epoch: 0, live: false });
    home.clock.ms += 1000;
    expect(await stores.runs.create(ID, { ...INPUT })).toEqual(row);
    const another = stores.runs.create(ID, { ...INPUT, goal: 'Something else' });
    await expect(another).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining('already has another input') });
    expect(await stores.runs.list()).toEqual([row]);
  });

  test('that three processes create at the same moment belongs to one input; the others are told so', async () => {
    const times = 40;
    for (const seed of [1, 2, 3]) others.push(otherProcess('create', { home: home.folder, seed, times }));
    await Promise.all(others.map((other) => other.ready()));
    for (const other of others) other.goOn();
    const said = await Promise.all(others.map((other) => other.said));
    const lines = said.flatMap((text) => text.split('\n')).filter((line) => /\d$/.test(line));
    expect(lines.length).toBe(3 * times);
    for (let index = 0; index < times; index++)
      expect(lines.filter((line) => line.endsWith(` ${index}`)).toSorted()).toEqual([
        `UsageError ${index}`,
        `UsageError ${index}`,
        `created ${index}`,
      ]);
  });

  test('is found by its id, by what begins only it, or as the last one', async () => {
    for (const number of [1, 2]) await stores.runs.create(threadOf(number), INPUT);
    await stores.runs.create('aaaa1111-0000-4000-8000-000000000001', INPUT);
    // A clock that goes back does not change which one is the last.
    home.clock.ms -= 3_600_000;
    await stores.runs.create('aaaa2222-0000-4000-8000-000000000002', INPUT);
    const found = async (word: string): Promise<string> => (await stores.runs.resolve(word)).threadId;
    expect(await found(threadOf(2))).toBe(threadOf(2));
    expect(await found('aaaa1')).toBe('aaaa1111-0000-4000-8000-000000000001');
    expect(await found('last')).toBe('aaaa2222-0000-4000-8000-000000000002');
    await expect(found('aaaa')).rejects.toThrow('2 threads begin with it');
    await expect(found('aaa')).rejects.toThrow('no thread of this home');
    await expect(found('%aaa1')).rejects.toThrow('no thread of this home');
    expect((await stores.runs.list()).map((row) => row.threadId.slice(0, 5))).toEqual(['aaaa2', 'aaaa1', '00000', '00000']);
  });

  test('in an empty home is not found, and "last" says so', async () => {
    await expect(stores.runs.resolve('last')).rejects.toBeInstanceOf(UsageError);
    await expect(stores.runs.acquire(ID)).rejects.toThrow('is not in this home');
    await expect(stores.runs.markCancelled(ID, REASON)).rejects.toMatchObject({
      code: 'USAGE',
      message: `thread ${ID}: is not in this home`,
    });
    expect(await stores.runs.get(ID)).toBeUndefined();
  });
});

describe('a lease', () => {
  beforeEach(() => stores.runs.create(ID, INPUT));

  test('has one holder and an epoch that rises with every one of them', async () => {
    const first = await stores.runs.acquire(ID);
    expect(first).toEqual({ threadId: ID, epoch: 1 });
    expect(await stores.runs.get(ID)).toMatchObject({ live: true, lease: { host: hostname(), pid: process.pid } });
    const second = await home.open();
    await expect(second.runs.acquire(ID)).rejects.toEqual(busy(process.pid));
    await expect(stores.runs.acquire(ID)).rejects.toEqual(busy(process.pid));
    await stores.runs.release(first);
    expect(await second.runs.get(ID)).toMatchObject({ live: false, lease: null, epoch: 1 });
    expect(await second.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 2 });
    await expect(stores.runs.release(first)).rejects.toBeInstanceOf(FencedError);
    expect(await stores.runs.get(ID)).toMatchObject({ live: true, epoch: 2 });
  });

  test('of another live process is respected until that process dies, whatever time is left on it', async () => {
    const other = await holder();
    await expect(stores.runs.acquire(ID)).rejects.toEqual(busy(other.pid));
    await expect(stores.runs.markCancelled(ID, REASON)).rejects.toMatchObject({ code: 'THREAD_BUSY' });
    other.kill();
    await other.ended();
    expect(await stores.runs.get(ID)).toMatchObject({ live: false, epoch: 1, lease: { pid: other.pid } });
    expect(await stores.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 2 });
  });

  test('of a process that lives but no longer beats ends with its time', async () => {
    const other = await holder();
    home.clock.ms += 11_000;
    expect(await stores.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 2 });
    // The one that thaws finds out when it releases.
    other.goOn();
    await expect(other.said).rejects.toThrow('FencedError');
    expect(await stores.runs.get(ID)).toMatchObject({ live: true, epoch: 2, lease: { pid: process.pid } });
  });

  test.skipIf(process.platform !== 'linux')('of a process whose number was given to another one is dead', async () => {
    leaveLease({ pid: process.pid, ticks: 1 });
    expect(await stores.runs.acquire(ID)).toMatchObject({ epoch: 1 });
  });

  test('of another machine, which cannot be asked, holds as long as its time', async () => {
    leaveLease({ host: 'another-machine', pid: 1, until: home.clock.ms + 5000 });
    await expect(stores.runs.acquire(ID)).rejects.toThrow('process 1 on another-machine is running it');
    home.clock.ms += 4999;
    await expect(stores.runs.acquire(ID)).rejects.toEqual(busy(1));
    home.clock.ms += 1;
    expect(await stores.runs.acquire(ID)).toMatchObject({ epoch: 1 });
  });

  test('lives on by its heartbeat, which books machine time and brings the cancel', async () => {
    const fence = await stores.runs.acquire(ID);
    const beats: string[] = [];
    for (let times = 0; times < 3; times++) {
      home.clock.ms += 9000;
      beats.push(await stores.runs.heartbeat(fence, 1000.4));
    }
    expect(await stores.runs.get(ID)).toMatchObject({ live: true, machineMs: 3000 });
    const watcher = await home.open();
    await watcher.runs.requestCancel(ID, true);
    beats.push(await stores.runs.heartbeat(fence, -500));
    await watcher.runs.requestCancel(ID, false);
    beats.push(await stores.runs.heartbeat(fence, 0));
    expect(beats).toEqual(['held', 'held', 'held', 'cancelled', 'held']);
    expect(await stores.runs.get(ID)).toMatchObject({ machineMs: 3000, cancelRequested: false });
    await stores.runs.release(fence);
    await watcher.runs.acquire(ID);
    expect(await stores.runs.heartbeat(fence, 1000)).toBe('lost');
    expect(await stores.runs.get(ID)).toMatchObject({ machineMs: 3000, epoch: 2 });
  });
});

describe('a run that lost its lease', () => {
  test('changes no row of any store', async () => {
    await stores.runs.create(ID, INPUT);
    const stale = await stores.runs.acquire(ID);
    const accounts = [{ id: 'run', caps: { costMicroUsd: 100 } }];
    const reserve = { accounts, amounts: amountsOf({ costMicroUsd: 10 }) };
    await stores.effects.start(stale, effectOf('a'), { reserve });
    const approval = await stores.approvals.open({
      threadId: ID,
      gate: 'release',
      subject: { digest: 'd' },
      required: { role: 'approver', min: 1, notStarter: false },
      shown: {},
    });
    await stores.runs.release(stale);
    const next = await home.open();
    const fence = await next.runs.acquire(ID);
    const tables = home
      .raw()
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all() as string[];
    const everything = (): unknown => tables.map((name) => home.raw().prepare(`SELECT * FROM "${name}"`).all());
    const before = everything();
    const tries: (() => Promise<unknown>)[] = [
      () => stores.runs.update(stale, { status: 'released' }),
      () => stores.runs.release(stale),
      () => stores.attempts.allocate(stale, 'build', 'inputs'),
      () => stores.effects.start(stale, effectOf('b'), { reserve }),
      () => stores.effects.finish(stale, 'a', { result: 'late' }),
      () => stores.effects.fail(stale, 'a', { actual: amountsOf({}) }),
      () => stores.transcripts.append(stale, []),
      () => stores.ledger.bookOrphans(stale),
      () => stores.ledger.extend(stale, 'run', 'x', { costMicroUsd: 5 }),
      () => stores.approvals.use(stale, approval.id, 'key'),
    ];
    for (const attempt of tries) await expect(attempt()).rejects.toBeInstanceOf(FencedError);
    expect(await stores.runs.heartbeat(stale, 5)).toBe('lost');
    expect(everything()).toEqual(before);
    // The one that holds it can do all of that.
    await next.runs.update(fence, { status: 'waiting', stage: 'approve_release', attempt: 2, interruptId: 'i', reason: REASON });
    await next.effects.finish(fence, 'a', { result: 'mine' });
    expect(await next.runs.get(ID)).toMatchObject({
      status: 'waiting',
      stage: 'approve_release',
      attempt: 2,
      interruptId: 'i',
      reason: REASON,
    });
  });
});

test('an update changes what it names and keeps the rest; null is a value', async () => {
  await stores.runs.create(ID, INPUT);
  const fence = await stores.runs.acquire(ID);
  await stores.runs.update(fence, { stage: 'build', attempt: 3, reason: REASON, interruptId: 'one' });
  home.clock.ms += 5000;
  await stores.runs.update(fence, { status: 'stopped' });
  const row = await stores.runs.get(ID);
  expect(row).toMatchObject({ status: 'stopped', stage: 'build', attempt: 3, reason: REASON, interruptId: 'one' });
  expect(Date.parse(row?.updatedAt ?? '') - Date.parse(row?.createdAt ?? '')).toBe(5000);
  await stores.runs.update(fence, { reason: null, interruptId: null });
  expect(await stores.runs.get(ID)).toMatchObject({ status: 'stopped', reason: null, interruptId: null });
});

test('a cancel of a run that nobody holds fences the process that may still come back to it', async () => {
  await stores.runs.create(ID, INPUT);
  const fence = await stores.runs.acquire(ID);
  await stores.runs.update(fence, { status: 'waiting', interruptId: 'one' });
  home.clock.ms += 11_000;
  await (await home.open()).runs.markCancelled(ID, REASON);
  expect(await stores.runs.get(ID)).toMatchObject({ status: 'cancelled', reason: REASON, interruptId: null, live: false });
  await expect(stores.runs.update(fence, { status: 'released' })).rejects.toBeInstanceOf(FencedError);
  expect(await stores.runs.heartbeat(fence, 1)).toBe('lost');
  expect(await stores.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 3 });
});
