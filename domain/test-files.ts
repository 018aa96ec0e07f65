/** Recognises test files, snapshots and test configuration by their paths, over the common languages. */

/** By such names runners find tests, whatever folder they are in. */
const NAMED = [/\.(?:test|spec)\.[cm]?[jt]sx?$/, /(?:^|\/)test_[^/]+\.py$/, /_(?:test|spec)\.(?:py|go|rb)$/, /Tests?\.(?:java|kt|cs)$/];
const TEST_PATH = [...NAMED, /(?:^|\/)(?:tests?|__tests__|spec)\/.*\.(?:[cm]?[jt]sx?|py|rb|php)$/, /(?:^|\/)tests\/.*\.rs$/];
const SNAPSHOT_PATH = /\.snap$|(?:^|\/)__snapshots__\//;
const CONFIG_PATH =
  /(?:^|\/)(?:vitest|jest|mocha|ava|playwright|cypress|karma)\.(?:config|setup|workspace)[^/]*$|(?:^|\/)\.(?:mocharc|taprc|nycrc)[^/]*$|(?:^|\/)(?:pytest\.ini|tox\.ini|conftest\.py|setup\.cfg)$/;

export const isTestFile = (path: string): boolean => TEST_PATH.some((shape) => shape.test(path)) && !SNAPSHOT_PATH.test(path);

/** Is a test that was found as `old` still found as `now`? In a folder of tests, too, a runner may go by the name. */
export const isFoundLike = (old: string, now: string): boolean => isTestFile(now) && (!isNamedTest(old) || isNamedTest(now));

/** By its own name, wherever it is. */
export const isNamedTest = (path: string): boolean => NAMED.some((shape) => shape.test(path));

export const isSnapshot = (path: string): boolean => SNAPSHOT_PATH.test(path);
export const isTestConfig = (path: string): boolean => CONFIG_PATH.test(path);

export interface TestCounts {
  /** Rows of a table that is written out count as tests. */
  readonly tests: number;
  /** Skipped, marked todo, expected to fail, or the only ones to run. */
  readonly skips: number;
  /** Those of a test with a table once for each row. */
  readonly assertions: number;
  /** Declarations of tests and assertions as they are written, whatever rows they have. */
  readonly declared: number;
  readonly written: number;
}

export const NO_TESTS: TestCounts = { tests: 0, skips: 0, assertions: 0, declared: 0, written: 0 };
