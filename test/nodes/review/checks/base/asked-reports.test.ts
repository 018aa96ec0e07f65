/** The environment that asks runners for reports, with the real `node --test` in every form that commands have. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askForReports } from '../../../../../nodes/review/checks/base/asked-reports.ts';
import { readReports } from '../../../../../nodes/review/checks/base/read-reports.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-asked-'));
  mkdirSync(join(folder, 'reports'));
  writeFileSync(join(folder, 'a.test.mjs'), "import { test } from 'node:test';\ntest('adds', () => {});\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  'node --test',
  'node --test --test-reporter=tap',
  'node --test --test-reporter spec --test-reporter-destination stdout',
  'node --test --test-reporter=tap --test-reporter-destination=out.tap --test-reporter=dot --test-reporter-destination=stdout',
  'node a.test.mjs',
])('%s', (words) => {
  const env = { PATH: process.env['PATH'], ...askForReports(join(folder, 'reports'), words) };
  const output = execFileSync('sh', ['-c', words], { cwd: folder, env, encoding: 'utf8' });
  expect(readReports(join(folder, 'reports'), '', [folder])).toEqual([{ file: 'a.test.mjs', name: 'adds', end: 'passed' }]);
  expect(output).not.toBe('');
});

test('a program that is no runner keeps its words', () => {
  writeFileSync(join(folder, 'a.mjs'), 'console.log(JSON.stringify(process.argv.slice(2)));\n');
  const env = { PATH: process.env['PATH'], ...askForReports(join(folder, 'reports'), '') };
  expect(execFileSync('node', ['a.mjs', '--json', '--', 'x'], { cwd: folder, env, encoding: 'utf8' })).toBe('["--json","--","x"]\n');
});

test.each([
  ['jest', ['--ci', '--outputFile=mine.json', '--json', '--', 'x'], /^\["--ci","--json","--json","--outputFile=[^"]+\.json","--","x"\]$/],
  [
    'vitest',
    ['run', '--outputFile', 'mine.xml', '--outputFile.junit=x.xml', '--bail'],
    /^\["run","--bail",[^\]]*"--outputFile.json=[^"]+"\]$/,
  ],
])('%s gets one place for its report, and that is not the one of the command', (name, words, gets) => {
  writeFileSync(join(folder, `${name}.mjs`), 'console.log(JSON.stringify(process.argv.slice(2)));\n');
  const env = { PATH: process.env['PATH'], ...askForReports(join(folder, 'reports'), '') };
  expect(execFileSync('node', [`${name}.mjs`, ...words], { cwd: folder, env, encoding: 'utf8' }).trim()).toMatch(gets);
});
