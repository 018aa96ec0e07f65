import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stack } from '../src/stack.js';

test('gives back what came last', () => {
  const stack = new Stack();
  stack.push(1);
  stack.push(2);
  assert.equal(stack.pop(), 2);
});
test('has nothing to give at first', () => assert.equal(new Stack().pop(), undefined));
