/** Tests, skips and assertions of a Python test file, by its definitions and decorators. */
import { NO_TESTS, type TestCounts } from '../../../domain/test-files.ts';

/** Strings, the triple ones first, and comments. */
const DEAD = /(?:"""|''')[\s\S]*?(?:"""|'''|$(?![\s\S]))|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|#[^\n]*/g;
const TEST = /^[ \t]*(?:async[ \t]+)?def[ \t]+test\w*[ \t]*\(/;
const BLOCK = /^[ \t]*(?:async[ \t]+def|def|class)\b/;
const SKIPS = [
  /\b(?:mark|unittest)\.(?:skip|skipif|skipIf|skipUnless|xfail|expectedFailure)\b/g,
  /^[ \t]*@(?:skip|skipif|skipIf|skipUnless|xfail|expectedFailure)\b/gm,
  /\bpytest\.(?:skip|xfail|importorskip)\s*[.(]/g,
  /\bself\.skipTest\s*\(/g,
  /\braise\s+(?:unittest\.)?SkipTest\b/g,
  /^[ \t]*__test__\s*=\s*False\b/gm,
];
const ASSERTION = /\bassert\b|\bself\.(?:assert\w+|fail)\s*\(|\bpytest\.(?:raises|warns)\s*\(/g;

export function pythonTests(text: string): TestCounts {
  const code = text.replaceAll(DEAD, (word) => (word.startsWith('#') ? '' : '""'));
  const counts = { ...NO_TESTS, skips: SKIPS.reduce((sum, shape) => sum + [...code.matchAll(shape)].length, 0) };
  /** Of the decorators that stand before the next definition. */
  let rows = 1;
  let weight = 1;
  let from = 0;
  const leaving = earlyReturns();
  for (const line of code.split('\n')) {
    const decorated = /^[ \t]*@(?:[\w.]+\.)?parametrize\b/.test(line);
    if (decorated) rows *= rowsAt(code, from);
    if (BLOCK.test(line)) {
      weight = TEST.test(line) ? rows : 1;
      counts.tests += TEST.test(line) ? rows : 0;
      counts.declared += TEST.test(line) ? 1 : 0;
      rows = 1;
    }
    const asserted = [...line.matchAll(ASSERTION)].length;
    counts.skips += leaving(line, asserted > 0) ? 1 : 0;
    counts.assertions += asserted * weight;
    counts.written += asserted;
    from += line.length + 1;
  }
  return counts;
}

const RETURN = /(?:^|:)[ \t]*return(?:[ \t]+(?:None|True|False))?[ \t]*;?$/;

/** Asked for each line in order: is it an assertion that its test may leave before, by its own `return` without a value? */
function earlyReturns(): (line: string, isAssertion: boolean) => boolean {
  let test: number | undefined;
  let inner: number | undefined;
  let isLeft = false;
  return (line, isAssertion) => {
    const text = line.trimEnd();
    if (text.trim() === '') return false;
    const indent = /^[ \t]*/.exec(text)?.[0].length ?? 0;
    if (inner !== undefined && indent <= inner) inner = undefined;
    if (TEST.test(text)) [test, inner, isLeft] = [indent, undefined, false];
    else if (test !== undefined && indent <= test) test = undefined;
    else if (inner === undefined && BLOCK.test(text)) inner = indent;
    if (test === undefined || inner !== undefined) return false;
    if (RETURN.test(text)) isLeft = true;
    if (!isLeft || !isAssertion) return false;
    isLeft = false;
    return true;
  };
}

/** Where a decorator ends at the latest. */
const NEXT = /\n[ \t]*(?:@|(?:async|def|class)\b)/g;

/** The rows of `@pytest.mark.parametrize(names, [ ... ])` that begins here; one where they are not written out. */
function rowsAt(code: string, from: number): number {
  const list = /^[^\n(]*\(\s*(?:""|\[[^\]]*\]|\([^)]*\))\s*,\s*(?:argvalues\s*=\s*)?[[(]/.exec(code.slice(from, from + 400));
  if (list === null) return 1;
  NEXT.lastIndex = from + 1;
  const end = NEXT.exec(code)?.index ?? code.length;
  let depth = 1;
  let rows = 0;
  let filled = false;
  for (let at = from + list[0].length; at < end && depth > 0; at += 1) {
    const sign = code[at] ?? '';
    if (/[[({]/.test(sign)) depth += 1;
    if (/[\])}]/.test(sign)) depth -= 1;
    if (depth === 1 && sign === ',') {
      rows += filled ? 1 : 0;
      filled = false;
    } else if (depth > 0 && /\S/.test(sign)) filled = true;
  }
  return Math.max(1, rows + (filled ? 1 : 0));
}
