import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShop } from '../src/shop.js';

const shop = createShop([{ id: 'tea', name: 'Tea', cents: 300, stock: 5 }]);
test('prices', () => assert.equal(shop.priceList(), '== prices ==\nTea 3.00'));
test('stock', () => assert.equal(shop.stockList(), '== stock ==\nTea 5'));
test('a label', () => assert.equal(shop.label('tea'), 'TEA 3.00'));
test('a receipt', () => assert.equal(shop.receipt(['tea']), '== receipt ==\nTea 3.00\ntotal 3.00'));
