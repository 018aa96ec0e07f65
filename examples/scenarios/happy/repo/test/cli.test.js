import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../src/cli.js';

const LEDGER = `
2026-01-28  2450.00  salary  January
2026-01-05   -42.10  food    Weekly shop
2026-02-02   -51.35  food    Weekly shop
`;

/** Runs the program on a ledger in memory. */
async function tally(argv, ledger = LEDGER) {
  const said = { out: '', err: '', added: [] };
  const code = await run(argv, {
    read: async () => ledger,
    append: async (_path, line) => said.added.push(line),
    print: (text) => (said.out += text),
    complain: (text) => (said.err += text),
  });
  return { code, ...said };
}

test('balance prints one amount', async () => {
  assert.deepEqual(await tally(['home.tally', 'balance']), { code: 0, out: '2356.55', err: '', added: [] });
});
test('list can be narrowed', async () => {
  const { out } = await tally(['home.tally', 'list', '--month', '2026-01', '--category', 'food']);
  assert.equal(out, '2026-01-05  -42.10  food  Weekly shop');
});
test('list can be a spreadsheet', async () => {
  assert.match((await tally(['home.tally', 'list', '--csv'])).out, /^date,amount,category,description\r\n2026-01-05,/);
});
test('report prints a section a month', async () => {
  assert.equal((await tally(['home.tally', 'report'])).out.split('\n\n').length, 2);
});
test('add writes a line that can be read back', async () => {
  const { code, added } = await tally(['home.tally', 'add', '2026-02-03', '-18.40', 'food', 'Market', 'day']);
  assert.equal(code, 0);
  assert.deepEqual(added, ['2026-02-03     -18.40  food       Market day']);
});
test('add refuses a wrong date and writes nothing', async () => {
  const { code, err, added } = await tally(['home.tally', 'add', '2026-02-30', '-1', 'food']);
  assert.deepEqual([code, added], [1, []]);
  assert.match(err, /is not in the calendar/);
});
test('a ledger that cannot be read is exit code 1 with its line', async () => {
  const { code, err } = await tally(['home.tally', 'balance'], 'nonsense');
  assert.equal(code, 1);
  assert.match(err, /line 1/);
});
test('an unknown command shows the usage', async () => {
  const { code, err } = await tally(['home.tally', 'dance']);
  assert.equal(code, 2);
  assert.match(err, /^usage:/);
});
test('help is no mistake', async () => assert.equal((await tally(['--help'])).code, 0));
