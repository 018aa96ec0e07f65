/** What is shown of a red check's output, and what makes two of them the same. */
import { expect, test } from 'vitest';
import { failureText, shownFailing } from '../../domain/failing-lines.ts';

const noise = (lines: number): string => Array.from({ length: lines }, (_none, index) => `ok: case ${index} of many`).join('\n');

/** As the tools of these versions print them: what must be seen, and what must not. */
const OUTPUTS: readonly [tool: string, output: string, seen: readonly string[], unseen: readonly string[]][] = [
  [
    'vitest 4',
    ` ❯ a.test.ts (2 tests | 1 failed) 28ms\n     × adds 25ms\n     ✓ passes 0ms\n\n⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯\n\n FAIL  a.test.ts > sums > adds\nAssertionError: expected 3 to be 4 // Object.is equality\n\n- Expected\n+ Received\n\n- 4\n+ 3\n\n ❯ a.test.ts:3:36\n      2| describe('sums', () => {\n      3| test('adds', () => { expect(1 + 2).toBe(4); });\n\n⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯\n\n Test Files  1 failed (1)\n      Tests  1 failed | 1 passed (2)\n`,
    ['FAIL  a.test.ts > sums > adds', 'expected 3 to be 4', 'a.test.ts:3:36', 'Tests  1 failed | 1 passed (2)'],
    ['✓ passes'],
  ],
  [
    'jest 29',
    `PASS src/ok.test.js\nFAIL src/a.test.js\n  ● Console\n\n    console.log\n      noise\n\n  sums\n    ✓ passes (2 ms)\n    ✕ adds (3 ms)\n\n  ● sums › adds\n\n    expect(received).toBe(expected) // Object.is equality\n\n    Expected: 4\n    Received: 3\n\n    > 3 |   expect(1 + 2).toBe(4);\n\n      at Object.toBe (src/a.test.js:3:17)\n      at new Promise (<anonymous>)\n\nTest Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 2 passed, 3 total\nTime: 1 s\nRan all test suites.\n`,
    ['● sums › adds', 'Expected: 4', 'src/a.test.js:3:17', 'Tests:       1 failed'],
    ['✓ passes', 'noise', 'new Promise'],
  ],
  [
    'node --test, TAP',
    `TAP version 13\n# Subtest: sums\n    # Subtest: adds\n    not ok 1 - adds\n      ---\n      location: '/r/a.test.js:2:26'\n      failureType: 'testCodeFailure'\n      error: '3 == 4'\n      stack: |-\n        TestContext.<anonymous> (/r/a.test.js:2:52)\n        Test.run (node:internal/test_runner/test:796:25)\n      ...\n    # Subtest: passes\n    ok 2 - passes\n    1..2\nnot ok 1 - sums\n  ---\n  failureType: 'subtestsFailed'\n  error: '1 subtest failed'\n  ...\nnot ok 2 - later # TODO\n  ---\n  ...\n1..2\n# pass 1\n# fail 2\n`,
    ['not ok 1 - adds', "error: '3 == 4'", '/r/a.test.js:2:52', '# fail 2'],
    ['ok 2 - passes', 'subtestsFailed', 'node:internal', '# TODO\n  ---'],
  ],
  [
    'node --test, spec',
    `▶ sums\n  ✖ adds (12.08ms)\n    AssertionError [ERR_ASSERTION]: 3 == 4\n  ✔ passes (0.19ms)\n✖ sums (23.09ms)\nℹ tests 2\nℹ fail 1\n\n✖ failing tests:\n\ntest at a.test.js:2:26\n✖ adds (12.08ms)\n  AssertionError [ERR_ASSERTION]: 3 == 4\n      at TestContext.<anonymous> (/r/a.test.js:2:52)\n      at Test.run (node:internal/test_runner/test:796:25)\n`,
    ['test at a.test.js:2:26', '✖ adds', '3 == 4', '/r/a.test.js:2:52'],
    ['node:internal'],
  ],
  [
    'pytest 8',
    `F.  [100%]\n=================================== FAILURES ===================================\n___________________________________ test_add ___________________________________\n\n    def test_add():\n        x = 1\n>       assert add(1, 2) == 4\nE       assert 3 == 4\n\ntest_a.py:5: AssertionError\n=========================== short test summary info ============================\nFAILED test_a.py::test_add - assert 3 == 4\n1 failed, 1 passed in 3.17s\n`,
    ['>       assert add(1, 2) == 4', 'E       assert 3 == 4', 'test_a.py:5', 'FAILED test_a.py::test_add', '1 failed, 1 passed'],
    [],
  ],
  [
    'unittest',
    `F\n======================================================================\nFAIL: test_x (__main__.T.test_x)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File "/r/u.py", line 4, in test_x\n    self.assertEqual(1, 2)\nAssertionError: 1 != 2\n\n----------------------------------------------------------------------\nRan 1 test in 0.007s\n\nFAILED (failures=1)\n`,
    ['FAIL: test_x', 'line 4, in test_x', 'AssertionError: 1 != 2', 'FAILED (failures=1)'],
    [],
  ],
  [
    'go test',
    `=== RUN   TestOk\n--- PASS: TestOk (0.00s)\n--- FAIL: TestAdd (0.00s)\n    --- FAIL: TestAdd/one (0.00s)\n        add_test.go:8: got 3, want 4\nok  \texample/b\t0.001s\n# example/c\n./c.go:3:5: undefined: x\nFAIL\texample/c [build failed]\nFAIL\n`,
    ['--- FAIL: TestAdd/one', 'add_test.go:8: got 3, want 4', './c.go:3:5: undefined: x'],
    [],
  ],
  [
    'tsc, plain and pretty',
    `c.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n\u001b[96md.ts\u001b[0m:\u001b[93m2\u001b[0m:\u001b[93m7\u001b[0m - \u001b[91merror\u001b[0m\u001b[90m TS2304: \u001b[0mCannot find name 'x'.\n\nFound 2 errors.\n`,
    ["c.ts(1,7): error TS2322: Type 'string'", "d.ts:2:7 - error TS2304: Cannot find name 'x'.", 'Found 2 errors'],
    [],
  ],
  [
    'eslint',
    `\n/r/src/ok.js\n  2:1   warning  Unexpected console  no-console\n\n/r/src/a.js\n  1:10  error    'a' is defined but never used  no-unused-vars\n\n✖ 2 problems (1 error, 1 warning)\n`,
    ["/r/src/a.js\n  1:10  error    'a' is defined", '✖ 2 problems'],
    [],
  ],
  [
    'cargo',
    `running 2 tests\ntest tests::ok ... ok\ntest tests::adds ... FAILED\n\nfailures:\n\n---- tests::adds stdout ----\n\nthread 'tests::adds' (1156) panicked at src/lib.rs:1:46:\nassertion \`left == right\` failed: sum\n  left: 3\n right: 4\nstack backtrace:\n   1: core::panicking::panic_fmt\n             at /rustc/5980/library/core/src/panicking.rs:80:14\n   4: r::tests::adds\n             at ./src/lib.rs:1:46\n\n\nfailures:\n    tests::adds\n\ntest result: FAILED. 1 passed; 1 failed\n\nerror[E0308]: mismatched types\n --> src/lib.rs:1:21\n  |\n\nerror: could not compile \`r\` (lib) due to 1 previous error\n`,
    ['---- tests::adds stdout ----', 'src/lib.rs:1:46', ' right: 4', 'error[E0308]: mismatched types\n --> src/lib.rs:1:21'],
    ['core::panicking', '/rustc/'],
  ],
  [
    'mocha',
    `sums\n    ✔ ok\n    1) adds\n\n  1 passing (5ms)\n  1 failing\n\n  1) sums\n       adds:\n\n      AssertionError: expected 3 to equal 4\n      at Context.<anonymous> (test/a.js:4:10)\n`,
    ['  1) sums\n       adds:', 'expected 3 to equal 4', 'test/a.js:4:10'],
    [],
  ],
  [
    'mypy',
    'a.py:3: error: Incompatible types  [assignment]\nFound 1 error in 1 file\n',
    ['a.py:3: error: Incompatible types', 'Found 1 error'],
    [],
  ],
];

