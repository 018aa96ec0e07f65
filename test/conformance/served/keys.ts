/** The rows of API keys: made, found, listed, revoked once. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Keys } from '../../../domain/keys.ts';
import { START_MS } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

export const keysSuite: ServedSuite = (name, backend) =>
  describe(`${name}: keys`, () => {
    eachOpen(backend);
    let keys: Keys;
    beforeEach(() => {
      keys = stores.served.keys;
    });

    const keyOf = (id: string) => ({
      id,
      hash: 'a'.repeat(64),
      name: `key ${id}`,
      tenant: 'default',
      owner: 'local:ada',
      roles: ['viewer', 'operator'],
      graphs: ['agent'],
      expiresAt: '2026-02-01T00:00:00.000Z',
    });

    test('a key is found as it was made, by another connection too', async () => {
      const made = await keys.create(keyOf('one'));
      expect(made).toEqual({ ...keyOf('one'), createdAt: new Date(START_MS).toISOString(), revokedAt: null });
      expect(await (await place.open()).served.keys.get('one')).toEqual(made);
    });

    test('a key for all graphs and for ever keeps both as null', async () => {
      await keys.create({ ...keyOf('one'), graphs: null, expiresAt: null });
      expect(await keys.get('one')).toMatchObject({ graphs: null, expiresAt: null });
    });

    test('an unknown key is undefined, and an id is used once', async () => {
      expect(await keys.get('nobody')).toBeUndefined();
      await keys.create(keyOf('one'));
      await expect(keys.create(keyOf('one'))).rejects.toMatchObject({ name: 'ServedError', kind: 'conflict' });
    });

    test('the list is in the order of making', async () => {
      await keys.create(keyOf('b'));
      place.clock.ms += 1000;
      await keys.create(keyOf('a'));
      expect((await keys.list()).map((key) => key.id)).toEqual(['b', 'a']);
    });

    test('a revoked key keeps the time of its first revocation; an unknown one is missing', async () => {
      await keys.create(keyOf('one'));
      const { revokedAt } = await keys.revoke('one');
      expect(revokedAt).toBe(new Date(START_MS).toISOString());
      place.clock.ms += 60_000;
      expect((await keys.revoke('one')).revokedAt).toBe(revokedAt);
      await expect(keys.revoke('two')).rejects.toMatchObject({ kind: 'missing' });
    });
  });
