/** A comment that sends its reader to a page by heading sends them to a heading that is there. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readHouse } from '../../scripts/house.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** `docs/<page>.md`, "<heading>"; the line may break between the two. */
const REFERENCE = /(docs\/[\w/-]+\.md)`?,(?:\s|\/\/|\*)+"([^"]+)"/g;

const headingsOf = (page: string): string[] =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^#+ (?:[\d.]+ )?(.+)$/gm)].map((match) => match[1] ?? '');

const code = [...readHouse(ROOT)].filter(([path]) => path !== 'test/house/references.test.ts');

test('each reference to a page names a heading of that page', () => {
  const found = code.flatMap(([path, text]) =>
    [...text.matchAll(REFERENCE)].map(([, page = '', heading = '']) => ({ path, page, heading })),
  );
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter(({ page, heading }) => !headingsOf(page).some((there) => there.replaceAll('`', '').startsWith(heading)))).toEqual([]);
});

test('no comment counts the sections of a page that is not here', () => {
  expect(code.filter(([, text]) => /(?:contract|design) sections? [\d.]+/i.test(text)).map(([path]) => path)).toEqual([]);
});
