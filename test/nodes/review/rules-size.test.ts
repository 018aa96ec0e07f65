/** What the rules find in a small change they find in a large one, and no file costs a process. */
import { expect, test } from 'vitest';
import { everyRule } from './checks/every-rule.ts';
import { review } from './checks/review.ts';

const KEY = `AKIA${'QWERTYUIOPAS'}ZXCV`;
const PROTECT = [{ id: 'payments', paths: ['payments/**'], reason: 'money', approvers: { role: 'approver' } }];

/** What each rule has something to say about. */
const base = {
  'payments/price.ts': 'export const price = 1;\n',
  'src/a.test.ts': "test('one', () => expect(1).toBe(1));\ntest('two', () => expect(2).toBe(2));\n",
  'src/key.ts': 'export const key = read();\n',
};
const candidate = {
  'payments/price.ts': 'export const price = 2;\n',
  'src/a.test.ts': "test('one', () => expect(1).toBe(1));\n",
  'src/key.ts': `export const key = '${KEY}';\n`,
  'denied/x.ts': 'x\n',
};
const config = {
  protect: PROTECT,
  deny: [{ id: 'never', paths: ['denied/**'], reason: 'never' }],
  scope: { maxFiles: 100_000, maxLines: 1_000_000 },
};

/** Files that are changed without any fault. */
const honest = (count: number, version: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, file) => [
      `src/part${file % 20}/file${file}${file % 4 === 0 ? '.test' : ''}.ts`,
      `test('it is ${file}', () => expect(value).toBe(${version}));\n`,
    ]),
  );

async function judged(count: number) {
  let started = -1;
  const what = { base: { ...honest(count, 1), ...base }, candidate: { ...honest(count, 2), ...candidate }, config };
  const { findings, redLines } = await review(
    everyRule((processes) => {
      started = processes;
    }),
    what,
  );
  return { findings: findings.map(({ id, message, path }) => ({ id, message, path })), redLines, started };
}

test('a large change has the findings of the small one in it, and a few processes do for all files', async () => {
  const small = await judged(0);
  expect(new Set(small.findings.map(({ path }) => path))).toEqual(new Set(['denied/x.ts', 'src/a.test.ts', 'src/key.ts']));
  expect(small.redLines).toMatchObject([{ rule_id: 'payments', paths: ['payments/price.ts'] }]);
  const large = await judged(300);
  expect(large.findings).toEqual(small.findings);
  expect(large.redLines).toEqual(small.redLines);
  // A reader that nobody asked anything for half a second is another one.
  for (const { started } of [small, large]) expect(started).toSatisfy((count: number) => count > 0 && count < 10);
});
