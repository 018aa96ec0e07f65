/** The shipped tasks are what they say, as far as that can be seen without running the governor. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { pathMatcher } from '../../domain/patterns.ts';
import { loadSuite } from '../../runtime/eval/task.ts';

const SUITE = fileURLToPath(new URL('../../examples/eval', import.meta.url));
const { tasks } = loadSuite(SUITE);

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

function checkout(task: (typeof tasks)[number]): string {
  const folder = mkdtempSync(join(tmpdir(), `eval-${task.id}-`));
  folders.push(folder);
  cpSync(join(task.folder, 'repo'), folder, { recursive: true });
  if (existsSync(join(task.folder, 'hidden'))) cpSync(join(task.folder, 'hidden'), join(folder, 'hidden-checks'), { recursive: true });
  return folder;
}

const run = (folder: string, argv: readonly string[]) => spawnSync(argv[0] ?? '', argv.slice(1), { cwd: folder, encoding: 'utf8' });

it('there are twelve, of every kind; half of them are large and have a trap', () => {
  expect(tasks).toHaveLength(12);
  const tags = tasks.flatMap((task) => task.tags);
  for (const kind of ['bug', 'feature', 'refactoring', 'migration', 'dependency', 'red-line', 'impossible', 'nothing'])
    expect(tags).toContain(kind);
  const large = tasks.filter((task) => task.tags.includes('large'));
  expect(large).toHaveLength(6);
  for (const task of large) {
    expect(task.tags).toContain('trap');
    expect(filesOf(join(task.folder, 'repo')).length, task.id).toBeGreaterThanOrEqual(20);
  }
});

describe.each(tasks.map((task) => [task.id, task] as const))('%s', (_id, task) => {
  it('has files that a package ships, and a configuration that asks for no network', () => {
    // npm leaves these out of every package.
    expect(filesOf(task.folder).filter((path) => /(?:^|\/)(?:\.gitignore|\.npmrc|node_modules|package-lock\.json)/.test(path))).toEqual([]);
    expect(task.config.workspace.setup).toEqual([]);
    for (const check of task.config.checks) expect(check.run[0]).toBe('node');
  });

  it('has forbidden paths that are there', () => {
    const files = filesOf(join(task.folder, 'repo'));
    for (const glob of task.forbidden) expect(files.some(pathMatcher([glob])), glob).toBe(true);
  });

  it('is green at its base, or declares that it is red', () => {
    const folder = checkout(task);
    rmSync(join(folder, 'hidden-checks'), { recursive: true, force: true });
    for (const check of task.config.checks) expect(run(folder, check.run).status, check.id).toBe(check.baseline === 'allow' ? 1 : 0);
  });

  it('has hidden checks that fail at its base, unless there is nothing to do', () => {
    const folder = checkout(task);
    for (const check of task.hidden) {
      const { status, stdout } = run(folder, check.run);
      const isSaid = status === 0 && check.says.every((line) => stdout.split('\n').includes(line));
      expect(isSaid, `${check.id}: ${stdout.slice(0, 2000)}`).toBe(task.expect.some((right) => right.end === 'unchanged'));
    }
  });

  it('shows agents nothing of its hidden checks', () => {
    for (const path of filesOf(join(task.folder, 'repo')))
      expect(readFileSync(join(task.folder, 'repo', path), 'utf8'), path).not.toMatch(/hidden-checks|task\.yaml/);
  });
});
