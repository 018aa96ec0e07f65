import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShop } from '../src/shop.js';

const products = [
  { id: 'tea', name: 'Tea', cents: 300, stock: 5 },
  { id: 'cup', name: 'Cup', cents: 900, stock: 1 },
];

test('a new price is printed at once', () => {
  const shop = createShop(products);
  shop.priceList();
  shop.setPrice('tea', 350);
  assert.match(shop.priceList(), /Tea 3\.50/);
});
test('a product is read once however often it is printed', () => {
  const shop = createShop(products);
  shop.priceList();
  shop.priceList();
  shop.receipt(['tea', 'cup']);
  assert.equal(shop.store.reads(), 2);
});
test('a price is a whole number of cents', () => {
  assert.throws(() => createShop(products).setPrice('tea', 1.5), RangeError);
});
