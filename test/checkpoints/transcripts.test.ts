/** Transcripts: chains named by their content; what is missing or changed is found at the first read, what was checked is cheap. */
import { describe, expect, test } from 'vitest';
import { FencedError, StopError } from '../../domain/errors.ts';
import type { TranscriptRow } from '../../domain/ports.ts';
import { eachLeased, fence, home, stores } from './each.ts';
import { chainOf, headOf, says } from './records.ts';

eachLeased();

const tamperedAt = (id: string, how: string) =>
  expect.objectContaining({ code: 'STATE_TAMPERED', message: `transcript of thread ${fence.threadId}: row ${id} ${how}` });

describe('a chain', () => {
  test('that was appended twice, or by two connections, is one chain', async () => {
    const rows = chainOf(says(5));
    await stores.transcripts.append(fence, rows);
    await (await home.open()).transcripts.append(fence, [...rows].reverse());
    expect(home.raw().prepare('SELECT COUNT(*) FROM transcripts').pluck().get()).toBe(5);
    expect(await stores.transcripts.chain(fence.threadId, headOf(rows))).toEqual(rows);
  });

  test('may fork: each head has its own past, and the past they share is stored once', async () => {
    const shared = chainOf(says(3));
    const left = chainOf(says(2, 'left'), headOf(shared));
    const right = chainOf(says(2, 'right'), headOf(shared), 'w1.1');
    await stores.transcripts.append(fence, [...shared, ...left, ...right]);
    expect(await stores.transcripts.chain(fence.threadId, headOf(left))).toEqual([...shared, ...left]);
    expect(await stores.transcripts.chain(fence.threadId, headOf(right))).toEqual([...shared, ...right]);
    expect(home.raw().prepare('SELECT COUNT(*) FROM transcripts').pluck().get()).toBe(7);
  });

  test('is written by the holder of the lease alone', async () => {
    const rows = chainOf(says(2));
    await stores.runs.release(fence);
    await stores.runs.acquire(fence.threadId);
    await expect(stores.transcripts.append(fence, rows)).rejects.toBeInstanceOf(FencedError);
    expect(home.raw().prepare('SELECT COUNT(*) FROM transcripts').pluck().get()).toBe(0);
  });
});

describe('at the first read of a process', () => {
  const rows = chainOf(says(6));
  const victim = rows[2] as TranscriptRow; // there are six
  const other = rows[4] as TranscriptRow; // there are six

  test.each<[string, string, string, TranscriptRow]>([
    ['deleted', `DELETE FROM transcripts WHERE id = '${victim.id}'`, 'is missing', victim],
    ['edited', `UPDATE transcripts SET message = replace(message, 'step 2', 'step 9') WHERE id = '${victim.id}'`, 'was changed', victim],
    ['given to another agent', `UPDATE transcripts SET agent = 'w1.1' WHERE id = '${victim.id}'`, 'was changed', victim],
    ['made a root, so that its past is gone', `UPDATE transcripts SET parent = NULL WHERE id = '${victim.id}'`, 'was changed', victim],
    ['tied to itself', `UPDATE transcripts SET parent = id WHERE id = '${victim.id}'`, 'was changed', victim],
    ['made no JSON', `UPDATE transcripts SET message = '{' WHERE id = '${victim.id}'`, 'was changed', victim],
    [
      'swapped with another',
      `UPDATE transcripts SET message = CASE id WHEN '${victim.id}' THEN '${JSON.stringify(other.message)}'
       ELSE '${JSON.stringify(victim.message)}' END WHERE id IN ('${victim.id}', '${other.id}')`,
      'was changed',
      other,
    ],
  ])('a row that was %s stops with STATE_TAMPERED and is named', async (_title, sql, how, named) => {
    await stores.transcripts.append(fence, rows);
    const raw = home.raw();
    expect(raw.exec(sql).prepare('SELECT changes()').pluck().get()).toBeGreaterThan(0);
    const late = await home.open();
    const error: unknown = await late.transcripts.chain(fence.threadId, headOf(rows)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StopError);
    expect(error).toEqual(tamperedAt(named.id, how));
    // What stands before the bad row, seen from the root, is still good.
    expect(await late.transcripts.chain(fence.threadId, rows[1]?.id ?? '')).toEqual(rows.slice(0, 2));
  });
});

describe('a long chain', () => {
  test('is checked once and then read without the database: 800 rows in a part of the first time', async () => {
    const rows = chainOf(says(800, 'x'.repeat(2000)));
    await stores.transcripts.append(fence, rows);
    const time = async (): Promise<number> => {
      const since = performance.now();
      expect((await stores.transcripts.chain(fence.threadId, headOf(rows))).length).toBe(800);
      return performance.now() - since;
    };
    const first = await time();
    const again = Math.min(await time(), await time(), await time(), await time(), await time());
    expect(again).toBeLessThan(first / 5);
    // Nothing is asked: the table is not even there.
    home.raw().exec('ALTER TABLE transcripts RENAME TO elsewhere');
    expect(await stores.transcripts.chain(fence.threadId, headOf(rows))).toEqual(rows);
  });

  test('longer than what a process keeps is read whole, and what was let go is checked again', async () => {
    const rows = chainOf(says(40, 'y'.repeat(1_000_000)));
    await stores.transcripts.append(fence, rows);
    expect(await stores.transcripts.chain(fence.threadId, headOf(rows))).toEqual(rows);
    home.raw().exec(`UPDATE transcripts SET message = replace(message, 'y 39', 'y 93') WHERE id = '${headOf(rows)}'`);
    await expect(stores.transcripts.chain(fence.threadId, headOf(rows))).rejects.toEqual(tamperedAt(headOf(rows), 'was changed'));
  });

  test('grows: the rows of the next step are read and checked, those before are not', async () => {
    const rows = chainOf(says(50));
    await stores.transcripts.append(fence, rows);
    await stores.transcripts.chain(fence.threadId, headOf(rows));
    const next = chainOf(says(1, 'next'), headOf(rows));
    await stores.transcripts.append(fence, next);
    home.raw().exec(`UPDATE transcripts SET message = '{}' WHERE id = '${headOf(next)}'`);
    await expect(stores.transcripts.chain(fence.threadId, headOf(next))).rejects.toEqual(tamperedAt(headOf(next), 'was changed'));
    expect(await stores.transcripts.chain(fence.threadId, headOf(rows))).toEqual(rows);
  });
});
