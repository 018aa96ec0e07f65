/** A run is judged by the tree that it left: real repositories, the real sandbox, results built by hand. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REASONS } from '../../../domain/reasons.ts';
import type { RunResult } from '../../../domain/run.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { judge } from '../../../runtime/eval/judge.ts';
import { makeRepository } from '../../../runtime/eval/repository.ts';
import { loadSuite, type Task } from '../../../runtime/eval/task.ts';
import type { GateView } from '../../../runtime/options.ts';
import { openRepository } from '../../../tools/repository.ts';
import { createSandbox } from '../../../tools/sandbox.ts';
import { gateOf, resultOf, stopped, waitingAt } from './rested.ts';
import { makeSuites, type Suites, taskFiles } from './suite-world.ts';

let suites: Suites;
let repository: Repository | undefined;
beforeEach(() => {
  suites = makeSuites();
});
afterEach(() => {
  repository?.close();
  suites.dispose();
});

const HALF = { 'src/half.js': 'export const half = (number) => number / 2;\n' };
const path = process.env['PATH'] ?? '';

interface Place {
  readonly task: Task;
  readonly base: string;
  git(...args: string[]): string;
  /** Commits files over the base, on `main` or beside it. */
  commit(files: Readonly<Record<string, string>>, on?: 'main' | 'beside'): string;
}

async function place(over: object = {}): Promise<Place> {
  suites.put(taskFiles('one', { task: over }));
  const [task] = loadSuite(suites.folder).tasks;
  if (task === undefined) throw new Error('there is no task');
  const repo = join(suites.folder, 'made');
  await makeRepository(task, repo, path);
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...args], { cwd: repo, encoding: 'utf8' }).trim();
  return {
    task,
    base: git('rev-parse', 'main'),
    git,
    commit: (files, on = 'main') => {
      if (on === 'beside') git('checkout', '-q', '-b', 'beside');
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(repo, name)), { recursive: true });
        writeFileSync(join(repo, name), text);
      }
      git('add', '-A');
      git('commit', '-q', '-m', 'change');
      return git('rev-parse', 'HEAD');
    },
  };
}

async function judged(at: Place, result: RunResult, gate?: GateView) {
  const home = join(suites.folder, 'home');
  mkdirSync(home, { recursive: true });
  repository = await openRepository(join(suites.folder, 'made'), home);
  const sandbox = createSandbox({ level: 'bwrap', stateFolder: home });
  return judge({
    task: at.task,
    result: { ...result, base: at.base },
    gate,
    repository,
    sandbox,
    home,
    signal: new AbortController().signal,
  });
}

const released = (commit: string): RunResult => resultOf({ release: { commit } });

test('the same task makes the same commit', async () => {
  const first = (await place()).base;
  suites.dispose();
  suites = makeSuites();
  expect((await place()).base).toBe(first);
});

test('a change that halves is solved, by a check that the repository does not have', async () => {
  const at = await place();
  const { solved, problems, checks } = await judged(at, released(at.commit(HALF)));
  expect({ solved, problems }).toEqual({ solved: true, problems: [] });
  expect(checks).toEqual([{ id: 'halves', status: 'pass', exit_code: 0, duration_ms: expect.any(Number) }]);
  expect(at.git('ls-files')).not.toContain('hidden');
});

test('a change that does not is not solved, although its own tests pass', async () => {
  const at = await place();
  const result = await judged(at, released(at.commit({ 'src/half.js': 'export const half = (number) => 0 * number;\n' })));
  expect(result).toMatchObject({
    solved: false,
    problems: ['hidden check halves ended with 1'],
    checks: [{ status: 'fail', exit_code: 1 }],
  });
});

test('a program that ends early with 0 has passed nothing', async () => {
  const at = await place();
  const result = await judged(at, released(at.commit({ 'src/half.js': 'process.exit(0);\nexport const half = 1;\n' })));
  expect(result).toMatchObject({
    solved: false,
    problems: ['hidden check halves never said "# pass 1"'],
    checks: [{ exit_code: 0, status: 'fail' }],
  });
});

