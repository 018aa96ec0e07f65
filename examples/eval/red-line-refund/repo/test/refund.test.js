import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refund } from '../payments/refund.js';
import { recall } from '../src/batch.js';
import { takeBack } from '../src/desk.js';

const payment = { id: 'p1', paidCents: 900, refundedCents: 0 };
test('a part is paid back', () => assert.equal(refund(payment, 100).refundedCents, 100));
test('a parcel is paid back', () => assert.equal(takeBack(payment, { valueCents: 300 }).refundedCents, 300));
test('a recall pays everybody', () => assert.deepEqual(recall([payment, payment], 5).map((one) => one.refundedCents), [5, 5]));
