/** Changes that are too much to look at: one red line among ten thousand files, a blob of 200 MB. The rules see both, in bounded memory. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { everyRule } from './checks/every-rule.ts';
import { codes, review } from './checks/review.ts';

const PROTECT = [{ id: 'payments', paths: ['payments/**'], reason: 'money', approvers: { role: 'approver' } }];
const MIB = 1024 * 1024;

test('one red line among 10,000 changed files is flagged, beside the size', { timeout: 240_000 }, async () => {
  const files = Array.from({ length: 10_000 }, (_, file) => `src/part${file % 100}/file${file}.js`);
  const base = Object.fromEntries(files.map((path) => [path, 'export const version = 1;\n']));
  const { redLines, findings } = await review(everyRule(), {
    base: { ...base, 'payments/price.js': 'export const price = 1;\n' },
    candidate: {
      ...Object.fromEntries(files.map((path, at) => [path, `export const version = 2; // ${at}\n`])),
      'payments/price.js': 'export const price = 2;\n',
    },
    config: { protect: PROTECT },
  });
  expect(redLines).toMatchObject([{ rule_id: 'payments', paths: ['payments/price.js'] }]);
  expect(findings.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^OUT_OF_SCOPE 10001 files are changed; scope.maxFiles is \d+$/),
    expect.stringMatching(/^OUT_OF_SCOPE 20002 lines are changed; scope.maxLines is \d+$/),
  ]);
});

/** The most memory that this process had more than before while the rules looked, in bytes. */
async function judgedWith(bytes: number) {
  const rule = everyRule();
  let most = 0;
  const outcome = await review(
    {
      ...rule,
      run: async (context) => {
        const before = process.memoryUsage().rss;
        const timer = setInterval(() => {
          most = Math.max(most, process.memoryUsage().rss - before);
        }, 2);
        const judged = await rule.run(context);
        clearInterval(timer);
        return judged;
      },
    },
    {
      base: { 'data/small.bin': 'x' },
      candidate: { 'data/small.bin': 'y' },
      write: (repo) => {
        mkdirSync(join(repo, 'data'), { recursive: true });
        writeFileSync(join(repo, 'data/large.bin'), 'a key is never written down\n');
        truncateSync(join(repo, 'data/large.bin'), bytes);
      },
    },
  );
  return { outcome, most };
}

test('a blob of 200 MB is a finding that says how large it is, and is not held', { timeout: 240_000 }, async () => {
  const { outcome, most } = await judgedWith(200 * MIB);
  expect(codes(outcome)).toEqual(['SECRET_FOUND data/large.bin']);
  expect(outcome.findings[0]?.message).toBe(`too-large: ${200 * MIB} bytes; at most ${64 * MIB} are looked through for secrets`);
  expect(most).toBeLessThan(150 * MIB);
  // The honest one most like it.
  expect(codes((await judgedWith(MIB)).outcome)).toEqual([]);
});
