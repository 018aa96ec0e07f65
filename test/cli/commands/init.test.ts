/** `governor init` on the kinds of repository that people have: what it writes is a configuration, also after it was mended. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initCommand } from '../../../cli/commands/init.ts';
import { configSchema } from '../../../domain/config.ts';
import { parseYaml } from '../../../runtime/yaml-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-init-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `init` in a new repository with these files; gives what it said and wrote. */
async function init(name: string, files: Readonly<Record<string, string>>, flags: { json?: boolean; commit?: boolean } = {}) {
  const repo = join(folder, name);
  mkdirSync(repo);
  for (const [path, text] of Object.entries({ README: 'x\n', ...files })) writeFileSync(join(repo, path), text);
  const who = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'a@b' };
  const env = { PATH: process.env['PATH'] ?? '', ...who };
  for (const args of [
    ['init', '-q', '-b', 'trunk'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'base'],
  ])
    execFileSync('git', args, { cwd: repo, env });
  let output = '';
  const io = {
    stdout: (text: string) => {
      output += text;
    },
    stderr: () => {},
    env,
    isTTY: false,
    size: () => ({ columns: 80, rows: 24 }),
  };
  const code = await initCommand(io, { repo, ...flags });
  const text = readFileSync(join(repo, 'governor.yaml'), 'utf8');
  return { code, output, text, config: parseYaml(text, 'governor.yaml', configSchema).value, repo };
}

const scripts = (more: object = {}): string => JSON.stringify({ scripts: { test: 'node -e 0', lint: 'false' }, ...more });

test('each package manager is recognised, and its checks are tried', async () => {
  for (const [name, files, test] of [
    ['npm', { 'package.json': scripts() }, '["npm","test"]'],
    ['pnpm', { 'package.json': scripts(), 'pnpm-lock.yaml': '' }, '["pnpm","test"]'],
    ['yarn', { 'package.json': scripts(), 'yarn.lock': '' }, '["yarn","test"]'],
    ['bun', { 'package.json': scripts(), 'bun.lock': '' }, '["bun","run","test"]'],
    ['declared', { 'package.json': scripts({ packageManager: 'pnpm@9.1.0' }), 'yarn.lock': '' }, '["pnpm","test"]'],
    ['python', { 'setup.py': '' }, '["python3","-m","pytest","-q"]'],
  ] as const) {
    const { code, text, config } = await init(name, files);
    expect(code).toBe(0);
    expect(text, name).toContain(test);
    expect(config.release.branch).toBe('trunk');
  }
});

test('a check that fails is written so that removing the sign before it makes a configuration', async () => {
  const some = await init('some', { 'package.json': scripts() });
  expect(some.config.checks.map((check) => check.id)).toEqual(['test']);
  const mended = some.text.replace('#  - { id: lint', '  - { id: lint');
  expect(parseYaml(mended, 'governor.yaml', configSchema).value.checks.map((check) => check.id)).toEqual(['test', 'lint']);
  for (const [name, files, id] of [
    ['none', { 'package.json': JSON.stringify({ scripts: { lint: 'false' } }) }, 'lint'],
    ['empty', {}, 'test'],
    ['odd', { 'package.json': '{"scripts":5}' }, 'test'],
  ] as const) {
    const { text, output, config } = await init(name, files);
    expect(config.checks, name).toEqual([]);
    expect(output).toContain('NO_CHECKS');
    const written = text.replace(/^checks: \[\]/m, 'checks:').replace(`#  - { id: ${id}`, `  - { id: ${id}`);
    expect(parseYaml(written, 'governor.yaml', configSchema).value.checks.map((check) => check.id)).toEqual([id]);
  }
});

test('with --json the only line is the result; a package.json that is no JSON is named', async () => {
  const { output, repo } = await init('json', { 'package.json': scripts() }, { json: true, commit: true });
  expect(JSON.parse(output)).toEqual({
    path: join(repo, 'governor.yaml'),
    checks: [
      { id: 'test', run: ['npm', 'test'], exit_code: 0 },
      { id: 'lint', run: ['npm', 'run', 'lint'], exit_code: 1 },
    ],
    committed: true,
  });
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: repo, encoding: 'utf8' })).toBe('');
  await expect(init('broken', { 'package.json': '{' })).rejects.toThrow(/^package\.json of HEAD: is not JSON/);
});

test('a configuration that is there is left as it is, with a word about patterns of it that name nothing; one that names files has none', async () => {
  const { repo, output, config } = await init('there', { 'a.sql': 'x', CODEOWNERS: '* @a\n' });
  expect(config.protect).toEqual([]);
  expect(output).not.toContain('names no file');
  const told = async (paths: string) => {
    writeFileSync(join(repo, 'governor.yaml'), `version: 1\npatterns: 2\ndeny:\n  - { id: sql, paths: [${paths}], reason: r }\n`);
    let errors = '';
    const env = { PATH: process.env['PATH'] ?? '' };
    const io = { stdout: () => {}, stderr: (text: string) => (errors += text), env, isTTY: false, size: () => ({ columns: 80, rows: 24 }) };
    await expect(initCommand(io, { repo })).rejects.toThrow(/governor\.yaml: exists already/);
    return errors;
  };
  expect(await told('"db/*.sql"')).toMatch(
    /^warning: .*governor\.yaml:4: deny "sql": pattern "db\/\*\.sql" names no file of the base; "\*\*\/\*\.sql" would name "a\.sql"\n$/,
  );
  expect(await told('"*.sql"')).toBe('');
  expect(await told('5')).toMatch(/^warning: .*governor\.yaml:4: deny\.0\.paths\.0: /);
});

test('a CODEOWNERS that is there can be made red lines of by removing one sign, as its host reads it', async () => {
  const none = await init('none', {});
  expect(none.text).not.toContain('protectFrom:');
  const { text } = await init('owned', { CODEOWNERS: '* @a\n' });
  const { value } = parseYaml(text.replace('# protectFrom:', 'protectFrom:'), 'governor.yaml', configSchema);
  expect(value.protectFrom).toMatchObject({ codeowners: 'github', approvers: { role: 'approver', min: 1 } });
  expect(
    parseYaml(text.replace('protect: []', 'protect:').replace('#  - { id: money', '  - { id: money'), 'governor.yaml', configSchema).value
      .protect,
  ).toHaveLength(1);
});
