/** The events of threads over their runs: numbers that go on, filters, the cap of a thread, and what stays while it waits. */
import { describe, expect, test } from 'vitest';
import { FencedError } from '../../../domain/errors.ts';
import { CHANNELS, type Channel, type NewThreadEvent, type ReadThreadEvents, type ThreadEvent } from '../../../domain/thread-events.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };
const MOST = 1_000_000;
const thread = threadOf(1);

const event = (channel: Channel, data: unknown = {}, more: Partial<NewThreadEvent> = {}): NewThreadEvent => ({
  channel,
  method: channel,
  namespace: [],
  params: JSON.stringify({ namespace: [], timestamp: 1, data }),
  ...more,
});

const seqs = (rows: readonly ThreadEvent[]): number[] => rows.map((row) => row.seq);
const all: ReadThreadEvents = { after: 0, through: 1000, channels: CHANNELS, limit: 100, maxCharacters: MOST };
const read = (what: Partial<ReadThreadEvents> = {}) => stores.served.threadEvents.read(thread, { ...all, ...what });

async function begun(runId: string, threadId = thread, kwargs: Record<string, unknown> = {}) {
  await stores.served.queue.put(scope, [{ ...newRun(runId, threadId), kwargs }]);
  const claimed = await stores.served.queue.claim();
  if (claimed === undefined) throw new Error('nothing to claim');
  return claimed.lease;
}

export const threadEventsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: thread events`, () => {
    eachOpen(backend);

    test('go on over the runs of a thread, and are read by channel, run, page and length', async () => {
      const { threadEvents, queue } = stores.served;
      const one = await begun('one');
      expect(await threadEvents.has('one')).toBe(false);
      expect(
        await threadEvents.append(one, [event('lifecycle'), event('values', 'x'.repeat(100)), event('custom', 1, { name: 'n' })], MOST),
      ).toBe(3);
      await queue.finish(one, { status: 'success', told: { events: [event('lifecycle', { event: 'completed' })], mostCharacters: MOST } });
      const two = await begun('two');
      expect(await threadEvents.append(two, [event('tasks', {}, { namespace: ['a:1', 'b'] })], MOST)).toBe(5);
      expect(seqs(await read())).toEqual([1, 2, 3, 4, 5]);
      expect(seqs(await read({ channels: ['lifecycle'] }))).toEqual([1, 4]);
      expect(seqs(await read({ after: 1, through: 4, limit: 2 }))).toEqual([2, 3]);
      expect(seqs(await read({ maxCharacters: 10 }))).toEqual([1, 2]);
      expect(seqs(await read({ runId: 'two' }))).toEqual([5]);
      expect(await read({ channels: [] })).toEqual([]);
      expect((await read())[2]).toMatchObject({ name: 'n', channel: 'custom' });
      expect((await read())[4]).toMatchObject({ namespace: ['a:1', 'b'] });
      expect([await threadEvents.has('two'), await threadEvents.has('none')]).toEqual([true, false]);
      expect([...(await threadEvents.lasts([thread, threadOf(2)]))]).toEqual([[thread, 5]]);
      expect((await threadEvents.lasts([...Array.from({ length: 60 }, (_, n) => threadOf(n + 100)), thread])).get(thread)).toBe(5);
    });

    test('of a lease that was lost are refused', async () => {
      const { threadEvents, queue } = stores.served;
      const lease = await begun('one');
      await queue.giveBack(lease);
      await stores.served.queue.claim();
      await expect(threadEvents.append(lease, [event('values')], MOST)).rejects.toThrow(FencedError);
      expect(await read()).toEqual([]);
    });

    test('a thread keeps so many characters of them: the oldest go, the last one never, and numbers go on', async () => {
      const { threadEvents } = stores.served;
      const lease = await begun('one');
      const long = event('values', 'x'.repeat(960));
      for (let count = 0; count < 5; count += 1) await threadEvents.append(lease, [long], 3100);
      expect(seqs(await read())).toEqual([3, 4, 5]);
      await threadEvents.append(lease, [event('values', 'y'.repeat(9000))], 3100);
      expect(seqs(await read())).toEqual([6]);
      // What just fits takes nothing away.
      expect(await threadEvents.append(lease, [event('values')], 100_000)).toBe(7);
      expect(seqs(await read())).toEqual([6, 7]);
    });

    test('are pruned with the time of ended runs; what a thread waits for stays until a later run has ended', async () => {
      const { threadEvents, queue } = stores.served;
      const later = () => {
        place.clock.ms += 1000;
        return new Date(place.clock.ms).toISOString();
      };
      const asks = await begun('asks');
      await threadEvents.append(asks, [event('lifecycle'), event('values')], MOST);
      const told = { events: [event('input', { interrupt_id: 'i' }, { method: 'input.requested' })], mostCharacters: MOST };
      await queue.finish(asks, { status: 'success', interrupts: { task: [{ id: 'i', value: 1 }] }, told });
      expect(await threadEvents.prune(later(), 10)).toBe(1);
      expect((await read()).map((row) => row.method)).toEqual(['lifecycle', 'input.requested']);
      expect(await threadEvents.prune(later(), 10)).toBe(0);
      const answers = await begun('answers');
      await threadEvents.append(answers, [event('values')], MOST);
      expect(await threadEvents.prune(later(), 10)).toBe(1);
      expect(seqs(await read())).toEqual([4]);
      await queue.finish(answers, { status: 'success' });
      expect(await threadEvents.prune(later(), 10)).toBe(1);
      expect(await read()).toEqual([]);
      // The counter outlives them.
      expect((await threadEvents.lasts([thread])).get(thread)).toBe(4);
    });

    test('a run that is cancelled before it began is told as interrupted, where its thread is followed', async () => {
      const { queue } = stores.served;
      await queue.put(scope, [
        { ...newRun('v2', thread), kwargs: { protocol: {} } },
        { ...newRun('plain', threadOf(2)), kwargs: {} },
      ]);
      await queue.cancel(scope, { runIds: ['v2', 'plain'] }, 'interrupt');
      expect((await read()).map((row) => JSON.parse(row.params).data)).toEqual([{ event: 'interrupted' }]);
      expect(await stores.served.threadEvents.lasts([threadOf(2)])).toEqual(new Map());
    });

    test('go with their run where it is deleted or taken back, and with their thread', async () => {
      const { queue, threadEvents, threads } = stores.served;
      for (const runId of ['deleted', 'back']) {
        const lease = await begun(runId);
        await threadEvents.append(lease, [event('values', 'x'.repeat(100))], MOST);
        if (runId === 'deleted') {
          await queue.finish(lease, { status: 'success' });
          await queue.delete(scope, thread, runId);
          expect(await read()).toEqual([]);
        } else
          await queue.finish(lease, {
            status: 'interrupted',
            rollback: true,
            told: { events: [event('lifecycle')], mostCharacters: MOST },
          });
      }
      // That the run is over is told all the same.
      expect((await read()).map((row) => row.method)).toEqual(['lifecycle']);
      await threads.delete(scope, thread);
      expect([await read(), await threadEvents.lasts([thread])]).toEqual([[], new Map()]);
    });
  });