test.each(OUTPUTS)('%s: its failures are shown, whatever passed before and after them', (_tool, output, seen, unseen) => {
  const shown = shownFailing(`${noise(3000)}\n${output}${noise(3)}\n`, 4096);
  for (const part of seen.slice(0, 3)) expect(shown).toContain(part);
  const alone = shownFailing(output, 4096);
  for (const part of seen) expect(alone).toContain(part);
  for (const part of unseen) expect(alone.split('Its last lines:')[0]).not.toContain(part);
  expect(alone.startsWith('Its failing lines:\n')).toBe(true);
});

test('where no tool is recognised the last lines are shown, whole, and never the first ones', () => {
  const shown = shownFailing(`first words\n${noise(500)}\nthe licence header is missing in 3 files\n`, 1000);
  expect(shown).toMatch(/^The end of its output:\nok: case \d+ of many\n/);
  expect(shown.endsWith('the licence header is missing in 3 files')).toBe(true);
  expect(shown).not.toContain('first words');
  expect(Buffer.byteLength(shown)).toBeLessThan(1100);
  expect(shownFailing('x'.repeat(9000), 1000)).toHaveLength('The end of its output:\n'.length + 250);
});

test('many failures: the first in full, the others by name, within the cap', () => {
  const one = (index: number): string => `not ok ${index} - case ${index}\n  ---\n  error: '${'long words '.repeat(20)}${index}'\n  ...\n`;
  const shown = shownFailing(Array.from({ length: 200 }, (_none, index) => one(index + 1)).join(''), 4096);
  expect(shown).toContain("not ok 1 - case 1\n  ---\n  error: 'long words");
  expect(shown).toMatch(/\d+ more:\nnot ok 1\d - case 1\d\nnot ok/);
  expect(Buffer.byteLength(shown)).toBeLessThan(4096 + 512);
  const huge = shownFailing(`not ok 1 - huge\n${'  data of a failure that is long\n'.repeat(40)}`, 600);
  expect(huge).toContain('not ok 1 - huge\n  data');
  expect(huge).toContain('[cut]');
  expect(Buffer.byteLength(huge)).toBeLessThan(900);
});

