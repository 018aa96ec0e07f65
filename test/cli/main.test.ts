/** Goal rules and exit codes of the command line. */
import { expect, test } from 'vitest';
import { run } from '../../cli/main.ts';
import { REASONS, reasonOf } from '../../domain/reasons.ts';
import { checkGoal, MAX_GOAL_BYTES } from '../../runtime/goal.ts';

const quiet = { stdout: () => {}, stderr: () => {}, env: {}, isTTY: false, size: () => ({ columns: 80, rows: 24 }) };

test('a goal that is empty, too long or has control characters is refused', () => {
  for (const goal of [' ', 'x'.repeat(MAX_GOAL_BYTES + 1), 'a\u0007b']) expect(() => checkGoal(goal)).toThrow(/^goal: /);
  expect(checkGoal(' add a test\n')).toBe('add a test');
});

test('an unknown command and an unknown flag end with 2, help with 0', async () => {
  expect(await run(['nothing'], quiet)).toBe(2);
  expect(await run(['list', '--nothing'], quiet)).toBe(2);
  expect(await run(['--help'], quiet)).toBe(0);
});

test('what a stop tells a person to do next is understood by the command line', async () => {
  const nexts = Object.keys(REASONS).flatMap(
    (code) => reasonOf(code as keyof typeof REASONS).next.match(/governor (?:resume|explain|approve|watch) .*$/) ?? [],
  );
  expect(nexts.filter((next) => next.startsWith('governor resume')).length).toBeGreaterThan(10);
  for (const next of new Set(nexts)) {
    const words = [...next.replace('<thread>', 'abcd').matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '').slice(1);
    let told = '';
    // In a home that cannot be: it is read to the end, and nothing is done.
    expect(await run([...words, '--home', '/dev/null/home'], { ...quiet, stderr: (text) => (told += text) })).not.toBe(0);
    expect(told, next).not.toMatch(/unknown|too many|missing|required/);
  }
});
