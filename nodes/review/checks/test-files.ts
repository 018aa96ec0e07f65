/** Recognises test files, snapshots and test configuration by their paths, over the common languages. */

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

export const isTestFile = (path: string): boolean => TEST_PATH.some((shape) => shape.test(path)) && !SNAPSHOT_PATH.test(path);
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
