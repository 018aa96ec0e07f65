/**
 * Tests that must fail, written behind the tests of the base: where one does not, results are forged or assertions assert nothing, and
 * what passes beside it is no evidence.
 */
import { digestOf } from '../../../../domain/ids.ts';
import { countTests } from '../test-counts.ts';

export interface MustFail {
  /** A word of letters and digits that stands in the names of these tests, and in no other. */
  readonly word: string;
  /** With it, the name of the test of one file: a package of Go has all of its files' in one place. */
  readonly nameOf: (path: string) => string;
  /** What is appended to the text of a test file; undefined for a language without one, and for a file without tests. */
  readonly for: (path: string, text: string) => string | undefined;
}

/**
 * The functions are the file's own, by the names that runners and assertion libraries give them; where one is not there, calling it
 * throws as a held assertion does. One line, which no type is checked in.
 */
function javascript(word: string, one: number, other: number): string {
  const expected = ['toBe(B)', 'toEqual(B)', 'toStrictEqual(B)', 'toBeUndefined()', 'toBeNull()', 'to.equal(B)', 'to.eql(B)'];
  const asserted = ['ok(0)', 'equal(A, B)', 'strictEqual(A, B)', 'deepEqual([A], [B])', 'deepStrictEqual([A], [B])', 'throws(() => {})'];
  const tries = [
    ...expected.map((call) => `() => expect(A).${call}`),
    '() => expect([A]).toContain(B)',
    '() => expect(0).toBeTruthy()',
    '() => expect(() => {}).toThrow()',
    ...['assert', "process.getBuiltinModule('node:assert')", "process.getBuiltinModule('node:assert').strict"].flatMap((library) =>
      asserted.map((call) => `() => ${library}.${call}`),
    ),
  ];
  const passes = `[${tries.join(', ')}].some((held) => { try { held(); return true; } catch { return false; } })`;
  const body = `() => { const [A, B] = [${one}, ${other}]; if (!${passes}) throw new Error('${word}'); }`;
  return `\n;\n// @ts-ignore\ntry { (typeof it === 'function' ? it : test)('${word}', ${body}); } catch {}\n`;
}

/** Once for runners of functions, once for those of cases. */
const python = (word: string, one: number, other: number): string =>
  [
    '',
    `def test_${word}():`,
    `    assert ${one} == ${other}`,
    '',
    'import unittest as _unittest',
    `class Test${word}(_unittest.TestCase):`,
    `    def test_${word}(self):`,
    '        for held in (',
    `            lambda: self.assertEqual(${one}, ${other}),`,
    '            lambda: self.assertTrue(False),',
    `            lambda: self.assertIn(${one}, [${other}]),`,
    '            lambda: self.assertRaises(ValueError, int, 0),',
    '        ):',
    '            try:',
    '                held()',
    '            except AssertionError:',
    '                continue',
    '            return',
    `        raise AssertionError('${word}')`,
    '',
  ].join('\n');

interface Language {
  readonly files: RegExp;
  readonly write: (word: string, one: number, other: number) => string;
}

const LANGUAGES: readonly Language[] = [
  { files: /\.[cm]?[jt]sx?$/, write: javascript },
  { files: /\.py$/, write: python },
  { files: /_test\.go$/, write: (name) => `\nfunc Test${name}(t *testing.T) { t.Fatal("must fail") }\n` },
];

/** @param seed the same for the same test files of the same run, so that a repeated review does the same. */
export function mustFail(seed: unknown): MustFail {
  const digest = digestOf(seed);
  const word = `Holds${digest.slice(0, 12)}`;
  const [one, other] = [Number.parseInt(digest.slice(12, 16), 16), Number.parseInt(digest.slice(16, 20), 16) + 0x10000];
  const nameOf = (path: string): string => `${word}x${digestOf(path).slice(0, 8)}`;
  return {
    word,
    nameOf,
    for: (path, text) => {
      if (countTests(path, text).tests === 0 || (path.endsWith('.go') && !/"testing"/.test(text))) return undefined;
      return LANGUAGES.find(({ files }) => files.test(path))?.write(nameOf(path), one, other);
    },
  };
}