test('the same failure is known again although passing tests are added; another one is another', () => {
  const run = (passed: number, got: number): string =>
    `${noise(passed)}\n FAIL  a.test.ts > adds\nAssertionError: expected ${got} to be 4\n ❯ a.test.ts:3:36\n      3| test('adds')\n⎯⎯⎯⎯[1/1]⎯\n Tests  1 failed | ${passed} passed\n`;
  expect(failureText(run(2, 3))).toBe(failureText(run(5, 3)));
  expect(failureText(run(2, 3))).not.toBe(failureText(run(2, 5)));
});

test('an error that a passing test logs does not stand for the whole output', () => {
  const logged = 'Error: expected by the test\n    at x (a.js:1:1)\n\n';
  expect(failureText(`${logged}coverage 50 % is too low\n`)).not.toBe(failureText(`${logged}the build folder is missing\n`));
  expect(shownFailing(`${logged}coverage 50 % is too low\n`, 4096)).toContain('coverage 50 % is too low');
});

test('text made to be slow is not', () => {
  const started = performance.now();
  for (const piece of ['a:1', '(1,1)', '_ ', 'E ', 'not ok 1', ' FAIL  a', '✖ ', './a.go:1', '\n', ' 1:1 '])
    shownFailing(piece.repeat(30_000), 4096);
  expect(performance.now() - started).toBeLessThan(5000);
});
