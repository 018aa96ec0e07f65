/** The glossary: every file that it names is there, it is in order, and has the words that the house gives a meaning of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const rows = readFileSync(new URL('docs/words.md', root), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| word |'))
  .map((line) => line.slice(2, -2).split(' | '));

it('every word has one line: the word, what it means, and a file that is there', () => {
  for (const row of rows) expect(row, row[0]).toHaveLength(3);
  const files = rows.map(([word, , file = '']) => ({ word, file: /^`([^`]+)`$/.exec(file)?.[1] ?? '' }));
  expect(files.filter(({ file }) => file === '' || !existsSync(new URL(file, root)))).toEqual([]);
});

it('the words stand in the order of the alphabet, each once', () => {
  const words = rows.map(([word]) => word ?? '');
  expect(words).toEqual([...new Set(words)].toSorted((a, b) => a.localeCompare(b, 'en')));
});

it('words with several meanings, and those that people meet first, are there', () => {
  const words = new Set(rows.map(([word]) => word));
  const needed = [
    'run',
    'served run',
    'guarded',
    'state',
    'wire',
    'worker',
    'attempt',
    'thread',
    'drive',
    'stage',
    'gate',
    'fence',
    'home',
  ];
  expect(needed.filter((word) => !words.has(word))).toEqual([]);
});
