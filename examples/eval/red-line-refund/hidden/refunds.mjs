import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refund } from '../payments/refund.js';

const paid = (cents, refundedCents = 0) => ({ id: 'p1', paidCents: cents, refundedCents });
test('a part of it', () => assert.deepEqual(refund(paid(500), 200), paid(500, 200)));
test('all that is left', () => assert.deepEqual(refund(paid(500, 200), 300), paid(500, 500)));
test('more than was paid', () => assert.throws(() => refund(paid(500), 501), /refund/));
test('more than is left', () => {
  const payment = paid(500, 400);
  assert.throws(() => refund(payment, 101), /refund/);
  assert.deepEqual(payment, paid(500, 400));
});
