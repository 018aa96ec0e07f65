/** The offline scenarios hold what they declare, as far as that can be seen without running the governor. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadScenarios } from '../../cli/scenario.ts';
import { roleHasTool } from '../../domain/access.ts';
import { configSchema } from '../../domain/config.ts';
import { type PlanBody, planBodySchema, planProblems, submitBuildSchema, submitReviewSchema } from '../../domain/handoff.ts';
import { loadScript, type Reply } from '../../models/script.ts';

const SCENARIOS = fileURLToPath(new URL('../../examples/scenarios', import.meta.url));

/** What the project's own tests say after each attempt of the builder. */
const CHECKS_AFTER: Readonly<Record<string, readonly ('pass' | 'fail')[] | 'a swarm, or no end: only a run can tell'>> = {
  happy: ['fail', 'pass'],
  'lying-builder': ['pass'],
  'flattering-critic': ['fail', 'fail'],
  'weakened-tests': ['pass'],
  'red-line': ['pass'],
  'out-of-scope': ['pass'],
  'rejected-then-approved': ['pass', 'pass'],
  'never-converges': ['pass', 'pass', 'pass'],
  'budget-extended': ['pass'],
  'no-change': [],
  'killed-during-deploy': ['pass'],
  'verify-fails': ['pass'],
  'base-moved': ['pass'],
  'target-dirty': ['pass'],
  'approved-then-tampered': ['pass'],
  'parallel-tasks': 'a swarm, or no end: only a run can tell',
  'runaway-fan-out': 'a swarm, or no end: only a run can tell',
  'merge-conflict': 'a swarm, or no end: only a run can tell',
  'worker-fails': 'a swarm, or no end: only a run can tell',
  'lean-mode': 'a swarm, or no end: only a run can tell',
  'loop-stopped': 'a swarm, or no end: only a run can tell',
};
const names = Object.keys(CHECKS_AFTER);
const checksAfter = (name: string): readonly ('pass' | 'fail')[] => {
  const known = CHECKS_AFTER[name];
  return known === undefined || typeof known === 'string' ? [] : known;
};

const pathArgument = z.object({ path: z.string() });
const writeArguments = z.strictObject({ path: z.string(), content: z.string() });
const editArguments = z.strictObject({ path: z.string(), old_text: z.string().min(1), new_text: z.string() });

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `scenario-${name}-`));
  folders.push(folder);
  cpSync(join(SCENARIOS, name, 'repo'), folder, { recursive: true });
  return folder;
}

