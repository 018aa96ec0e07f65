/** Kept answers: one request of many begins, the others wait, replay or are refused; a dead beginner holds nobody up. */
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../checkpoints/sql/transaction.ts';
import type { Idempotency } from '../../../domain/idempotency.ts';
import type { LeaseOwner } from '../../../domain/ports.ts';
import { START_MS } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

export const idempotencySuite: ServedSuite = (name, backend) =>
  describe(`${name}: kept answers`, () => {
    eachOpen(backend);
    let kept: Idempotency;
    beforeEach(() => {
      kept = stores.served.idempotency;
    });

    const ANSWER = { status: 201, headers: { 'content-type': 'application/json' }, body: '{"a":"\u0000é"}' };

    test('one begins, the same waits, another request is refused, and the answer is kept for the same', async () => {
      expect(await kept.begin('a', 'k', 'h')).toBe('begun');
      expect(await kept.begin('a', 'k', 'h')).toBe('busy');
      expect(await kept.begin('a', 'k', 'other')).toBe('differs');
      expect(await kept.begin('b', 'k', 'other')).toBe('begun');
      await kept.keep('a', 'k', ANSWER);
      expect(await kept.begin('a', 'k', 'h')).toEqual(ANSWER);
      expect(await kept.begin('a', 'k', 'other')).toBe('differs');
    });

    test('another process sees what the first has begun and kept', async () => {
      await kept.begin('a', 'k', 'h');
      const theirs = (await place.open()).served.idempotency;
      expect(await theirs.begin('a', 'k', 'h')).toBe('busy');
      await kept.keep('a', 'k', ANSWER);
      expect(await theirs.begin('a', 'k', 'h')).toEqual(ANSWER);
    });

    test('a dropped key is free for any request; a kept answer is never dropped or replaced', async () => {
      await kept.begin('a', 'k', 'h');
      await kept.drop('a', 'k');
      expect(await kept.begin('a', 'k', 'other')).toBe('begun');
      await kept.keep('a', 'k', ANSWER);
      await kept.drop('a', 'k');
      await kept.keep('a', 'k', { ...ANSWER, status: 500 });
      expect(await kept.begin('a', 'k', 'other')).toEqual(ANSWER);
    });

    test('what began a minute ago and kept nothing is begun again by the same request, once', async () => {
      await kept.begin('a', 'k', 'h');
      place.clock.ms += 59_999;
      expect(await kept.begin('a', 'k', 'h')).toBe('busy');
      place.clock.ms += 1;
      expect(await kept.begin('a', 'k', 'other')).toBe('differs');
      expect(await kept.begin('a', 'k', 'h')).toBe('begun');
      expect(await kept.begin('a', 'k', 'h')).toBe('busy');
    });

    test('what a process began that is dead is begun again at once; what one of another host began, after its minute', async () => {
      const { pid } = spawnSync('true');
      const owned = async (owner: LeaseOwner) => stores.sql.write(() => run('UPDATE idempotency SET owner = $1', [JSON.stringify(owner)]));
      await kept.begin('a', 'k', 'h');
      await owned({ host: hostname(), pid, startTicks: 1 });
      expect(await kept.begin('a', 'k', 'h')).toBe('begun');
      expect(await kept.begin('a', 'k', 'h')).toBe('busy');
      await owned({ host: 'elsewhere', pid, startTicks: 1 });
      expect(await kept.begin('a', 'k', 'h')).toBe('busy');
    });

    test('prunes the oldest, at most as many as it may', async () => {
      for (const key of ['1', '2', '3']) {
        await kept.begin('a', key, 'h');
        await kept.keep('a', key, ANSWER);
        place.clock.ms += 1000;
      }
      const before = new Date(START_MS + 2000).toISOString();
      expect(await kept.prune(before, 1)).toBe(1);
      expect(await kept.begin('a', '1', 'h')).toBe('begun');
      expect(await kept.prune(before, 10)).toBe(1);
      expect(await kept.begin('a', '3', 'h')).toEqual(ANSWER);
    });
  });
