/** The commands that a repository names for itself. */
import { expect, onTestFinished, test } from 'vitest';
import { createRedactor } from '../../../tools/redact.ts';
import { readScripts } from '../../../tools/survey/scripts.ts';
import { makeRepo } from '../repo.ts';

const TOKEN = 'correct-horse-battery-staple';

async function scriptsOf(files: Readonly<Record<string, string>>, near: readonly string[] = []) {
  const repo = makeRepo();
  onTestFinished(() => repo.remove());
  for (const [path, text] of Object.entries(files)) repo.put(path, text);
  const commit = repo.commit('files');
  const repository = await repo.open();
  onTestFinished(() => repository.close());
  return readScripts(repository, await repository.listTree(commit), { near, redact: createRedactor([TOKEN]) });
}

const pack = (scripts: object, more: object = {}): string => JSON.stringify({ scripts, ...more });

test('package scripts, Makefile targets with their first line, and tasks of pyproject.toml', async () => {
  const lists = await scriptsOf({
    'package.json': pack({ test: 'vitest  run', odd: 7 }),
    Makefile: '.PHONY: test\nCC := gcc\ntest: build ## runs all\n\t@pytest -q\nbuild:\n%.o: %.c\n\tcc $<\n',
    'pyproject.toml':
      '[project]\nname = "x"\n[project.scripts]\nserve = "x.app:main"\n[tool.poe.tasks]\nlint = { cmd = "ruff check" }\n[tool.ruff]\nline = 3\n',
  });
  expect(lists).toEqual([
    {
      path: 'Makefile',
      scripts: [
        { name: 'test', command: 'pytest -q' },
        { name: 'build', command: '' },
      ],
      more: 0,
    },
    { path: 'package.json', scripts: [{ name: 'test', command: 'vitest run' }], more: 0 },
    {
      path: 'pyproject.toml',
      scripts: [
        { name: 'serve', command: 'x.app:main' },
        { name: 'lint', command: '{ cmd = "ruff check" }' },
      ],
      more: 0,
    },
  ]);
});

test('workspaces of npm and of pnpm count; other package files, and those of what is vendored, do not', async () => {
  const files = {
    'packages/a/package.json': pack({ build: 'tsc' }),
    'packages/private/package.json': pack({ build: 'no' }),
    'tools/b/package.json': pack({ build: 'go' }),
    'test/fixtures/c/package.json': pack({ build: 'fixture' }),
    'packages/a/node_modules/d/package.json': pack({ build: 'vendored' }),
  };
  const npm = await scriptsOf({ ...files, 'package.json': pack({ all: 'x' }, { workspaces: ['packages/*', '!packages/private'] }) });
  expect(npm.map(({ path }) => path)).toEqual(['package.json', 'packages/a/package.json']);
  const pnpm = await scriptsOf({ ...files, 'package.json': pack({}), 'pnpm-workspace.yaml': 'packages:\n  - tools/**\n' });
  expect(pnpm.map(({ path }) => path)).toEqual(['tools/b/package.json']);
});

test('a package over the planned paths comes before the other workspaces, also where nobody lists it', async () => {
  const files = { 'package.json': pack({ all: 'x' }), 'z/p/package.json': pack({ one: '1' }), 'a/p/package.json': pack({ two: '2' }) };
  const lists = await scriptsOf(files, ['z/p/src/**']);
  expect(lists.map(({ path }) => path)).toEqual(['package.json', 'z/p/package.json']);
});

test('what is long is cut and counted; what is no JSON, YAML or text is left out', async () => {
  const many = Object.fromEntries(Array.from({ length: 25 }, (_none, n) => [`s${n}`, 'x'.repeat(500)]));
  const [list] = await scriptsOf({ 'package.json': pack(many) });
  expect([list?.scripts.length, list?.more, list?.scripts[0]?.command.length]).toEqual([20, 5, 120]);
  expect(await scriptsOf({ 'package.json': '{ broken', 'pnpm-workspace.yaml': 'packages: [', Makefile: '\0' })).toEqual([]);
});

test('a secret at the cut of a long command is masked as a whole', async () => {
  const [list] = await scriptsOf({ 'package.json': pack({ deploy: `${'x'.repeat(100)} ${TOKEN}`, long: 'y'.repeat(200) }) });
  expect(list?.scripts.map(({ command }) => command)).toEqual([`${'x'.repeat(100)} [REDACTED]`, `${'y'.repeat(117)}...`]);
});

test('workspaces whose pattern would take for ever are none, and the others are found; so is a command behind a page of blanks', async () => {
  const deep = `packages/${'a'.repeat(200)}`;
  const startedMs = performance.now();
  const lists = await scriptsOf({
    'package.json': pack({}, { workspaces: ['packages/*a*a*a*a*a*ab', 'apps/*'] }),
    [`${deep}/package.json`]: pack({ hidden: 'x' }),
    'apps/one/package.json': pack({ found: 'y' }),
    'pyproject.toml': `[project.scripts]\na = x${' '.repeat(100_000)}y\n`,
  });
  expect(lists.map(({ path, scripts }) => [path, scripts.map(({ command }) => command)])).toEqual([
    ['pyproject.toml', ['x y']],
    ['apps/one/package.json', ['y']],
  ]);
  expect(performance.now() - startedMs).toBeLessThan(5000);
});
