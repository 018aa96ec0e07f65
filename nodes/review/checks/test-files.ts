/** Recognises test files and counts what they hold: tests, skips, assertions. By pattern, over the common languages. */

const TEST_PATH = [
  /(?:^|\/)(?:tests?|__tests__|spec)\/.*\.(?:[cm]?[jt]sx?|py|rb|php)$/,
  /\.(?:test|spec)\.[cm]?[jt]sx?$/,
  /(?:^|\/)test_[^/]+\.py$/,
  /_test\.(?:py|go|rb)$/,
  /(?:^|\/)tests\/.*\.rs$/,
  /Tests?\.(?:java|kt|cs)$/,
];
const SNAPSHOT_PATH = /\.snap$|(?:^|\/)__snapshots__\//;
const CONFIG_PATH =
  /(?:^|\/)(?:vitest|jest|mocha|ava|playwright|cypress|karma)\.(?:config|setup|workspace)[^/]*$|(?:^|\/)\.(?:mocharc|taprc|nycrc)[^/]*$|(?:^|\/)(?:pytest\.ini|tox\.ini|conftest\.py|setup\.cfg)$/;

const TESTS = [
  /\b(?:it|test)(?:\.(?:only|concurrent|each\([^)]*\)|fails))?\s*\(/g,
  /^\s*(?:async\s+)?def\s+test\w*/gm,
  /^func\s+Test\w+/gm,
  /#\[(?:tokio::)?test\]/g,
  /@Test\b/g,
];
const SKIPS = [
  /\b(?:it|test|describe|suite|context)\.(?:skip|todo|skipIf|runIf)\b/g,
  /\b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(/g,
  /\b(?:it|test|describe|suite)\.only\b/g,
  /\b(?:skip|todo|only)\s*:\s*(?!false\b)\S/g,
  /\bt\.(?:skip|todo|Skip|SkipNow|Skipf)\s*\(/g,
  /@(?:pytest\.mark\.)?(?:skip|xfail)\w*|@unittest\.(?:skip|expectedFailure)\w*|pytest\.skip\(/g,
  /#\[ignore\b|@(?:Disabled|Ignore)\b/g,
];
const ASSERTIONS = [
  /\bassert\w*(?:\.\w+)*\s*[(!]/g,
  /^\s*assert\s/gm,
  /\bexpect\s*\(/g,
  /\.should\b/g,
  /\bt\.(?:Error|Errorf|Fatal|Fatalf|is|equal|deepEqual|true|false|throws)\s*\(/g,
];

const count = (text: string, shapes: readonly RegExp[]): number => shapes.reduce((sum, shape) => sum + [...text.matchAll(shape)].length, 0);

export const isTestFile = (path: string): boolean => TEST_PATH.some((shape) => shape.test(path)) && !SNAPSHOT_PATH.test(path);
export const isSnapshot = (path: string): boolean => SNAPSHOT_PATH.test(path);
export const isTestConfig = (path: string): boolean => CONFIG_PATH.test(path);

export interface TestCounts {
  readonly tests: number;
  readonly skips: number;
  readonly assertions: number;
}

/** Comments do not count: a commented-out test is a removed test. */
export function countTests(text: string): TestCounts {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/[^\n]*/g, '$1')
    .replaceAll(/^\s*#(?!\[)[^\n]*/gm, '');
  return { tests: count(code, TESTS), skips: count(code, SKIPS), assertions: count(code, ASSERTIONS) };
}
