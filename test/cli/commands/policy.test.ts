/** `governor policy test`: what it says of paths, where each rule stands, and what it refuses; it writes nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../cli/main.ts';

let repo: string;
beforeEach(() => {
  repo = mkdtempSync(join(tmpdir(), 'governor-policy-test-'));
});
afterEach(() => rmSync(repo, { recursive: true, force: true }));

const CONFIG = `version: 1
patterns: 2
protect:
  - id: money
    paths:
      - billing/**
      - src/payments
    approvers: { role: approver, min: 2, notStarter: true }
    reason: moves money
protectFrom: { codeowners: github }
deny:
  - { id: keys, paths: ["**/*.pem"], reason: "no keys in here" }
`;

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repo, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' });

function commit(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), text);
  }
  if (!existsSync(join(repo, '.git'))) git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
}

async function policy(...words: string[]) {
  let [output, errors] = ['', ''];
  const env = { PATH: process.env['PATH'] ?? '', GOVERNOR_HOME: join(repo, 'no-home') };
  const io = { stdout: (text: string) => (output += text), stderr: (text: string) => (errors += text), env, isTTY: false };
  const code = await run(['policy', 'test', ...words, '--repo', repo], { ...io, size: () => ({ columns: 80, rows: 24 }) });
  return { code, output, errors };
}

const FILES = {
  'governor.yaml': CONFIG,
  'src/payments/rate.ts': 'x',
  'package-lock.json': '{}',
  CODEOWNERS: '# who\n*.sql @dba @ops\ndb/free/\n[x] @y\n',
};

test('each path is told with its rules, their patterns and where these stand, also one that is not there yet', async () => {
  commit(FILES);
  const before = git('status', '--porcelain');
  const { code, output, errors } = await policy(
    'src/payments/rate.ts',
    'new/key.pem',
    '.github/workflows/ci.yml',
    'db/a.sql',
    './package-lock.json',
    'db/free/a.ts',
    'src/a.ts',
  );
  expect(code).toBe(0);
  expect(output.split('\n')).toEqual([
    'src/payments/rate.ts: RED LINE: a change of it needs a person',
    '  red line of protect money: "src/payments" at governor.yaml:7: moves money; 2 with role approver, not the starter',
    'new/key.pem (not in the base): DENIED: no change may touch it',
    '  deny keys: "**/*.pem" at governor.yaml:12: no keys in here',
    '.github/workflows/ci.yml (not in the base): RED LINE: a change of it needs a person',
    '  red line by default default:ci: ".github/workflows/**" at built in (protectDefaults.ci): a pipeline runs with more rights than any agent has; 1 with role approver',
    'db/a.sql (not in the base): RED LINE: a change of it needs a person',
    '  red line of CODEOWNERS codeowners:2: "*.sql" at CODEOWNERS:2: @dba @ops own *.sql (CODEOWNERS:2); 1 with role approver',
    'package-lock.json: RED LINE for some changes',
    '  red line by default default:registries: "package-lock.json" at built in (protectDefaults.registries): it decides where packages come from; 1 with role approver; only where the change takes a package from another registry or address than the base',
    'db/free/a.ts (not in the base): no rule names it',
    'src/a.ts (not in the base): no rule names it',
    '',
  ]);
  expect(errors).toContain("no plan's scope is known here");
  expect(errors).toContain('warning: governor.yaml:6: protect "money": pattern "billing/**" names no file of the base\n');
  expect(errors).toContain('warning: CODEOWNERS: line 4: [x]: ');
  expect([git('status', '--porcelain'), existsSync(join(repo, 'no-home'))]).toEqual([before, false]);
});

test('as JSON it is one line, and what it reads is the base: the working copy changes nothing', async () => {
  commit(FILES);
  writeFileSync(join(repo, 'CODEOWNERS'), '');
  const { code, output } = await policy('db/a.sql', '.git/config', '--json');
  expect(code).toBe(0);
  expect(output.trim().split('\n')).toHaveLength(1);
  const said = JSON.parse(output);
  expect(said).toMatchObject({
    base: git('rev-parse', 'HEAD').trim(),
    paths: [
      {
        path: 'db/a.sql',
        exists: false,
        verdict: 'red-line',
        rules: [
          {
            says: 'codeowners',
            id: 'codeowners:2',
            pattern: '*.sql',
            place: 'CODEOWNERS:2',
            approvers: { role: 'approver', min: 1, not_starter: false },
          },
        ],
      },
      { path: '.git/config', verdict: 'denied', rules: [{ says: 'deny', id: 'always', place: 'built in' }] },
    ],
  });
  expect(said.warnings).toHaveLength(3);
});

test('an earlier base has its own rules', async () => {
  commit({ 'governor.yaml': 'version: 1\n', 'a.sql': 'x' });
  commit(FILES);
  expect((await policy('a.sql', '--base', 'HEAD~1')).output).toBe('a.sql: no rule names it\n');
  expect((await policy('a.sql')).output).toContain('RED LINE');
});

test.each([
  [['/etc/passwd'], 'path "/etc/passwd": name it from the root of the repository'],
  [['src/../a'], 'path "src/../a": name it from the root of the repository'],
  [['a', '--base', 'nowhere'], 'nowhere'],
])('%j is a usage error', async (words, says) => {
  commit(FILES);
  const { code, output, errors } = await policy(...words);
  expect([code, output]).toEqual([2, '']);
  expect(errors).toContain(says);
});

test('a repository without rules, and no path at all, are usage errors', async () => {
  commit({ 'a.ts': 'x' });
  const { code, errors } = await policy('a.ts');
  expect([code, errors.includes('governor init')]).toEqual([2, true]);
  expect((await policy()).code).toBe(2);
});

test('a folder above a red line is told as one that a link in its place would cross, and a folder beside it is free', async () => {
  commit(FILES);
  const { output } = await policy('.github', 'src', 'lib', '--json');
  const { paths } = JSON.parse(output) as { paths: { path: string; verdict: string; rules: { id: string; when?: string }[] }[] };
  expect(paths.map(({ path, verdict }) => `${path} ${verdict}`)).toEqual(['.github maybe-red-line', 'src maybe-red-line', 'lib free']);
  expect(paths[0]?.rules.map(({ id }) => id)).toContain('default:ci');
  expect(paths[1]?.rules).toMatchObject([{ id: 'money', when: expect.stringContaining('a link in the place of this folder') }]);
});