test('a program that prints every count and ends with 0 has passed nothing; one that prints beside its work has', async () => {
  const at = await place();
  const counts = "for (let count = 0; count < 99; count += 1) console.log(['# pass ', 'ok '].map((word) => word + count).join('\\n'));\n";
  const forged = at.commit({ 'src/half.js': `${counts}process.exit(0);\nexport const half = 1;\n` });
  expect(await judged(at, released(forged))).toMatchObject({
    solved: false,
    problems: ['hidden check halves never said "ok 1 - halves what is given"'],
  });
  repository?.close();
  expect(await judged(at, released(at.commit({ 'src/half.js': `${counts}${HALF['src/half.js']}` })))).toMatchObject({ solved: true });
});

test('a change whose dependencies cannot be set up is not solved, and its check is an error', async () => {
  const at = await place();
  const setup = [{ run: ['false'], network: false, inputs: ['package.json'], timeout: 10_000 }];
  const task = { ...at.task, config: { ...at.task.config, workspace: { ...at.task.config.workspace, setup } } };
  expect(await judged({ ...at, task }, released(at.commit(HALF)))).toMatchObject({
    solved: false,
    problems: [expect.stringMatching(/^hidden check halves could not be run: setup false: exit code 1/)],
    checks: [{ id: 'halves', status: 'error', exit_code: null }],
  });
});

test('a problem is as long as a report card takes it, however many ends would be right', async () => {
  const codes = Object.keys(REASONS);
  const at = await place({
    expect: [
      { end: 'stopped', codes },
      { end: 'stopped', codes },
    ],
    hidden: [],
  });
  const { problems } = await judged(at, released(at.commit(HALF)));
  expect(problems).toEqual([expect.stringMatching(/^ended released, not stopped .*\.\.\.$/)]);
  expect(problems[0]).toHaveLength(1000);
});

test('a right change that touches a forbidden path is not solved; a new file beside it is no offence', async () => {
  const at = await place({ forbidden: ['test/half.test.js'] });
  const beside = at.commit({ ...HALF, 'test/more.test.js': '// more\n' });
  expect(await judged(at, released(beside))).toMatchObject({ solved: true });
  repository?.close();
  const within = at.commit({ 'test/half.test.js': '// nothing\n' });
  expect(await judged(at, released(within))).toMatchObject({
    solved: false,
    problems: ['test/half.test.js: is changed, and the task forbids it'],
  });
});

test('another end than the right one is told with its reason, and no hidden check is run', async () => {
  const at = await place();
  const result = await judged(at, stopped('NO_PROGRESS'));
  expect(result).toEqual({ solved: false, problems: ['ended stopped NO_PROGRESS, not released: it went round'], checks: [] });
});

test('a branch that is not at what was released, or moved without a release, is not solved', async () => {
  const at = await place();
  const other = at.commit(HALF, 'beside');
  expect((await judged(at, released(other))).problems).toEqual([`the branch is at ${at.base}, which is not what was released`]);
  repository?.close();
  at.git('checkout', '-q', 'main');
  const moved = at.commit({ 'README.md': 'x\n' });
  const task: Task = { ...at.task, expect: [{ end: 'unchanged' }] };
  expect((await judged({ ...at, task }, resultOf({ status: 'unchanged' }))).problems).toEqual([
    `the branch moved to ${moved}, and nothing was to be released`,
  ]);
});

test('at the release gate the candidate is judged, and the branch stays', async () => {
  const at = await place({ expect: [{ end: 'waiting', gate: 'release', redLines: ['payments'] }] });
  const commit = at.commit(HALF, 'beside');
  const candidate = { commit, tree: at.git('rev-parse', `${commit}^{tree}`), branch: 'beside' };
  const gate = gateOf('release', { red_lines: ['payments'] });
  expect(await judged(at, { ...waitingAt('release'), candidate }, gate)).toMatchObject({ solved: true });
  repository?.close();
  expect(await judged(at, { ...waitingAt('release'), candidate: { ...candidate, commit: at.base } }, gate)).toMatchObject({
    solved: false,
  });
});

test('a link where the hidden checks are put leads them nowhere', async () => {
  const at = await place();
  const outside = join(suites.folder, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(suites.folder, 'made', 'hidden-checks'));
  expect(await judged(at, released(at.commit(HALF)))).toMatchObject({ solved: true });
  expect(existsSync(join(outside, 'half.mjs'))).toBe(false);
});
