/** Assistants: whose they are, what is found, and their versions. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VERSIONS_CAP } from '../../../checkpoints/served/assistants/save-assistant.ts';
import { one, run } from '../../../checkpoints/sql/transaction.ts';
import type { AssistantRow, Assistants, Paging, Scope } from '../../../domain/served.ts';
import { threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const US: Scope = { tenant: 'default' };
const ACME: Scope = { tenant: 'acme' };
const SYSTEM = threadOf(900);
const PAGE: Paging = { limit: 10, offset: 0 };

export const assistantsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: assistants`, () => {
    eachOpen(backend);
    let assistants: Assistants;
    beforeEach(async () => {
      assistants = stores.served.assistants;
      await assistants.seed([{ assistantId: SYSTEM, graphId: 'agent', description: 'The agent' }]);
    });

    function create(number: number, more: Partial<AssistantRow> = {}, scope = US, ifExists: 'raise' | 'do_nothing' = 'raise') {
      place.clock.ms += 1000;
      const row = { graphId: 'agent', name: `Number ${number}`, description: null, config: {}, context: {}, metadata: {} };
      return assistants.create(scope, { ...row, assistantId: threadOf(number), ...more }, ifExists);
    }
    const found = async (scope: Scope, filter: Parameters<Assistants['search']>[1], paging = PAGE) =>
      (await assistants.search(scope, filter, paging)).rows.map((row) => row.name);

    test('the system assistants are made once, stay when their graph goes, and follow its description until somebody changes them', async () => {
      const first = await assistants.get(US, SYSTEM);
      expect(first).toMatchObject({ tenant: null, graphId: 'agent', name: 'agent', version: 1, metadata: { created_by: 'system' } });
      place.clock.ms += 1000;
      await assistants.seed([{ assistantId: SYSTEM, graphId: 'agent', description: 'The agent' }]);
      expect(await assistants.get(US, SYSTEM)).toEqual(first);
      await assistants.seed([{ assistantId: SYSTEM, graphId: 'agent', description: 'New words' }]);
      expect(await assistants.get(US, SYSTEM)).toMatchObject({ description: 'New words', createdAt: first?.createdAt });
      const config = { configurable: { model: 'new' } };
      await assistants.seed([{ assistantId: SYSTEM, graphId: 'agent', description: 'New words', config, context: { a: 1 } }]);
      expect(await assistants.get(US, SYSTEM)).toMatchObject({ version: 1, config, context: { a: 1 } });
      expect(await assistants.setLatest(US, SYSTEM, 1)).toMatchObject({ description: 'New words', config, context: { a: 1 } });
      await assistants.patch(US, SYSTEM, { description: 'Mine' });
      await assistants.seed([{ assistantId: SYSTEM, graphId: 'agent' }]);
      expect(await assistants.get(US, SYSTEM)).toMatchObject({ description: 'Mine', version: 2 });
      await assistants.seed([]);
      expect(await assistants.get(US, SYSTEM)).toBeDefined();
    });

    test('every tenant sees the system assistants and its own, and no other; an id is taken for all', async () => {
      await create(1);
      await create(2, {}, ACME);
      expect(await found(US, {})).toEqual(['Number 1', 'agent']);
      expect(await found(ACME, {})).toEqual(['Number 2', 'agent']);
      expect(await assistants.get(ACME, threadOf(1))).toBeUndefined();
      await expect(assistants.patch(ACME, threadOf(1), { name: 'x' })).rejects.toMatchObject({ kind: 'missing' });
      await expect(assistants.delete(ACME, threadOf(1))).rejects.toMatchObject({ kind: 'missing' });
      await expect(assistants.versions(ACME, threadOf(1), PAGE)).rejects.toMatchObject({ kind: 'missing' });
      await expect(assistants.setLatest(ACME, threadOf(1), 1)).rejects.toMatchObject({ kind: 'missing' });
      await expect(create(1, {}, ACME, 'do_nothing')).rejects.toMatchObject({ kind: 'conflict' });
    });

    test('a second one with the same id is a conflict, or the first one where nothing shall be done', async () => {
      const first = await create(1, { metadata: { a: 1 } });
      await expect(create(1)).rejects.toMatchObject({ kind: 'conflict' });
      expect(await create(1, { name: 'Other' }, US, 'do_nothing')).toEqual(first);
    });

    test('the system assistants are changed by the operator only, keep their graph, and are never deleted', async () => {
      await expect(assistants.patch(ACME, SYSTEM, { config: {} })).rejects.toMatchObject({ kind: 'conflict' });
      await expect(assistants.setLatest(ACME, SYSTEM, 1)).rejects.toMatchObject({ kind: 'conflict' });
      await expect(assistants.patch({ ...US, filters: { owner: 'ada' } }, SYSTEM, { config: {} })).rejects.toMatchObject({
        kind: 'conflict',
      });
      await expect(assistants.patch(US, SYSTEM, { graphId: 'other' })).rejects.toMatchObject({ kind: 'conflict' });
      await expect(assistants.delete(US, SYSTEM)).rejects.toMatchObject({ kind: 'conflict' });
      expect(await assistants.patch(US, SYSTEM, { config: { recursion_limit: 5 } })).toMatchObject({
        version: 2,
        config: { recursion_limit: 5 },
      });
    });

    test('what an auth handler filters out does not exist; the system assistants do', async () => {
      const ada: Scope = { tenant: 'default', filters: { owner: 'ada' } };
      await create(1, { metadata: { owner: 'ada' } });
      await create(2, { metadata: { owner: 'bob' } });
      await create(3);
      expect(await found(ada, {})).toEqual(['Number 1', 'agent']);
      expect(await assistants.count(ada, {})).toBe(2);
      expect(await assistants.get(ada, threadOf(3))).toBeUndefined();
      await expect(assistants.delete(ada, threadOf(2))).rejects.toMatchObject({ kind: 'missing' });
      await expect(create(2, {}, ada, 'do_nothing')).rejects.toMatchObject({ kind: 'conflict' });
    });

    test('a search finds by graph, part of the name in any case, and part of the metadata', async () => {
      await create(1, { graphId: 'other', name: 'Große Ärztin' });
      await create(2, { name: '100%_sure', metadata: { tags: ['a', 'b'], deep: { x: 1, y: 2 } } });
      expect(await found(US, { graphId: 'other' })).toEqual(['Große Ärztin']);
      expect(await found(US, { graphIds: ['other', 'none'] })).toEqual(['Große Ärztin']);
      expect(await found(US, { graphIds: [] })).toEqual([]);
      expect(await found(US, { name: 'ÄRZ' })).toEqual(['Große Ärztin']);
      expect(await found(US, { name: '%_S' })).toEqual(['100%_sure']);
      expect(await found(US, { metadata: { tags: ['b'], deep: { y: 2 } } })).toEqual(['100%_sure']);
      expect(await found(US, { metadata: { tags: ['c'] } })).toEqual([]);
      expect(await found(US, { metadata: { created_by: 'system' } })).toEqual(['agent']);
      expect(await assistants.count(US, { name: 'Ä' })).toBe(1);
    });

    test('pages follow each other to the end, in the order that was asked for', async () => {
      for (const number of [3, 1, 2]) await create(number);
      expect(await found(US, {})).toEqual(['Number 2', 'Number 1', 'Number 3', 'agent']);
      expect(await found(US, {}, { ...PAGE, sortBy: 'name', sortOrder: 'asc' })).toEqual(['Number 1', 'Number 2', 'Number 3', 'agent']);
      expect(await assistants.search(US, {}, { limit: 3, offset: 0 })).toMatchObject({ total: 4, next: 3 });
      expect(await assistants.search(US, {}, { limit: 3, offset: 3 })).toMatchObject({ total: 4, next: null, rows: [{ name: 'agent' }] });
      expect(await assistants.search(US, {}, { limit: 4, offset: 0 })).toMatchObject({ next: null });
      await expect(assistants.search(US, {}, { ...PAGE, sortBy: 'config; DROP TABLE assistants' })).rejects.toMatchObject({
        kind: 'invalid',
      });
    });

    describe('versions', () => {
      test('each patch is one: metadata is merged, the rest replaced, what is not named stays', async () => {
        const first = await create(1, { metadata: { a: 1, b: 1 }, config: { configurable: { x: 1 } }, context: { c: 1 } });
        place.clock.ms += 1000;
        const second = await assistants.patch(US, threadOf(1), { metadata: { b: 2 }, config: { tags: ['t'] }, context: null, name: 'New' });
        expect(second).toEqual({
          ...first,
          metadata: { a: 1, b: 2 },
          config: { tags: ['t'] },
          context: null,
          name: 'New',
          version: 2,
          updatedAt: new Date(place.clock.ms).toISOString(),
        });
        expect(await assistants.get(US, threadOf(1))).toEqual(second);
        expect((await assistants.versions(US, threadOf(1), PAGE)).map((row) => [row.version, row.name])).toEqual([
          [2, 'New'],
          [1, 'Number 1'],
        ]);
        expect(await assistants.versions(US, threadOf(1), { limit: 1, offset: 1 })).toMatchObject([{ version: 1 }]);
        expect(await assistants.versions(US, threadOf(1), { ...PAGE, metadata: { b: 2 } })).toMatchObject([{ version: 2 }]);
      });

      test('an earlier one becomes the current one whole; the next patch begins from it with a new number', async () => {
        const first = await create(1, { description: 'one' });
        await assistants.patch(US, threadOf(1), { graphId: 'other', name: 'Two', description: 'two', config: { a: 1 }, context: { b: 1 } });
        place.clock.ms += 1000;
        expect(await assistants.setLatest(US, threadOf(1), 1)).toEqual({ ...first, updatedAt: new Date(place.clock.ms).toISOString() });
        expect(await assistants.patch(US, threadOf(1), { metadata: { a: 1 } })).toMatchObject({
          version: 3,
          graphId: 'agent',
          description: 'one',
        });
        await expect(assistants.setLatest(US, threadOf(1), 9)).rejects.toMatchObject({
          kind: 'missing',
          message: `assistant ${threadOf(1)}: has no version 9`,
        });
      });

      test('they go with their assistant, and the oldest go when there are too many', async () => {
        await create(1);
        // As many as there may be, without a thousand durable writes.
        await stores.sql.write(function* () {
          for (let version = 2; version <= VERSIONS_CAP; version += 1)
            yield* run(
              `INSERT INTO assistant_versions (assistant_id, version, graph_id, name, config, metadata, created_at)
           SELECT assistant_id, $1, graph_id, name, config, metadata, created_at FROM assistant_versions WHERE assistant_id = $2 AND version = 1`,
              [version, threadOf(1)],
            );
        });
        await assistants.patch(US, threadOf(1), { name: 'One more' });
        const rows = await assistants.versions(US, threadOf(1), { limit: 1, offset: VERSIONS_CAP - 1 });
        expect(rows).toMatchObject([{ version: 2 }]);
        expect(await assistants.versions(US, threadOf(1), { limit: 1, offset: VERSIONS_CAP })).toEqual([]);
        await assistants.delete(US, threadOf(1));
        expect(
          await stores.sql.read(() => one('SELECT COUNT(*) AS n FROM assistant_versions WHERE assistant_id = $1', [threadOf(1)])),
        ).toEqual({ n: 0 });
      });
    });
  });
