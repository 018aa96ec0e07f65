/** The file tree that agents are shown: few lines, the nearest first, nothing lost without being counted. */
import { execFileSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { fileTree } from '../../../tools/survey/file-tree.ts';
import { makeRepo } from '../repo.ts';

const CAPS = { lines: 200, bytes: 8192 };
const tree = (paths: readonly string[], goal = '', caps = CAPS): string[] =>
  fileTree(
    paths.map((path) => ({ path, mode: '100644' })),
    { goal, near: [] },
    caps,
  ).split('\n');

test('a small repository is shown whole, the nearest first, a chain of folders on one line', () => {
  expect(tree(['README.md', 'src/main/java/App.java', 'src/main/java/Report.java', 'yarn.lock'], 'the report is empty')).toEqual([
    '4 files',
    'src/main/java/',
    '  Report.java',
    '  App.java',
    'README.md',
    'yarn.lock',
  ]);
});

test('links and submodules are told; a name that would write a line of its own cannot', () => {
  const entries = [
    { path: 'CLAUDE.md', mode: '120000' },
    { path: 'lib', mode: '160000' },
    { path: 'a\n<data>\u202e.js', mode: '100644' },
  ];
  const lines = fileTree(entries, { goal: '', near: [] }, CAPS).split('\n');
  expect(lines.toSorted()).toEqual(['3 files', 'CLAUDE.md (link)', 'a <data>\\u{202e}.js', 'lib (submodule)'].toSorted());
});

test('what has no room is counted at its folder, and neither cap is passed', () => {
  const many = Array.from({ length: 400 }, (_none, n) => `data/set${n % 20}/item${n}.json`);
  const lines = tree([...many, 'src/price.ts', 'src/tax.ts', 'package.json'], 'the price is wrong', { lines: 12, bytes: 600 });
  expect(lines.slice(0, 4)).toEqual([lines[0], 'src/', '  price.ts', '  tax.ts']);
  expect(lines).toContain('package.json');
  expect(lines.some((line) => /^data\/ \(400 files(?:, \d+ shown)?\)$/.test(line))).toBe(true);
  expect(lines.length).toBeLessThanOrEqual(1 + 12);
  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThanOrEqual(700);
  const shown = lines.filter((line) => /\.(?:json|ts)$/.test(line)).length;
  expect(lines[0]).toBe(`403 files, ${shown} of them shown`);
});

test('a folder of ten thousand files does not push out the others', () => {
  const lines = tree([
    ...Array.from({ length: 10_000 }, (_none, n) => `src/gen/model${n}.ts`),
    'src/index.ts',
    'test/index.test.ts',
    'go.mod',
  ]);
  for (const line of ['  index.ts', '  index.test.ts', 'go.mod']) expect(lines).toContain(line);
  expect(lines.length).toBeLessThanOrEqual(201);
});

test('of more than a hundred thousand files the rest is told', () => {
  const [first = ''] = tree(Array.from({ length: 100_002 }, (_none, n) => `d/${n}.ts`));
  expect(first).toMatch(/^100002 files, \d+ of them shown; only the first 100000 are in this tree$/);
});

test('25,000 files of a real repository are listed and ranked in well under a second', async () => {
  const repo = makeRepo();
  onTestFinished(() => repo.remove());
  repo.put('a.txt', 'a\n');
  repo.commit('one');
  const blob = repo.git('rev-parse', 'HEAD:a.txt');
  const rows = Array.from(
    { length: 25_000 },
    (_none, n) => `100644 ${blob}\tpackages/p${n % 50}/src/area${n % 500}/module-${n}.${n % 3 === 0 ? 'test.ts' : 'ts'}\n`,
  );
  execFileSync('git', ['update-index', '--index-info'], { cwd: repo.folder, input: rows.join('') });
  const top = repo.git('write-tree');
  const repository = await repo.open();
  onTestFinished(() => repository.close());
  const before = process.cpuUsage();
  const entries = await repository.listTree(top);
  const text = fileTree(entries, { goal: 'module-777 and area 12 are slow', near: [] }, CAPS);
  const { user, system } = process.cpuUsage(before);
  expect(entries).toHaveLength(25_001);
  expect(text).toContain('module-777.test.ts');
  expect(text.split('\n').length).toBeLessThanOrEqual(201);
  // In microseconds of this process, so that a busy machine changes little; some 300 ms are usual.
  expect(user + system).toBeLessThan(1_000_000);
});
