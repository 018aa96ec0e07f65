/** Every file that a page names exists: a tour that leads nowhere is worse than none. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const ROOM =
  /(?<![\w./<-])((?:cli|server|runtime|graphs|nodes|tools|models|checkpoints|domain|docs|scripts|bench|test|examples)\/[\w./-]*[\w/-])/g;
const pages = ['README.md', 'AGENTS.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].filter((page) =>
  page.endsWith('.md'),
);

it.each(pages)('%s', (page) => {
  const text = readFileSync(root + page, 'utf8').replaceAll(/[\w/.-]*(?:<|&lt;)\w+(?:>|&gt;)[\w/.-]*/g, '');
  const named = [...new Set([...text.matchAll(ROOM)].map((match) => match[1] ?? ''))];
  const there = (path: string): boolean =>
    ['', '.ts', '.test.ts'].some((end) => existsSync(root + path + end) || existsSync(`${root}test/${path}${end}`));
  expect(named.filter((path) => !there(path))).toEqual([]);
});