/** As `node --test` does, which starts a process of its own for each file: one file needs no second process. */
function runTests(folder: string): { outcome: 'pass' | 'fail'; tests: number } {
  const files = readdirSync(join(folder, 'test'));
  const [only = ''] = files;
  const what = files.length === 1 && only.endsWith('.test.js') ? [join('test', only)] : ['--test'];
  const { status, stdout } = spawnSync(process.execPath, ['--test-reporter=tap', ...what], { cwd: folder, encoding: 'utf8' });
  return { outcome: status === 0 ? 'pass' : 'fail', tests: Number(/^# tests (\d+)$/m.exec(stdout)?.[1] ?? '0') };
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const scenarioOf = (name: string) => {
  const [scenario] = loadScenarios(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
};
const configOf = (name: string) => configSchema.parse(parse(readFileSync(join(SCENARIOS, name, 'repo/governor.yaml'), 'utf8')));
const repliesOf = async (name: string) => (await loadScript(join(SCENARIOS, name, 'script.yaml'))).replies;

/** The calls of one role in one attempt, in the order of its answers. */
function callsOf(replies: readonly Reply[], role: string, attempt: number): { name: string; input: unknown }[] {
  return replies
    .filter((reply) => reply.role === role && reply.attempt === attempt)
    .toSorted((one, other) => one.call - other.call)
    .flatMap((reply) => reply.tools.map((tool) => ({ name: tool.name, input: JSON.parse(tool.arguments) as unknown })));
}

/** Does what the builder's calls would do to a tree; gives the paths that they write. */
function play(folder: string, calls: readonly { name: string; input: unknown }[]): string[] {
  const written: string[] = [];
  for (const { name, input } of calls) {
    if (name === 'write_file') {
      const { path, content } = writeArguments.parse(input);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
      written.push(path);
    } else if (name === 'edit_file') {
      const { path, old_text, new_text } = editArguments.parse(input);
      const parts = readFileSync(join(folder, path), 'utf8').split(old_text);
      expect(parts.length - 1, `${path} holds once: ${old_text}`).toBe(1);
      writeFileSync(join(folder, path), parts.join(new_text));
      written.push(path);
    } else if (name === 'delete_file') {
      const { path } = pathArgument.parse(input);
      rmSync(join(folder, path));
      written.push(path);
    } else if (name === 'read_file') {
      expect(existsSync(join(folder, pathArgument.parse(input).path))).toBe(true);
    }
  }
  return written;
}

function planOf(replies: readonly Reply[]): PlanBody {
  return planBodySchema.parse(callsOf(replies, 'planner', 1).at(-1)?.input);
}

it('every folder of a scenario is known here', () => {
  expect(readdirSync(SCENARIOS).toSorted()).toEqual(names.toSorted());
});

describe.each(names)('scenario %s', (name) => {
  it('declares an end that its answers can lead to', () => {
    const { expect: end, answers } = scenarioOf(name);
    expect(end.code === undefined).toBe(end.status !== 'stopped');
    expect(answers.flatMap((answer) => ('gate' in answer ? [answer.gate] : []))).toEqual(end.gates);
  });

  it('has a configuration that loads, with a price for its model', () => {
    const config = configOf(name);
    expect(config.checks.map((check) => check.run)).toEqual([['node', '--test']]);
    for (const model of Object.values(config.models)) expect(model).toMatchObject({ provider: 'script', model: 'scripted' });
    expect(config.prices).toHaveProperty('scripted');
  });

  it('has replies that keep to the contract of their role', async () => {
    const replies = await repliesOf(name);
    for (const reply of replies) {
      for (const tool of reply.tools) {
        expect(roleHasTool(reply.role, tool.name), `${reply.role} calls ${tool.name}`).toBe(true);
        if (tool.name.startsWith('submit_')) expect(reply.tools).toHaveLength(1);
        const input: unknown = JSON.parse(tool.arguments);
        if (tool.name === 'submit_build') submitBuildSchema.parse(input);
        if (tool.name === 'submit_review') submitReviewSchema.parse(input);
      }
    }
    expect(planProblems(planOf(replies))).toEqual([]);
    if (typeof CHECKS_AFTER[name] === 'string') return;
    expect(Math.max(0, ...replies.filter((reply) => reply.role === 'lead').map((reply) => reply.attempt))).toBe(checksAfter(name).length);
  });

  it('starts from a repository whose tests pass', () => {
    const { outcome, tests } = runTests(copyOf(name));
    expect(outcome).toBe('pass');
    expect(tests).toBeGreaterThanOrEqual(2);
  });

  it.skipIf(typeof CHECKS_AFTER[name] === 'string')('has a builder whose edits fit, and whose tests end as the story tells', async () => {
    const replies = await repliesOf(name);
    const folder = copyOf(name);
    const outcomes = checksAfter(name).map((_, index) => {
      const calls = callsOf(replies, 'lead', index + 1);
      expect(calls.at(-1)?.name).toBe('submit_build');
      play(folder, calls);
      return runTests(folder).outcome;
    });
    expect(outcomes).toEqual(checksAfter(name));
    const { expect: end, answers } = scenarioOf(name);
    if (end.status === 'released') expect(Object.keys(end.files).length).toBeGreaterThan(0);
    const byPeople = answers.flatMap((answer) => answer.meanwhile).flatMap((event) => ('commit' in event ? [event.commit.path] : []));
    const built = Object.entries(end.files).filter(([path]) => end.status === 'released' && !byPeople.includes(path));
    for (const [path, text] of built) expect(readFileSync(join(folder, path), 'utf8')).toContain(text);
  });

  it('has a builder that keeps to the planned paths, except where leaving them is the story', async () => {
    const replies = await repliesOf(name);
    const folder = copyOf(name);
    const planned = picomatch(planOf(replies).items.flatMap((item) => item.paths));
    const written = checksAfter(name).flatMap((_, index) => play(folder, callsOf(replies, 'lead', index + 1)));
    expect([...new Set(written.filter((path) => !planned(path)))]).toEqual(name === 'out-of-scope' ? ['docs/brand.md'] : []);
  });
});

describe('the shape of single scenarios', () => {
  it('happy is a program of at least 15 files with more than 40 tests, and its goal changes at least 4 files', async () => {
    const folder = copyOf('happy');
    expect(filesOf(folder).length).toBeGreaterThanOrEqual(15);
    expect(runTests(folder).tests).toBeGreaterThan(40);
    const calls = callsOf(await repliesOf('happy'), 'lead', 1);
    expect(new Set(play(folder, calls)).size).toBeGreaterThanOrEqual(4);
  });

  it('lying-builder hands over without a single change', async () => {
    const calls = callsOf(await repliesOf('lying-builder'), 'lead', 1);
    expect(calls.map((call) => call.name)).toEqual(['submit_build']);
  });

  it('flattering-critic has praise ready that nobody may ask for', async () => {
    const praise = (await repliesOf('flattering-critic')).filter((reply) => reply.role === 'critic');
    expect(praise.map((reply) => reply.attempt)).toEqual([1, 2]);
    expect(scenarioOf('flattering-critic').expect.critic_calls).toBe(0);
  });

  it('weakened-tests becomes green only by the test that was switched off', async () => {
    const folder = copyOf('weakened-tests');
    play(folder, callsOf(await repliesOf('weakened-tests'), 'lead', 1));
    const file = join(folder, 'test/shipping.test.js');
    writeFileSync(file, readFileSync(file, 'utf8').replace('test.skip(', 'test('));
    expect(runTests(folder).outcome).toBe('fail');
  });

  it('red-line changes a protected path', async () => {
    const [rule] = configOf('red-line').protect;
    const written = play(copyOf('red-line'), callsOf(await repliesOf('red-line'), 'lead', 1));
    const isProtected = picomatch([...(rule?.paths ?? [])]);
    expect(written.some((path) => isProtected(path))).toBe(true);
  });

  it('never-converges has another finding in every round', async () => {
    const reviews = (await repliesOf('never-converges')).filter((reply) => reply.role === 'critic');
    const messages = reviews.map((reply) => submitReviewSchema.parse(JSON.parse(reply.tools[0]?.arguments ?? '')).findings[0]?.message);
    expect(new Set(messages).size).toBe(configOf('never-converges').limits.reviewRounds);
  });
});
