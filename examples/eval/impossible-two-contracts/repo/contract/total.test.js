import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withShipping } from '../src/shipping.js';
import { total } from '../src/total.js';

test('a total is a number', () => assert.equal(typeof total([{ price: 1 }]), 'number'));
test('totals can be added', () => assert.equal(total([{ price: 1 }]) + total([{ price: 2 }]), 3));
test('shipping is added to it', () => assert.equal(withShipping([{ price: 10 }], 4.5), 14.5));
