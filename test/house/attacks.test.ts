/** Every attack of the list has a test in the hostile suite, by its file and its title: a row that leads nowhere proves nothing. */
import { existsSync, readFileSync } from 'node:fs';
import picomatch from 'picomatch';
import { describe, expect, test } from 'vitest';
import { HOSTILE } from '../../vitest.hostile.config.ts';

/** How many attacks of each kind there are, numbered from 1. */
const KINDS = { S: 14, N: 3, B: 3, G: 7, P: 8, A: 8, T: 5, X: 6, J: 4, U: 3, H: 3, K: 1 };
const IDS = Object.entries(KINDS).flatMap(([kind, count]) => Array.from({ length: count }, (_none, index) => `${kind}${index + 1}`));

interface Row {
  readonly id: string;
  readonly seen: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

function rowsOf(page: string): Row[] {
  return [...page.matchAll(/^\| ([A-Z]\d+) \| (.+?) \| (.+?) \| (.+) \|$/gm)].map(([, id = '', , seen = '', cell = '']) => ({
    id,
    seen,
    tests: [...cell.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title })),
  }));
}

/** What is wrong with a row; undefined: nothing. @param read the source of a test file */
function faultOf(row: Row, read: (file: string) => string | undefined): string | undefined {
  if (row.tests.length === 0) return `${row.id}: names no test`;
  for (const { file, title } of row.tests) {
    const source = read(file);
    if (source === undefined) return `${row.id}: there is no ${file}`;
    if (!isHostile(file)) return `${row.id}: ${file} is not in the hostile suite`;
    if (!hasTest(source, title)) return `${row.id}: ${file} has no test "${title}"`;
  }
  return undefined;
}

const isHostile = picomatch(HOSTILE);
/** The title stands between quotes, as the first of several arguments. */
const hasTest = (source: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) => source.includes(`${quote}${title.replaceAll("'", quote === "'" ? "\\'" : "'")}${quote},`));

const rows = rowsOf(readFileSync('docs/attacks.md', 'utf8'));
const read = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

test('each attack has one row, and no row is of another', () => {
  expect(rows.map(({ id }) => id).toSorted()).toEqual(IDS.toSorted());
});

test.each(rows)('$id has its tests in the hostile suite', (row) => {
  expect(faultOf(row, read)).toBeUndefined();
});

describe('a row is refused', () => {
  const FILE = 'test/story/attack.test.ts';
  const of = (cell: string): Row[] => rowsOf(`| S1 | an attack | what is seen | ${cell} |`);
  const told = (cell: string): (string | undefined)[] => of(cell).map((row) => faultOf(row, () => "test('a title', () => {});"));

  test.each([
    ['without a test', 'later', 'S1: names no test'],
    ['of a test that is gone', `\`${FILE}\` "another title"`, `S1: ${FILE} has no test "another title"`],
    ['of half a title', `\`${FILE}\` "a titl"`, `S1: ${FILE} has no test "a titl"`],
    ['of another suite', '`test/domain/policy.test.ts` "a title"', 'S1: test/domain/policy.test.ts is not in the hostile suite'],
  ])('%s', (_how, cell, fault) => {
    expect(told(cell)).toEqual([fault]);
  });

  test('of a file that is gone, and a row as it should be is not', () => {
    expect(of(`\`${FILE}\` "a title"`).map((row) => faultOf(row, () => undefined))).toEqual([`S1: there is no ${FILE}`]);
    expect(told(`\`${FILE}\` "a title"`)).toEqual([undefined]);
  });
});
