import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLedger } from '../src/parser.js';
import { listing, monthlyReport } from '../src/report.js';

const entries = parseLedger(`
2026-01-28  2450.00  salary  January
2026-01-05   -42.10  food    Weekly shop
2026-01-09   -57.90  phone
`);

test('a listing is ordered by date and aligned', () => {
  assert.equal(
    listing(entries),
    ['2026-01-05   -42.10  food    Weekly shop', '2026-01-09   -57.90  phone', '2026-01-28  2450.00  salary  January'].join('\n'),
  );
});
test('an empty listing says so', () => assert.equal(listing([]), 'no entries'));
test('a report has income, spending and what is left', () => {
  assert.equal(
    monthlyReport(entries),
    ['2026-01', '  income    2450.00', '  spending   100.00', '  left      2350.00', '  phone  57.90  58 %', '  food   42.10  42 %'].join('\n'),
  );
});
test('a month without spending has no table of categories', () => {
  assert.equal(monthlyReport(parseLedger('2026-01-28 10.00 gift')).split('\n').length, 4);
});
test('months are sections', () => {
  assert.match(monthlyReport([...entries, ...parseLedger('2026-02-01 -1 food')]), /\n\n2026-02\n/);
});
