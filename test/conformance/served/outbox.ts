/** The outbox: a webhook is taken by one process at a time, tried again when it failed, and gone when a target has it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { putWebhook } from '../../../checkpoints/served/outbox.ts';
import { one, run, type Transaction } from '../../../checkpoints/sql/transaction.ts';
import type { Outbox } from '../../../domain/outbox.ts';
import { START_MS, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

export const outboxSuite: ServedSuite = (name, backend) =>
  describe(`${name}: outbox`, () => {
    eachOpen(backend);

    /** Put in the order of their numbers, their ids are the same. */
    const row = (number: number) => ({ id: number, runId: threadOf(number) });
    const hook = (number: number, at = START_MS): Transaction<void> =>
      putWebhook({ runId: threadOf(number), tenant: 'acme', url: `https://a.example/${number}`, body: `{"n":${number}}`, at });
    const put = async (number: number, at?: number): Promise<void> => stores.sql.write(() => hook(number, at));
    const most = (all: number, room: readonly (readonly [string, number])[] = []) => ({ all, perHost: 4, room: new Map(room) });
    let outbox: Outbox;
    beforeEach(() => {
      outbox = stores.served.outbox;
    });

    test('gives the due ones, oldest first, to one taker until its hold ends', async () => {
      await put(2, START_MS + 10);
      await put(1, START_MS);
      await put(3, START_MS + 5000);
      place.clock.ms = START_MS + 20;
      const other = await place.open();
      const first = await outbox.take(most(10), 30_000);
      expect(first).toEqual([
        { id: 2, runId: threadOf(1), url: 'https://a.example/1', body: '{"n":1}', tries: 0, host: 'a.example' },
        { id: 1, runId: threadOf(2), url: 'https://a.example/2', body: '{"n":2}', tries: 0, host: 'a.example' },
      ]);
      expect(await other.served.outbox.take(most(10), 30_000)).toEqual([]);
      place.clock.ms += 30_000;
      expect((await outbox.take(most(10), 1000)).map((row) => row.id)).toEqual([3, 1, 2]);
    });

    test('gives one of each host before a second of any, and none of a host that has no room', async () => {
      const to = (number: number, url: string) =>
        stores.sql.write(() => putWebhook({ runId: threadOf(number), tenant: 'acme', url, body: '{}', at: START_MS + number }));
      for (let number = 1; number <= 30; number++) await to(number, `https://hangs.example:8443/${number}`);
      await to(31, 'https://b.example/x');
      await to(32, '/own');
      await to(33, 'https://c.example/x');
      await to(34, 'https://b.example/y');
      place.clock.ms = START_MS + 1000;
      const ids = async (...asked: Parameters<typeof most>) => (await outbox.take(most(...asked), 10_000)).map((row) => row.id);
      expect(await ids(5)).toEqual([1, 31, 32, 33, 2]);
      expect(await ids(10, [['hangs.example:8443', 0]])).toEqual([34]);
      expect(await ids(10, [['hangs.example:8443', 2]])).toEqual([3, 4]);
      expect(await ids(10)).toEqual([5, 6, 7, 8]);
    });

    test('takes no more than the limit', async () => {
      for (const number of [1, 2, 3]) await put(number);
      expect((await outbox.take(most(2), 1000)).map((row) => row.id)).toEqual([1, 2]);
      expect((await outbox.take(most(2), 1000)).map((row) => row.id)).toEqual([3]);
    });

    test('a sent one is gone; a failed one comes again after its delay with one try more', async () => {
      await put(1);
      await put(2);
      await outbox.take(most(2), 30_000);
      await outbox.sent(row(1));
      await outbox.failed(row(2), 'answered 500', 1500.2);
      expect(await outbox.counts()).toEqual({ waiting: 1, dead: 0 });
      expect(await outbox.nextDueMs()).toBe(1501);
      expect(await outbox.take(most(2), 1000)).toEqual([]);
      place.clock.ms += 1501;
      expect(await outbox.nextDueMs()).toBe(0);
      expect((await outbox.take(most(2), 1000)).map(({ id, tries }) => ({ id, tries }))).toEqual([{ id: 2, tries: 1 }]);
    });

    test('an id that was given again is not taken for the row that had it before', async () => {
      await put(1);
      await outbox.sent(row(1));
      await put(2);
      expect((await outbox.take(most(1), 1000)).map(({ id, runId }) => ({ id, runId }))).toEqual([{ id: 1, runId: threadOf(2) }]);
      await outbox.sent(row(1));
      await outbox.failed(row(1), 'late', null);
      expect(await outbox.counts()).toEqual({ waiting: 1, dead: 0 });
    });

    test('one that is given up is kept with its error and never taken', async () => {
      await put(1);
      await outbox.failed(row(1), 'x'.repeat(9000), null);
      place.clock.ms += 1_000_000;
      expect(await outbox.take(most(2), 1000)).toEqual([]);
      expect(await outbox.nextDueMs()).toBeUndefined();
      expect(await outbox.counts()).toEqual({ waiting: 0, dead: 1 });
      expect(await stores.sql.read(() => one('SELECT state, error, tries FROM outbox'))).toEqual({
        state: 'dead',
        error: 'x'.repeat(500),
        tries: 1,
      });
      await outbox.failed(row(1), 'late', 10);
      expect(await outbox.counts()).toEqual({ waiting: 0, dead: 1 });
    });

    test('keeps at most a thousand that were given up, the newest', async () => {
      await stores.sql.write(function* () {
        for (let number = 1; number <= 1002; number++) yield* hook(number);
        yield* run("UPDATE outbox SET state = 'dead' WHERE id < 1002");
      });
      await outbox.failed(row(1002), 'gone', null);
      expect(await outbox.counts()).toEqual({ waiting: 0, dead: 1000 });
      expect(await stores.sql.read(() => one('SELECT MIN(id) AS oldest FROM outbox'))).toEqual({ oldest: 3 });
    });

    test('is put with the transaction it stands in, or not at all', async () => {
      const refused = async (): Promise<void> =>
        stores.sql.write(function* () {
          yield* hook(1);
          throw new Error('fenced');
        });
      await expect(refused()).rejects.toThrow('fenced');
      expect(await outbox.counts()).toEqual({ waiting: 0, dead: 0 });
    });
  });
