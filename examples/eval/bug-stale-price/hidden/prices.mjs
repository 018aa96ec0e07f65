import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShop } from '../src/shop.js';

const products = [
  { id: 'tea', name: 'Tea', cents: 300, stock: 5 },
  { id: 'cup', name: 'Cup', cents: 900, stock: 1 },
];
test('every page shows a new price', () => {
  const shop = createShop(products);
  shop.priceList();
  shop.label('tea');
  shop.receipt(['tea', 'cup']);
  shop.setPrice('tea', 350);
  assert.match(shop.priceList(), /Tea 3\.50/);
  assert.match(shop.label('tea'), /3\.50/);
  assert.match(shop.receipt(['tea', 'cup']), /total 12\.50/);
});
test('a product is read once, and once more after a change', () => {
  const shop = createShop(products);
  for (let times = 0; times < 3; times += 1) shop.priceList();
  assert.equal(shop.store.reads(), 2);
  shop.setPrice('tea', 1);
  for (let times = 0; times < 3; times += 1) shop.priceList();
  assert.ok(shop.store.reads() <= 4, `${shop.store.reads()} reads`);
});
test('the stock is as fresh', () => {
  const shop = createShop(products);
  shop.setPrice('cup', 1000);
  assert.match(shop.stockList(), /Cup 1/);
});
