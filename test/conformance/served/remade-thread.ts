/** A thread that is deleted and made again under its id: what still runs on the old one, in another process, writes nothing into the new. */
import { describe, expect, test } from 'vitest';
import { FencedError } from '../../../domain/errors.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

export const remadeThreadSuite: ServedSuite = (name, backend) =>
  describe(`${name}: a thread made again`, () => {
    eachOpen(backend);

    test('the lease of a run on the deleted thread is not that of a run on the new one', async () => {
      const [one, other] = [stores, await place.open()];
      const scope = { tenant: 'default' };
      const threadId = threadOf(1);
      const put = async (runId: string) => one.served.queue.put(scope, [newRun(runId, threadId, { threadMetadata: {} })]);
      await put('old');
      const old = await other.served.queue.claim();
      await one.served.threads.delete(scope, threadId);
      await one.served.threads.create(scope, { threadId, metadata: {}, ifExists: 'raise' });
      await put('new');
      place.clock.ms += 1;
      const now = await one.served.queue.claim();
      if (old === undefined || now === undefined) throw new Error('nothing to claim');
      const said = [{ event: 'values', data: '{}' }];
      await expect(other.served.events.append(old.lease, said)).rejects.toBeInstanceOf(FencedError);
      other.saver.guard({ threadId, epoch: old.lease.epoch });
      const checkpoint = { v: 4, id: '1', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} };
      const written = other.saver.put({ configurable: { thread_id: threadId } }, checkpoint, { source: 'loop', step: 1, parents: {} });
      await expect(written).rejects.toBeInstanceOf(FencedError);
      expect(await one.served.events.append(now.lease, said)).toBe(0);
    });
  });
