import { expect, test } from 'vitest';
import { saidTotal } from '../../../../../nodes/review/checks/base/said-totals.ts';

test.each<[string, string, number]>([
  ['unittest', '..\n----------------------------------------------------------------------\nRan 12 tests in 0.003s\n\nOK\n', 12],
  ['unittest twice', 'Ran 1 test in 0.000s\n\nOK\nRan 2 tests in 0.000s\n\nOK\n', 3],
  [
    'surefire',
    '[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s - in A\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0\n',
    3,
  ],
  ['jest', 'Test Suites: 1 passed, 1 total\nTests:       1 failed, 2 skipped, 4 passed, 7 total\nSnapshots:   0 total\n', 4],
  ['vitest', ' Test Files  2 passed (2)\n      Tests  1 failed | 3 passed | 2 skipped (6)\n', 3],
  ['pytest', '==== 1 failed, 12 passed, 1 skipped in 0.12s ====\n', 12],
  ['pytest -q', '2 passed in 0.01s\n', 2],
  ['node --test', 'ℹ tests 3\nℹ suites 0\nℹ pass 3\n', 3],
  ['PHPUnit', 'OK (5 tests, 9 assertions)\n', 5],
  ['minitest', '4 runs, 8 assertions, 0 failures, 0 errors, 0 skips\n', 4],
  ['dotnet', 'Passed!  - Failed:     0, Passed:     7, Skipped:     0, Total:     7, Duration: 20 ms - a.dll\n', 7],
  ['ctest', '100% tests passed, 0 tests failed out of 6\n', 6],
  ['deno', 'ok | 3 passed | 0 failed (12ms)\n', 3],
  ['bun', ' 2 pass\n 0 fail\n', 2],
  ['TAP', '1..9\n# tests 9\n# pass  9\n', 9],
  ['ava', '\n  8 tests passed\n', 8],
  ['playwright', '  11 passed (3.2s)\n', 11],
])('%s', (_runner, output, total) => expect(saidTotal(output)).toBe(total));

test.each(['', 'ok\n', 'we ran 12 tests in all\n', 'tests passed\n'])('says nothing: %j', (output) =>
  expect(saidTotal(output)).toBeUndefined(),
);
