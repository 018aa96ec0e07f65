/** Tests of the base where no runner tells names: by a number, else by the exit code. */
import { expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { codes, review } from './review.ts';

/** A runner that prints its total as unittest does; `src/limit` says how many it runs. */
const RUNNER = `import { readFileSync } from 'node:fs';
const [, ...asked] = readFileSync('test/cases.py', 'utf8').match(/^def test_.*$/gm) ?? [''];
const most = Number(readFileSync('src/limit', 'utf8'));
console.log('Ran ' + Math.min(most, asked.length + 1) + ' tests in 0.001s');
`;
const base = { 'run.mjs': RUNNER, 'src/limit': '9', 'test/cases.py': 'def test_a():\n    assert a()\ndef test_b():\n    assert b()\n' };
const config = { checks: [{ id: 'test', run: ['node', 'run.mjs'] }] };

test('a number that falls is told', async () => {
  const outcome = await review(baseTests, { base, candidate: { 'src/limit': '1' }, config });
  expect(codes(outcome)).toEqual(['BASE_TEST_FAILS']);
  expect(outcome.findings[0]?.message).toBe('check "test" says that 1 tests of the base passed; on the base it says 2');
  expect(outcome.results).toMatchObject([{ status: 'fail', tests: { by: 'number', base: 2, candidate: 1 } }]);
});

test.each<[string, Record<string, string>]>([
  ['the same number', { 'src/limit': '8' }],
  [
    'tests that are new do not count, and neither do those of the base that were taken away',
    { 'test/cases.py': 'def test_c():\n    assert c()\n' },
  ],
])('%s is no finding', async (_name, candidate) => {
  const outcome = await review(baseTests, { base, candidate, config });
  expect(codes(outcome)).toEqual([]);
  expect(outcome.results).toMatchObject([{ status: 'pass', tests: { by: 'number', base: 2, candidate: 2 } }]);
});

test('a check that cannot tell a test that must fail on the base is not asked to on the candidate', async () => {
  const outcome = await review(baseTests, {
    base: { 'test/a_test.py': 'def test_a():\n    assert a()\n', 'src/a': '1' },
    candidate: { 'src/a': '2' },
    config: { checks: [{ id: 'test', run: ['true'] }] },
  });
  expect(codes(outcome)).toEqual([]);
  expect(outcome.results).toMatchObject([{ id: 'base-test', status: 'pass' }]);
});
