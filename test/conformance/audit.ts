/** The audit trail: dense over all threads, chained within each, whole under any number of writers. */
import { describe, expect, test } from 'vitest';
import { AUDIT_ROOT, type AuditEntry, type AuditRecord, threadRoot } from '../../domain/audit.ts';
import { amountsOf, effectOf, leased, START_MS, threadOf } from '../checkpoints/home.ts';
import { eachOpen, home, type Suite, stores } from './backend.ts';

const entry = (index: number, threadId = threadOf(1 + (index % 2))): AuditEntry => ({
  threadId,
  actor: 'governor',
  action: 'written',
  facts: { index },
});

export const auditSuite: Suite = (name, backend) =>
  describe(`${name}: audit`, () => {
    eachOpen(backend);

    test('a trail is dense, stamped and chained by thread; it is read by thread, from a record on, and at most so many', async () => {
      for (let index = 1; index <= 6; index += 1) await stores.audit.append(entry(index));
      home.clock.ms -= 60_000;
      await stores.audit.append({
        threadId: threadOf(1),
        actor: 'local:ada',
        action: 'voted',
        stage: 'plan',
        attempt: 2,
        code: 'RED_LINE',
      });
      const all = await stores.audit.read({});
      expect(all.map((record) => record.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      for (const number of [1, 2]) {
        const chain = all.filter(({ threadId }) => threadId === threadOf(number));
        expect(chain.map((record) => record.number)).toEqual(chain.map((_, index) => index + 1));
        const hashes = chain.map((record) => record.hash);
        expect(chain.map((record) => record.previous)).toEqual([threadRoot(threadOf(number)), ...hashes.slice(0, -1)]);
      }
      expect(all[6]).toMatchObject({ actor: 'local:ada', stage: 'plan', attempt: 2, code: 'RED_LINE' });
      expect(all[6]?.at).toBe(new Date(START_MS - 60_000).toISOString());
      expect((await stores.audit.read({ threadId: threadOf(2) })).map((record) => record.facts?.['index'])).toEqual([1, 3, 5]);
      expect((await stores.audit.read({ threadId: threadOf(2), afterSeq: 1, limit: 1 })).map((record) => record.seq)).toEqual([3]);
      expect((await stores.audit.read({ threadId: threadOf(1), action: 'voted' })).map((record) => record.seq)).toEqual([7]);
      expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 7 });
    });

    test('a home is named by its first seal, and of an action those records alone are read, not those that quote it', async () => {
      expect(await stores.audit.home()).toBeUndefined();
      await stores.audit.append({ ...entry(1), facts: { action: 'released', index: 1 } });
      const home = await stores.audit.home();
      expect(home).toMatch(/^[0-9a-f]{64}$/);
      await stores.audit.append({ ...entry(3), action: 'released' });
      expect(await stores.audit.home()).toBe(home);
      const released = await stores.audit.read({ threadId: threadOf(2), action: 'released' });
      expect(released.map((record) => record.facts?.['index'])).toEqual([3]);
    });

    test('what is only allowed by what came before is judged with every record of others, also of those who write at the same time', async () => {
      const threadId = threadOf(1);
      const most = (count: number) => ({
        afterSeq: 1,
        by: (newer: readonly AuditRecord[]) => {
          if (newer.length >= count) throw new Error(`there are ${newer.length}`);
        },
      });
      await stores.audit.append(entry(0, threadId));
      await stores.audit.append(entry(1, threadOf(2)));
      const ends = await Promise.allSettled(
        Array.from({ length: 6 }, (_none, index) => stores.audit.append(entry(index, threadId), most(2))),
      );
      expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', ...Array(4).fill('rejected')]);
      expect(ends.at(-1)).toMatchObject({ reason: { message: 'there are 2' } });
      expect(await stores.audit.read({ threadId })).toHaveLength(3);
      expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 4 });
    });

    test('a trail that is empty is whole', async () => {
      expect(await stores.audit.verify()).toEqual({ kind: 'whole', records: 0, head: AUDIT_ROOT, signed: 0 });
      await stores.audit.assertTail();
    });

    test('what a trail comes to changes with every record, and is the same for whoever asks', async () => {
      const heads = new Set<unknown>();
      for (let index = 1; index <= 3; index += 1) {
        await stores.audit.append(entry(index));
        const verdict = await stores.audit.verify();
        expect(await (await home.open()).audit.verify()).toEqual(verdict);
        heads.add(verdict.kind === 'whole' && verdict.head);
      }
      expect(heads.size).toBe(3);
    });

    test('records of one transaction, of several threads too, come in their order and are whole', async () => {
      const fence = await leased(stores);
      await stores.effects.start(fence, effectOf('a'), {});
      const audit = [1, 1, 2, 1, 3, 3].map((number, index) => entry(index, threadOf(number)));
      await stores.effects.finish(fence, 'a', { result: '', actual: amountsOf({}), audit });
      const all = await stores.audit.read({});
      expect(all.map((record) => record.facts?.['index'])).toEqual([0, 1, 2, 3, 4, 5]);
      expect(all.map((record) => record.number)).toEqual([1, 2, 1, 3, 1, 2]);
      expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 6 });
    });

    test('two connections that write at once, in the same thread and in others, make one whole trail', async () => {
      const second = await home.open();
      const written: Promise<void>[] = [];
      for (let index = 0; index < 20; index += 1)
        for (const [connection, own] of [
          [stores, 2],
          [second, 3],
        ] as const)
          written.push(connection.audit.append(entry(index, threadOf(1))), connection.audit.append(entry(index, threadOf(own))));
      await Promise.all(written);
      expect(await second.audit.verify()).toMatchObject({ kind: 'whole', records: 80 });
      await stores.audit.assertTail();
      for (const [number, count] of [
        [1, 40],
        [2, 20],
        [3, 20],
      ] as const) {
        const numbers = (await stores.audit.read({ threadId: threadOf(number) })).map((record) => record.number);
        expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      }
    });

    test('records of one action of a thread are read by it, and none that only quotes its name', async () => {
      const said = { ...entry(1, threadOf(1)), action: 'approval-comment' };
      await stores.audit.append(said);
      await stores.audit.append({ ...entry(2, threadOf(1)), facts: { message: '"action":"approval-comment"' } });
      await stores.audit.append({ ...said, threadId: threadOf(2) });
      const found = await stores.audit.read({ threadId: said.threadId, action: 'approval-comment' });
      expect(found.map(({ action, threadId }) => [action, threadId])).toEqual([['approval-comment', said.threadId]]);
    });

    test('records of a transaction that was rolled back are not there', async () => {
      await stores.audit.append(entry(1));
      const stale = { threadId: threadOf(1), epoch: 9 };
      await expect(stores.effects.finish(stale, 'effect', { result: '', audit: [entry(2)] })).rejects.toThrow('lease epoch 9');
      expect(await stores.audit.verify()).toMatchObject({ kind: 'whole', records: 1 });
    });
  });
