/** Every route of the store. */
import type { Scenario } from './scenario.ts';

export const STORE: readonly Scenario[] = [
  {
    name: 'store',
    async run(wire) {
      const put = (label: string, body: Record<string, unknown>) => wire.send(label, 'PUT', '/store/items', { body });
      await put('put', { namespace: ['shop', 'fruit'], key: 'apple', value: { colour: 'red', price: 3 } });
      await new Promise((wake) => setTimeout(wake, 5));
      await put('put another', { namespace: ['shop', 'fruit'], key: 'pear', value: { colour: 'green', price: 5 } });
      await new Promise((wake) => setTimeout(wake, 5));
      await put('put deeper', { namespace: ['shop', 'fruit', 'dried'], key: 'date', value: { colour: 'brown', price: 9 } });
      await put('label with a dot', { namespace: ['a.b'], key: 'k', value: {} });
      await put('empty label', { namespace: ['a', ''], key: 'k', value: {} });
      await put('empty namespace', { namespace: [], key: 'k', value: {} });
      await put('value is no object', { namespace: ['a'], key: 'k', value: 7 });
      await put('no key', { namespace: ['a'], value: {} });
      await put('unknown field', { namespace: ['elsewhere', 'odd'], key: 'k', value: {}, colour: 'red' });
      await wire.send('get', 'GET', '/store/items?namespace=shop.fruit&key=apple');
      await wire.send('get a missing one', 'GET', '/store/items?namespace=shop.fruit&key=fig');
      await wire.send('get without a key', 'GET', '/store/items?namespace=shop.fruit');
      const search = (label: string, body: Record<string, unknown>) =>
        wire.send(label, 'POST', '/store/items/search', {
          body,
          pick: (value) => {
            const { items } = Object(value);
            return Array.isArray(items)
              ? items.map((one) => ({ ...Object(one) })).toSorted((a, b) => (String(a.key) < String(b.key) ? -1 : 1))
              : value;
          },
        });
      await search('search', { namespace_prefix: ['shop'] });
      await search('search by value', { namespace_prefix: ['shop'], filter: { colour: 'green' } });
      await search('search by comparison', { namespace_prefix: ['shop'], filter: { price: { $gt: 3 } } });
      await search('search deeper', { namespace_prefix: ['shop', 'fruit', 'dried'] });
      await search('search elsewhere', { namespace_prefix: ['nowhere'] });
      await wire.send('search in pages', 'POST', '/store/items/search', {
        body: { namespace_prefix: ['shop', 'fruit'], limit: 1, offset: 1 },
        pick: (value) => Object(value).items?.length,
      });
      await search('search with an unknown operator', { namespace_prefix: ['shop'], filter: { price: { $near: 3 } } });
      await search('search without a prefix', {});
      const namespaces = (label: string, body: Record<string, unknown>) =>
        wire.send(label, 'POST', '/store/namespaces', {
          body,
          pick: (value) => {
            const { namespaces: found } = Object(value);
            return Array.isArray(found) ? found.map(String).toSorted() : value;
          },
        });
      await namespaces('namespaces', { prefix: ['shop'] });
      await namespaces('namespaces to a depth', { prefix: ['shop'], max_depth: 2 });
      await namespaces('namespaces by suffix', { suffix: ['dried'] });
      await namespaces('namespaces in pages', { prefix: ['shop'], limit: 1, offset: 0 });
      await put('put again', { namespace: ['shop', 'fruit'], key: 'apple', value: { colour: 'yellow' } });
      await wire.send('get again', 'GET', '/store/items?namespace=shop.fruit&key=apple');
      await wire.send('delete', 'DELETE', '/store/items', { body: { namespace: ['shop', 'fruit'], key: 'apple' } });
      await wire.send('delete again', 'DELETE', '/store/items', { body: { namespace: ['shop', 'fruit'], key: 'apple' } });
      await wire.send('get after delete', 'GET', '/store/items?namespace=shop.fruit&key=apple');
    },
  },
];
