/** Transcripts: chains named by their content; what is missing or changed is found at the first read, what was checked is cheap. */
import { describe, expect, test } from 'vitest';
import { FencedError } from '../../domain/errors.ts';
import { effectOf, leased, threadOf } from '../checkpoints/home.ts';
import { chainOf, headOf, says } from '../checkpoints/records.ts';
import { eachLeased, fence, home, type Suite, stores } from './backend.ts';

const tamperedAt = (id: string, how: string) =>
  expect.objectContaining({ code: 'STATE_TAMPERED', message: `transcript of thread ${fence.threadId}: row ${id} ${how}` });

export const transcriptsSuite: Suite = (name, backend) =>
  describe(`${name}: transcripts`, () => {
    eachLeased(backend);

    test('a chain comes back from its root to its head, with every kind of message and odd text unchanged', async () => {
      const odd = 'nul \u0000, quote ", line\n, lone \ud800, "__proto__", emoji \u{1f600}';
      const rows = chainOf([
        { role: 'system', content: odd },
        { role: 'user', content: '' },
        { role: 'assistant', content: odd, toolCalls: [{ id: 'call 1', name: 'write_file', arguments: '{"path": not json' }] },
        { role: 'tool', toolCallId: 'call 1', toolName: 'write_file', content: odd },
      ]);
      await stores.transcripts.append(fence, rows);
      expect(await (await home.open()).transcripts.chain(fence.threadId, headOf(rows))).toEqual(rows);
    });

    test('a chain of one thread is none of another, even with the same content', async () => {
      const other = await leased(stores, threadOf(2));
      const rows = chainOf(says(3));
      await stores.transcripts.append(other, rows);
      expect(await stores.transcripts.chain(other.threadId, headOf(rows))).toEqual(rows);
      await expect(stores.transcripts.chain(fence.threadId, headOf(rows))).rejects.toEqual(tamperedAt(headOf(rows), 'is missing'));
    });

    test('a head that no row has is STATE_TAMPERED, also when its insertion was rolled back', async () => {
      const rows = chainOf(says(6));
      const far = chainOf(says(1), headOf(rows));
      await stores.transcripts.append(fence, rows);
      const stale = { ...fence, epoch: fence.epoch - 1 };
      await expect(stores.effects.finish(stale, 'effect', { result: '', rows: far })).rejects.toBeInstanceOf(FencedError);
      await expect(stores.transcripts.chain(fence.threadId, headOf(far))).rejects.toEqual(tamperedAt(headOf(far), 'is missing'));
      await stores.effects.start(fence, effectOf('effect'), {});
      await stores.effects.finish(fence, 'effect', { result: '', rows: far });
      expect(await stores.transcripts.chain(fence.threadId, headOf(far))).toEqual([...rows, ...far]);
    });
  });
