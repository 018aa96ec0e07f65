/** What of an output varies by itself, and what does not. */
import { expect, test } from 'vitest';
import { steady } from '../../domain/steady.ts';

test.each([
  [
    'vitest',
    ' ✓ test/a.test.ts (3 tests) 5ms\n   Start at  09:13:48\n   Duration  1.23s (transform 20ms)',
    ' ✓ test/a.test.ts (3 tests) 12ms\n   Start at  11:01:02\n   Duration  980ms (transform 1.2s)',
  ],
  ['node --test', '✔ adds (0.512042ms)\nℹ duration_ms 60.1', '✔ adds (1.5ms)\nℹ duration_ms 61'],
  ['jest', 'PASS src/a.test.js (5.12 s)\nTime:        1.2 s, estimated 2 s', 'PASS src/a.test.js (6 s)\nTime:        0.9 s, estimated 1 s'],
  ['pytest', '===== 2 passed in 0.12s =====', '===== 2 passed in 1.05s ====='],
  ['go', '--- FAIL: TestX (0.00s)\nFAIL\tpkg\t0.012s', '--- FAIL: TestX (0.01s)\nFAIL\tpkg\t0.013s'],
  ['JUnit', '<testcase name="x" time="0.012">', '<testcase name="x" time="0.2">'],
  ['time', 'real\t0m0.012s', 'real\t1m2.5s'],
  [
    'clocks',
    'Sat Nov 28 09:06:12 UTC 2026\n2026-11-28T09:06:12.123Z at 1795857972',
    'Sun Nov 29 10:00:00 UTC 2026\n2026-11-29 10:00:00,5+01:00 at 1795861572123',
  ],
  [
    'processes',
    '(node:123) Warning\npid 77, seed: 5\nat <Foo object at 0x7f00aa12>',
    '(node:9) Warning\npid 78, seed: 991\nat <Foo object at 0x7f00bb34>',
  ],
  ['temporary names', 'in /tmp/suite-Ab12x/out.txt on 127.0.0.1:45123', 'in /tmp/suite-9zKk1/out.txt on 127.0.0.1:51000'],
  ['a bar of progress', ' 5%\r 90%\rdone: 1 failed\r\n', '12%\rdone: 1 failed\r\n'],
  ['links and titles', '\u001b]8;;file:///a\u0007a.js\u001b]8;;\u001b\\ \u001b(B\u001b[38:5:1mx', 'a.js x'],
  ['colours and order', '\u001b[32m✓\u001b[39m one\n✓ two', '✓ two\n✓ one'],
])('%s: two runs that did the same are the same', (_name, one, other) => {
  expect(steady(one)).toBe(steady(other));
});

test.each([
  ['values', 'got 3', 'got 4'],
  ['what a bar of progress says last', '5%\rdone: 1 failed', '5%\rdone: 2 failed'],
  ['times that are compared', "Expected '5s', received '7s'", "Expected '5s', received '9s'"],
  ['quoted times', "timeout is '5s'", "timeout is '6s'"],
  ['counts', '3 passed, 1 failed in 0.1s', '2 passed, 2 failed in 0.1s'],
  ['lines', 'at src/a.js:12:5', 'at src/a.js:13:5'],
  ['names', 'FAIL /tmp/one', 'FAIL /tmp/two'],
  ['known ports', 'on localhost:3000', 'on localhost:8080'],
  ['the end of a long output', `${'x'.repeat(9000)}\none`, `${'x'.repeat(9000)}\ntwo`],
  ['how often a line stands there', 'a\na', 'a'],
])('%s: a real difference stays one', (_name, one, other) => {
  expect(steady(one)).not.toBe(steady(other));
});

test('text made to be slow is not', () => {
  const started = performance.now();
  for (const piece of ['1', '1.', '/tmp/', 'Mon ', '0x', '12:', 'time ', '\u001b[', 'pid ']) steady(piece.repeat(16_384));
  expect(performance.now() - started).toBeLessThan(3000);
});
