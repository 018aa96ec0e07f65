/** A page that is too long keeps the beginning and the end of each section, and tells what it lacks. */
import { expect, test } from 'vitest';
import { shorten } from '../../../tools/survey/shorten.ts';

const lines = (name: string, count: number): string[] => Array.from({ length: count }, (_none, n) => `${name} ${n} ${'x'.repeat(30)}`);
const PAGE = ['# House', 'be kind', '## Style', ...lines('style', 100), '## Tests', 'run them all'].join('\n');

test('a page that fits is not touched', () => {
  expect(shorten(PAGE, Buffer.byteLength(PAGE))).toBe(PAGE);
});

test('short sections stay whole, the long one loses its middle, and the note names the lines that are gone', () => {
  const cut = shorten(PAGE, 1500);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1500);
  for (const kept of ['# House\nbe kind\n## Style\nstyle 0 ', 'style 99 ', '## Tests\nrun them all']) expect(cut).toContain(kept);
  const [, first, last] = /lines (\d+)-(\d+) are left out here/.exec(cut) ?? [];
  const whole = PAGE.split('\n');
  for (const [place, line] of whole.entries()) expect(cut.includes(line), line).toBe(place + 1 < Number(first) || place + 1 > Number(last));
});

test('a page of more sections than there is room for is cut as one, and one endless line is told', () => {
  const page = Array.from({ length: 300 }, (_none, n) => `# ${n}\ntext of ${n}`).join('\n');
  const cut = shorten(page, 1000);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1000);
  expect([cut.startsWith('# 0\n'), cut.endsWith('text of 299')]).toEqual([true, true]);
  expect(shorten('y'.repeat(5000), 400)).toBe('[governor: line 1 is left out here (5001 bytes); read the file to see them]');
});

test('a heading inside a code block begins no section', () => {
  const page = ['# One', '```sh', '# no heading', ...lines('code', 60), '```', '# Two', 'end'].join('\n');
  const cut = shorten(page, 900);
  expect(cut.match(/left out here/g)).toHaveLength(1);
  expect(cut).toContain('# Two\nend');
});
