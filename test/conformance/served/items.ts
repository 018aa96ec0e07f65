/** Items of the store: whose they are, which a search finds, how long they live, and what a listing of namespaces costs. */
import { beforeEach, describe, expect, test } from 'vitest';
import { many } from '../../../checkpoints/sql/transaction.ts';
import type { Items } from '../../../domain/items.ts';
import type { Json, Scope } from '../../../domain/served.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const ADA: Scope = { tenant: 'ada' };
const BOB: Scope = { tenant: 'bob' };

export const itemsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: items`, () => {
    eachOpen(backend);
    let items: Items;
    beforeEach(() => {
      items = stores.served.items;
    });

    const put = (path: string, key: string, value: Json = {}, ttlMinutes?: number) =>
      items.put(ADA, { namespace: path.split('.'), key, value, ttlMinutes });
    const page = { limit: 100, offset: 0 };
    const keysOf = async (path: string, more: Partial<Parameters<Items['search']>[1]> = {}, scope = ADA): Promise<string[]> =>
      (await items.search(scope, { namespacePrefix: path === '' ? [] : path.split('.'), ...page, ...more })).map((item) => item.key);
    const pathsOf = async (more: Partial<Parameters<Items['namespaces']>[1]> = {}, scope = ADA): Promise<string[]> =>
      (await items.namespaces(scope, { ...page, ...more })).map((labels) => labels.join('.'));
    const invalid = (text: string) => ({ name: 'ServedError', kind: 'invalid', message: expect.stringContaining(text) });

    describe('one item', () => {
      test('is read as it was put; a second put keeps its birth and changes its value', async () => {
        await put('users.ada', 'prefs', { theme: 'dark', deep: { list: [1, null, 'é'] } });
        place.clock.ms += 1000;
        const first = await items.get(ADA, ['users', 'ada'], 'prefs');
        expect(first).toEqual({
          namespace: ['users', 'ada'],
          key: 'prefs',
          value: { theme: 'dark', deep: { list: [1, null, 'é'] } },
          createdAt: '2026-01-01T00:00:00.000Z',
          updatedAt: '2026-01-01T00:00:00.000Z',
        });
        await put('users.ada', 'prefs', { theme: 'light' });
        expect(await items.get(ADA, ['users', 'ada'], 'prefs')).toEqual({
          ...first,
          value: { theme: 'light' },
          updatedAt: '2026-01-01T00:00:01.000Z',
        });
      });

      test('is another tenant’s alone: the same namespace and key hold another item there', async () => {
        await put('users', 'k', { of: 'ada' });
        await items.put(BOB, { namespace: ['users'], key: 'k', value: { of: 'bob' } });
        await items.delete(BOB, ['users'], 'k');
        expect(await items.get(BOB, ['users'], 'k')).toBeUndefined();
        expect((await items.get(ADA, ['users'], 'k'))?.value).toEqual({ of: 'ada' });
        expect([await keysOf('', {}, BOB), await pathsOf({}, BOB)]).toEqual([[], []]);
      });

      test('that is not there is deleted without an error', async () => {
        await items.delete(ADA, ['users'], 'k');
        await items.delete(ADA, [], 'k');
        expect(await items.get(ADA, [], 'k')).toBeUndefined();
      });

      test.each([
        [['a.b'], 'without'],
        [['a', ''], 'not empty'],
        [['\ud800'], 'a label is text'],
        [[], 'at least one label'],
        [['langgraph', 'x'], 'reserved'],
      ])('is refused under %j', async (namespace, text) => {
        await expect(items.put(ADA, { namespace, key: 'k', value: {} })).rejects.toMatchObject(invalid(text));
      });

      test('with a wrong label is refused on reading and deleting too: a.b must not be read as a, b', async () => {
        await put('a.b', 'k');
        await expect(items.get(ADA, ['a.b'], 'k')).rejects.toMatchObject(invalid('["a.b"]'));
        await expect(items.delete(ADA, ['a.b'], 'k')).rejects.toMatchObject(invalid('["a.b"]'));
        await expect(keysOf('', { namespacePrefix: ['a.b'] })).rejects.toMatchObject(invalid('["a.b"]'));
        await expect(pathsOf({ prefix: ['a.b'] })).rejects.toMatchObject(invalid('["a.b"]'));
        await expect(pathsOf({ suffix: [''] })).rejects.toMatchObject(invalid('[""]'));
      });

      test('must be a JSON object with a whole key', async () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        for (const value of [circle, { big: 1n }]) await expect(put('a', 'k', value)).rejects.toMatchObject(invalid('must be JSON'));
        for (const value of [['list'], 'text', new Date(0)])
          await expect(put('a', 'k', value as unknown as Json)).rejects.toMatchObject(invalid('must be an object')); // what the port forbids
        await expect(put('a', '\udc00')).rejects.toMatchObject(invalid('whole Unicode'));
        expect(await keysOf('')).toEqual([]);
      });

      test('writes are all or nothing', async () => {
        await put('a', 'old');
        const writes = [
          { namespace: ['a'], key: 'new', value: {} },
          { namespace: ['a'], key: 'old', value: null },
          { namespace: ['a.b'], key: 'bad', value: {} },
        ];
        await expect(items.write(ADA, writes)).rejects.toMatchObject(invalid('a.b'));
        expect(await keysOf('a')).toEqual(['old']);
        await items.write(ADA, writes.slice(0, 2));
        expect(await keysOf('a')).toEqual(['new']);
      });
    });

    describe('a search', () => {
      test('takes a namespace and those below it, not those that begin alike', async () => {
        for (const path of ['al', 'al.x', 'al.x.y', 'al-1', 'al!', 'al/1', 'alice', 'al.x-1', 'b', 'al.é.😀']) await put(path, path);
        expect((await keysOf('al')).toSorted()).toEqual(['al', 'al.x', 'al.x-1', 'al.x.y', 'al.é.😀']);
        expect((await keysOf('al.x')).toSorted()).toEqual(['al.x', 'al.x.y']);
        expect(await keysOf('al.é')).toEqual(['al.é.😀']);
        expect(await keysOf('')).toHaveLength(10);
        expect(await keysOf('*')).toEqual([]);
      });

      test('gives the newest update first, in pages that neither repeat nor miss', async () => {
        for (let number = 0; number < 10; number += 1) {
          if (number % 2 === 0) place.clock.ms += 1;
          await put('n', `k${number}`, { odd: number % 2 === 1 });
        }
        await put('n', 'k0', { odd: false });
        expect(await keysOf('n', { limit: 3 })).toEqual(['k0', 'k8', 'k9']);
        const pages = await Promise.all([0, 4, 8].map((offset) => keysOf('n', { limit: 4, offset })));
        expect(pages.flat()).toEqual(await keysOf('n'));
        expect(await keysOf('n', { filter: { odd: true }, limit: 2, offset: 1 })).toEqual(['k7', 'k5']);
        expect(await keysOf('n', { limit: 0 })).toEqual([]);
      });

      test('through very many items misses none, and lets others work in between', async () => {
        const many = Array.from({ length: 4000 }, (_, number) => ({
          namespace: number % 2 === 0 ? ['m'] : ['m', `below ${number}`],
          key: `k${number}`,
          value: { number },
        }));
        await items.write(ADA, [...many, { namespace: ['m-1'], key: 'beside', value: {} }]);
        let turns = 0;
        const turn = setInterval(() => {
          turns += 1;
        }, 0);
        const numbers = (await items.search(ADA, { namespacePrefix: ['m'], limit: 5000, offset: 0 })).map((item) => item.value['number']);
        clearInterval(turn);
        expect(numbers.toSorted((a, b) => Number(a) - Number(b))).toEqual(many.map((item) => item.value.number));
        expect(turns).toBeGreaterThan(0);
        expect(await keysOf('m', { filter: { number: 3999 } })).toEqual(['k3999']);
      });

      test.each<[string, Json, string[]]>([
        ['equal words', { color: 'red' }, ['a']],
        ['equal numbers, not their text', { size: '1' }, []],
        ['null is not absent', { none: null }, ['a']],
        ['objects by their content', { deep: { x: [1] } }, ['b']],
        ['all of several members', { color: 'blue', size: 2 }, ['b']],
        ['$eq', { size: { $eq: 2 } }, ['b']],
        ['$ne, also of what is absent', { color: { $ne: 'red' } }, ['b', 'c']],
        ['$gt and $lt together', { size: { $gt: 1, $lt: 3 } }, ['b']],
        ['$gte', { size: { $gte: 2 } }, ['b', 'c']],
        ['$lte, never of what is absent', { missing: { $lte: 5 } }, []],
        ['$in', { color: { $in: ['red', 'blue'] } }, ['a', 'b']],
        ['$nin', { color: { $nin: ['red', 'blue'] } }, ['c']],
        ['a member whose name has a dot', { 'x.y': 1 }, ['c']],
        ['nothing of the prototype', { toString: { $ne: 1 }, constructor: 'x' }, []],
      ])('filters by %s', async (_name, filter, keys) => {
        await put('n', 'a', { color: 'red', size: 1, none: null });
        await put('n', 'b', { color: 'blue', size: 2, deep: { x: [1] } });
        await put('n', 'c', { size: 3, 'x.y': 1 });
        expect((await keysOf('n', { filter })).toSorted()).toEqual(keys);
      });

      test('names an operator that does not exist', async () => {
        await expect(keysOf('n', { filter: { size: { $gt: 1, $regex: 'x' } } })).rejects.toMatchObject(invalid('filter.size: $regex'));
      });

      test('finds words of the text, in any case and any member, with what the filter says', async () => {
        await put('n', 'a', { text: 'Likes ÄPFEL and tea', year: 2024 });
        await put('n', 'b', { notes: ['likes', { more: 'Tea' }] });
        expect((await keysOf('n', { query: 'TEA likes' })).toSorted()).toEqual(['a', 'b']);
        expect(await keysOf('n', { query: 'äpfel 2024' })).toEqual(['a']);
        expect(await keysOf('n', { query: 'notes' })).toEqual([]);
        expect(await keysOf('n', { query: 'tea', filter: { year: 2024 } })).toEqual(['a']);
        expect(await keysOf('n', { query: '  ' })).toHaveLength(2);
        await put('n', 'long', { list: Array.from({ length: 200_000 }, () => 'x'), last: 'needle' });
        expect(await keysOf('n', { query: 'needle' })).toEqual(['long']);
      });
    });

    describe('a custom auth handler’s filters', () => {
      const mine: Scope = { tenant: 'ada', filters: { owner: 'me' } };
      beforeEach(async () => {
        await put('shared', 'mine', { owner: 'me' });
        await put('shared', 'other', { owner: 'you' });
        await put('shared', 'nobody', {});
      });

      test('hide items from reading and searching', async () => {
        expect(await keysOf('shared', {}, mine)).toEqual(['mine']);
        expect(await items.get(mine, ['shared'], 'other')).toBeUndefined();
        expect(await items.get(mine, ['shared'], 'mine')).toBeDefined();
      });

      test('refuse to replace or delete what they hide', async () => {
        const missing = { name: 'ServedError', kind: 'missing' };
        for (const key of ['other', 'nobody']) {
          await expect(items.delete(mine, ['shared'], key)).rejects.toMatchObject(missing);
          await expect(items.put(mine, { namespace: ['shared'], key, value: { owner: 'me' } })).rejects.toMatchObject(missing);
        }
        await items.delete(mine, ['shared'], 'mine');
        expect((await keysOf('shared')).toSorted()).toEqual(['nobody', 'other']);
      });

      test('look at the namespace of an item, which no value can pretend', async () => {
        const scope: Scope = { tenant: 'ada', filters: { namespace: { $contains: 'team' } } };
        await put('team.x', 'k');
        await put('else', 'liar', { namespace: ['team'] });
        expect(await keysOf('', {}, scope)).toEqual(['k']);
        expect(await pathsOf({}, scope)).toEqual(['team.x']);
        expect(await pathsOf({}, mine)).toEqual([]);
      });
    });

    describe('time to live', () => {
      test('an item is gone at its minute, before anything has deleted it, and is born anew by a put', async () => {
        await put('a', 'k', { v: 1 }, 1);
        place.clock.ms += 60_000;
        expect(await items.get(ADA, ['a'], 'k')).toBeUndefined();
        expect([await keysOf(''), await pathsOf()]).toEqual([[], []]);
        await put('a', 'k', { v: 2 });
        expect((await items.get(ADA, ['a'], 'k'))?.createdAt).toBe('2026-01-01T00:01:00.000Z');
        place.clock.ms += 1e9;
        expect(await keysOf('')).toEqual(['k']);
      });

      test('reading and finding begin it again, unless asked not to; a part of a minute counts', async () => {
        await put('a', 'read', {}, 1.5);
        await put('a', 'found', { here: true }, 1.5);
        await put('a', 'left', {}, 1.5);
        place.clock.ms += 89_000;
        await items.get(ADA, ['a'], 'read');
        await items.get(ADA, ['a'], 'left', false);
        await keysOf('a', { filter: { here: true } });
        await keysOf('a', { refreshTtl: false });
        place.clock.ms += 1000;
        expect((await keysOf('a', { refreshTtl: false })).toSorted()).toEqual(['found', 'read']);
      });

      test('expire deletes the overdue, at most so many, the oldest first', async () => {
        for (const [key, ttl] of Object.entries({ a: 3, b: 1, c: 2, d: 60 })) await put('n', key, {}, ttl);
        await put('n', 'e');
        place.clock.ms += 600_000;
        expect(await items.expire(2)).toBe(2);
        const left = await stores.sql.read(() => many<{ key: string }>('SELECT key FROM items ORDER BY key'));
        expect(left.map((row) => row.key)).toEqual(['a', 'd', 'e']);
        expect([await items.expire(10), await items.expire(10)]).toEqual([1, 0]);
      });

      test.each([0, -1, Number.NaN, 1e9])('of %d minutes is refused', async (ttl) => {
        await expect(put('a', 'k', {}, ttl)).rejects.toMatchObject(invalid('ttl'));
      });
    });

    describe('a listing of namespaces', () => {
      beforeEach(async () => {
        for (const path of [
          'users.ada.memories',
          'users.ada.prefs',
          'users.bob.memories',
          'users',
          'users-1',
          'docs.v1',
          'docs.v2',
          'docs.old.v1',
        ])
          await put(path, 'k');
      });

      test.each<[string, Partial<Parameters<Items['namespaces']>[1]>, string[]]>([
        ['prefix', { prefix: ['users'] }, ['users', 'users.ada.memories', 'users.ada.prefs', 'users.bob.memories']],
        ['suffix', { suffix: ['v1'] }, ['docs.old.v1', 'docs.v1']],
        ['prefix with a wildcard', { prefix: ['users', '*', 'memories'] }, ['users.ada.memories', 'users.bob.memories']],
        [
          'prefix of wildcards',
          { prefix: ['*', '*', '*'] },
          ['docs.old.v1', 'users.ada.memories', 'users.ada.prefs', 'users.bob.memories'],
        ],
        ['suffix with a wildcard', { suffix: ['ada', '*'] }, ['users.ada.memories', 'users.ada.prefs']],
        ['prefix and suffix', { prefix: ['docs'], suffix: ['v1'] }, ['docs.old.v1', 'docs.v1']],
        ['depth', { maxDepth: 1 }, ['docs', 'users', 'users-1']],
        ['depth below a prefix', { prefix: ['users'], maxDepth: 2 }, ['users', 'users.ada', 'users.bob']],
        ['depth above the prefix', { prefix: ['users', 'ada'], maxDepth: 1 }, ['users']],
        ['depth with a suffix that is cut off', { suffix: ['memories'], maxDepth: 2 }, ['users.ada', 'users.bob']],
        ['a page', { limit: 2, offset: 1 }, ['docs.v1', 'docs.v2']],
        ['a page of a depth', { maxDepth: 1, limit: 1, offset: 1 }, ['users']],
        ['nothing', { prefix: ['nobody'] }, []],
      ])('by %s', async (_name, options, paths) => {
        const found = await pathsOf(options);
        expect(found.toSorted()).toEqual(paths);
        expect(new Set(found).size).toBe(found.length);
      });

      test('forgets a namespace with its last item', async () => {
        await items.delete(ADA, ['users-1'], 'k');
        expect(await pathsOf({ maxDepth: 1 })).toEqual(['docs', 'users']);
      });
    });
  });
