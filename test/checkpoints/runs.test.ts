/** Run rows and leases: one holder a thread, a dead or frozen holder gives way, and whoever lost the lease writes nothing more. */
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stores } from '../../checkpoints/stores.ts';
import { FencedError } from '../../domain/errors.ts';
import { amountsOf, effectOf, type Home, INPUT, makeHome, otherProcess, threadOf } from './home.ts';
import { busy, REASON } from './records.ts';

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
});

describe('a lease', () => {
  beforeEach(() => stores.runs.create(ID, INPUT));

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
