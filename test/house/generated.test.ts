/** Files that are made from the code are compared with it, by a check that does not make them first. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GENERATED, staleFiles, writeFiles } from '../../scripts/generated.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every committed file is what the code says', async () => {
  expect(await staleFiles(root)).toEqual([]);
  expect(GENERATED.map(({ file }) => file)).toEqual(['governor.schema.json', 'governor-eval.schema.json', 'docs/server-differences.md']);
});

test('`npm run check` compares them, and what the suite does before its tests writes none of them', () => {
  expect(readFileSync(join(root, 'scripts/check.mjs'), 'utf8')).toContain("'scripts/generated.mjs'");
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['build']).toBe('node scripts/build.mjs && node --import tsx scripts/generated.mjs --write');
  const setUp = readFileSync(join(root, 'test/fresh-build.ts'), 'utf8') + readFileSync(join(root, 'scripts/build.mjs'), 'utf8');
  for (const { file } of GENERATED) expect(setUp).not.toContain(file);
  expect(setUp).not.toContain('generated');
});

describe('a file that is made', () => {
  let folder = '';
  const generated = [{ file: 'page.md', text: () => Promise.resolve('one\ntwo\n') }];
  const place = (): string => join(folder, 'page.md');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'governor-generated-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['is old', 'one\nthree\n', 'it differs from line 2 on'],
    ['is cut', 'one\n', 'it differs from line 2 on'],
    ['has more', 'one\ntwo\n\n', 'it differs from line 4 on'],
    ['is not there', undefined, 'it is not there'],
  ])('%s: told with its name, its line and the command, and left as it is', async (_what, text, place_) => {
    if (text !== undefined) writeFileSync(place(), text);
    expect(await staleFiles(folder, generated)).toEqual([
      { file: 'page.md', problem: `page.md: is not what the code says, ${place_}; write it with: npm run build` },
    ]);
    if (text !== undefined) expect(readFileSync(place(), 'utf8')).toBe(text);
    expect(await writeFiles(folder, generated)).toEqual(['page.md']);
    expect(readFileSync(place(), 'utf8')).toBe('one\ntwo\n');
  });

  test('is current: nothing is told, nothing is written', async () => {
    writeFileSync(place(), 'one\ntwo\n');
    const before = statSync(place()).mtimeMs;
    expect(await staleFiles(folder, generated)).toEqual([]);
    expect(await writeFiles(folder, generated)).toEqual([]);
    expect(statSync(place()).mtimeMs).toBe(before);
  });
});

test('the step of the check runs by itself and passes', () => {
  expect(execFileSync(process.execPath, ['--import', 'tsx', 'scripts/generated.mjs'], { cwd: root, encoding: 'utf8' })).toBe('');
});
