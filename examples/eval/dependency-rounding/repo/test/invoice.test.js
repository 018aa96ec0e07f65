import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invoice } from '../src/invoice.js';
import { print } from '../src/print.js';

test('a sum and its tax', () => assert.deepEqual(invoice([{ name: 'a', cents: 1000, taxPercent: 19 }]).totalCents, 1190));
test('a tax is a whole number of cents', () => assert.equal(invoice([{ name: 'a', cents: 333, taxPercent: 19 }]).taxCents, 63));
test('it is printed', () =>
  assert.equal(print(7, [{ name: 'pen', cents: 200, taxPercent: 10 }]), 'Invoice 7\npen 2.00 EUR\ntax 0.20 EUR, total 2.20 EUR'));
