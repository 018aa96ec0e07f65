/** Tests, skips and assertions of a test file, by its language. What stands in strings and comments never counts. */

import { isTestFile, NO_TESTS, type TestCounts } from '../../../domain/test-files.ts';
import { javascriptTests } from './javascript-tests.ts';
import { pythonTests } from './python-tests.ts';

/** More than this of a file is not read, in UTF-16 units: no test file that people wrote is longer. */
const MAX_UNITS = 1024 * 1024;

interface Language {
  readonly path: RegExp;
  /** What is code for nobody: comments and strings, the longest first. */
  readonly dead: RegExp;
  readonly tests: readonly RegExp[];
  readonly skips: readonly RegExp[];
  readonly assertions: readonly RegExp[];
}

const C_STRINGS = String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S][^'\n]{0,8}|[^'\\\n])'`;

const LANGUAGES: readonly Language[] = [
  {
    path: /\.go$/,
    dead: new RegExp(`${C_STRINGS}|\`[^\`]*\``, 'g'),
    tests: [/^func\s+(?:Test|Fuzz|Example)\w*\s*\(/gm],
    skips: [/\b\w+\.(?:Skip|SkipNow|Skipf)\s*\(/g],
    assertions: [/\bt\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(/g, /\b(?:assert|require)\.\w+\s*\(/g],
  },
  {
    path: /\.rs$/,
    dead: new RegExp(String.raw`r#"[\s\S]*?(?:"#|$)|${C_STRINGS}`, 'g'),
    tests: [/#\[(?:\w+::)*test\b/g],
    skips: [/#\[ignore\b/g, /#\[should_panic\b/g],
    assertions: [/\bassert\w*!/g],
  },
  {
    path: /\.(?:java|kt|cs|php)$/,
    dead: new RegExp(String.raw`"""[\s\S]*?"""|${C_STRINGS}`, 'g'),
    tests: [/@(?:Test|ParameterizedTest|RepeatedTest)\b/g, /\[(?:Fact|Theory|Test|TestMethod|TestCase)\b/g, /\bfunction\s+test\w*\s*\(/g],
    skips: [/@(?:Disabled|Ignore)\w*/g, /\[Ignore\b/g, /\bmarkTest(?:Skipped|Incomplete)\s*\(/g],
    assertions: [/\bassert\w*(?:[.:]+\w+)*\s*\(/gi, /\bverify\s*\(/g],
  },
  {
    path: /\.rb$/,
    dead: /^=begin[\s\S]*?(?:^=end|$(?![\s\S]))|#[^\n]*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'/gm,
    tests: [/^\s*(?:it|specify|test|scenario)\s*(?:\(|"|'| do\b)/gm, /^\s*def\s+test_\w+/gm],
    skips: [/^\s*(?:xit|xdescribe|xcontext|fit|fdescribe|skip|pending|omit)\b/gm],
    assertions: [/\b(?:assert|refute)\w*[ (]/g, /\bexpect\s*[({]/g, /\.should\b/g],
  },
];

/** Nothing of a path that is no test file. */
export function countTests(path: string, whole: string): TestCounts {
  const text = whole.slice(0, MAX_UNITS);
  if (!isTestFile(path)) return NO_TESTS;
  if (/\.[cm]?[jt]sx?$/.test(path)) return javascriptTests(text);
  if (path.endsWith('.py')) return pythonTests(text);
  const language = LANGUAGES.find((one) => one.path.test(path));
  return language === undefined ? NO_TESTS : counted(language, text);
}

function counted({ dead, tests, skips, assertions }: Language, text: string): TestCounts {
  // A string stays a string: Ruby's `it "adds"` is told by it.
  const code = text.replaceAll(dead, (word) => (/^["'`r]/.test(word) ? '""' : ' '));
  const count = (shapes: readonly RegExp[]): number => shapes.reduce((sum, shape) => sum + [...code.matchAll(shape)].length, 0);
  const [declared, written] = [count(tests), count(assertions)];
  return { tests: declared, skips: count(skips), assertions: written, declared, written };
}
