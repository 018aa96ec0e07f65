/** How many tests passed, as the runner's own last lines say: for runners that write down no names. */

/** One line of a total, and the number of tests that passed, or that ran where nothing else is said. */
const TOTALS: readonly RegExp[] = [
  // jest, vitest and pytest, where their reports were turned off
  /^Tests:\s+(?:\d+ \w+, )*?(\d{1,9}) passed, (?:\d+ \w+, )*\d+ total$/gm,
  /^\s+Tests\s+(?:\d+ \w+ \| )*?(\d{1,9}) passed (?:\| \d+ \w+ )*\(\d+\)$/gm,
  /^(?:=+ )?(?:\d+ \w+, )*?(\d{1,9}) passed\b[^\n]* in [\d.]+s/gm,
  // node --test
  /^ℹ pass (\d{1,9})$/gm,
  // unittest
  /^Ran (\d{1,9}) tests? in /gm,
  // JUnit under Maven; the line of each class is indented or names a time
  /^(?:\[\w+\] )?Tests run: (\d{1,9}), Failures: \d+, Errors: \d+, Skipped: \d+$/gm,
  // PHPUnit
  /^OK(?:, but [^(]*)? \((\d{1,9}) tests?, /gm,
  // minitest, test-unit
  /^(\d{1,9}) (?:runs|tests), \d+ assertions, /gm,
  // rspec
  /^(\d{1,9}) examples?, 0 failures/gm,
  // dotnet test
  /^Passed!\s+-\s+Failed:\s+0, Passed:\s+(\d{1,9})/gm,
  // swift test
  /^\s*Executed (\d{1,9}) tests?, with /gm,
  // ctest
  /^100% tests passed, 0 tests failed out of (\d{1,9})$/gm,
  // deno, then bun
  /^ok \| (\d{1,9}) passed/gm,
  /^\s*(\d{1,9}) pass$/gm,
  // TAP, tape
  /^# pass\s+(\d{1,9})$/gm,
  // ava, tap
  /^\s*(\d{1,9}) tests? passed$/gm,
  // playwright, cypress's mocha
  /^\s+(\d{1,9}) (?:passed|passing) \(/gm,
  // sbt, ScalaTest
  /^\[info\] Tests: succeeded (\d{1,9}),/gm,
  // mix
  /^(\d{1,9}) tests, 0 failures/gm,
];

/** The sum of what the output says of itself; undefined where it says nothing that is known. */
export function saidTotal(output: string): number | undefined {
  const said = TOTALS.flatMap((shape) => [...output.matchAll(shape)].map((match) => Number(match[1])));
  return said.length === 0 ? undefined : said.reduce((sum, count) => sum + count, 0);
}
