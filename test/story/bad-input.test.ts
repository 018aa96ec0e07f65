/** Bad input gets a clear error that names the thing, the rule and the value, before anything is written. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openOperations } from '../../runtime/operations.ts';
import { CONFIG, makeWorld, start, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.dispose());

async function refusal(change: () => void, options: { goal?: string; repo?: string; base?: string } = {}): Promise<string> {
  change();
  const operations = await world.open();
  try {
    await operations.create({
      goal: options.goal ?? 'Add a product',
      repo: options.repo ?? world.repo,
      scriptFile: world.script,
      ...(options.base === undefined ? {} : { base: options.base }),
    });
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError' });
    expect(await operations.list()).toEqual([]);
    return (error as Error).message;
  } finally {
    await operations.close();
  }
  throw new Error('it was accepted');
}

const commit = (config: object): void => {
  writeFileSync(join(world.repo, 'governor.yaml'), stringify(config));
  world.git('commit', '-qam', 'config');
};
const nothing = (): void => undefined;

test('a goal that is empty, huge or has control characters', async () => {
  expect(await refusal(nothing, { goal: '  ' })).toContain('goal: is empty');
  expect(await refusal(nothing, { goal: 'x'.repeat(20_000) })).toContain('at most 16384');
  expect(await refusal(nothing, { goal: 'do \u001b[31mthis' })).toContain('control or invisible');
});

test('a repository that is absent, none, or without a commit', async () => {
  expect(await refusal(nothing, { repo: join(world.folder, 'nowhere') })).toContain('there is no such folder');
  mkdirSync(join(world.folder, 'plain'));
  expect(await refusal(nothing, { repo: join(world.folder, 'plain') })).toContain('is not a git repository');
  const fresh = join(world.folder, 'fresh');
  mkdirSync(fresh);
  execFileSync('git', ['init', '-q'], { cwd: fresh });
  expect(await refusal(nothing, { repo: fresh })).toContain('has no commit yet');
});

test('a configuration with an unknown key names file, line and key', async () => {
  expect(await refusal(() => commit({ ...CONFIG, colour: 'red' }))).toMatch(/governor\.yaml \([0-9a-f]{12}\):\d+: colour: unknown key/);
});

test('a red line that meant something else before, and one that cannot be meant', async () => {
  const rule = (path: string) => ({ ...CONFIG, protect: [{ id: 'money', paths: [path], reason: 'moves money' }] });
  expect(await refusal(() => commit(rule('pay/{a,b}.js')))).toMatch(
    /protect "money": pattern "pay\/\{a,b\}\.js": before, .* "patterns: 2"/,
  );
  expect(await refusal(() => commit(rule('./payments')))).toContain('write "payments"');
});

test('a limit of zero or below', async () => {
  expect(await refusal(() => commit({ ...CONFIG, limits: { costUsd: 0 } }))).toContain('costUsd: 0 must be above 0');
  expect(await refusal(() => commit({ ...CONFIG, limits: { modelCalls: -1 } }))).toContain('limits.modelCalls: must be 1 or more');
});

test('a model without a price', async () => {
  expect(await refusal(() => commit({ ...CONFIG, prices: {} }))).toContain('scripted');
});

test('a configuration that is not committed, or missing', async () => {
  expect(
    await refusal(() => {
      world.git('rm', '-q', '--cached', 'governor.yaml');
      world.git('commit', '-qm', 'without');
    }),
  ).toContain('is not in base commit');
  rmSync(join(world.repo, 'governor.yaml'));
  expect(await refusal(nothing)).toContain('governor init');
});

test('a missing branch, a detached head and an unknown base', async () => {
  expect(await refusal(() => commit({ ...CONFIG, release: { branch: 'production' } }))).toContain(
    'release.branch "production": there is no such branch',
  );
  expect(
    await refusal(() => {
      world.git('checkout', '-q', '--detach');
    }),
  ).toContain('HEAD is detached');
  expect(await refusal(nothing, { base: 'v9' })).toContain('ref "v9": names no commit');
});

test('a home inside the repository, a home that cannot be used, and a newer database', async () => {
  const operations = await openOperations({ home: join(world.repo, '.governor'), env: { PATH: process.env['PATH'] ?? '' } });
  await expect(operations.create({ goal: 'x', repo: world.repo, scriptFile: world.script })).rejects.toThrow(
    'must not lie inside the repository',
  );
  await operations.close();
  const folder = mkdtempSync(join(tmpdir(), 'governor-home-'));
  writeFileSync(join(folder, 'file'), '');
  await expect(openOperations({ home: join(folder, 'file'), env: {} })).rejects.toThrow(join(folder, 'file'));
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(join(folder, 'governor.sqlite'));
  database.pragma('user_version = 99');
  database.close();
  await expect(openOperations({ home: folder, env: {} })).rejects.toThrow('schema version 99');
  writeFileSync(join(folder, 'governor.sqlite'), 'garbage, not a database at all, for sure');
  await expect(openOperations({ home: folder, env: {} })).rejects.toThrow('cannot be opened');
  rmSync(folder, { recursive: true, force: true });
});

test('a dirty checkout is a warning before money is spent', async () => {
  writeFileSync(join(world.repo, 'src/sum.js'), 'export const sum = 1;\n');
  const operations = await world.open();
  const created = await operations.create({ goal: 'Add a product', repo: world.repo, scriptFile: world.script });
  expect(created.warnings.join()).toContain('uncommitted');
  await operations.close();
});

/** What is told before a run of this lead begins. */
async function warnedOf(lead: object, prices: object = {}): Promise<string> {
  commit({ ...CONFIG, models: { lead: { provider: 'openai', baseUrl: 'http://127.0.0.1:9/v1', ...lead } }, prices });
  const operations = await world.open();
  const created = await operations.create({ goal: 'Add a product', repo: world.repo });
  await operations.close();
  return created.warnings.join('\n');
}

test('a price that the name alone decided, where others take another, is a warning before money is spent, also of a fallback', async () => {
  const fallback = [{ provider: 'openai', model: 'gpt-oss-120b', baseUrl: 'http://127.0.0.1:9/v1' }];
  expect(await warnedOf({ model: 'gpt-oss-120b' })).toContain('prices."gpt-oss-120b"');
  expect(await warnedOf({ model: 'gpt-5.4-mini', fallback })).toContain('prices."gpt-oss-120b"');
  expect(await warnedOf({ model: 'gpt-5.4-mini' })).toBe('');
});

test('a window that hardly holds the tools is a warning before money is spent, also of a fallback; one that does is none', async () => {
  const prices = { mine: 'free' };
  const fallback = [{ provider: 'openai', model: 'mine', baseUrl: 'http://127.0.0.1:9/v1', contextTokens: 8192 }];
  expect(await warnedOf({ model: 'mine', contextTokens: 9999 }, prices)).toContain('models.lead: a window of 9999 tokens (mine)');
  expect(await warnedOf({ model: 'mine', contextTokens: 32_000, fallback }, prices)).toContain('models.lead: a window of 8192 tokens');
  expect(await warnedOf({ model: 'mine', contextTokens: 10_000 }, prices)).toBe('');
});

test('a second process on the same live thread is told who holds it', async () => {
  const operations = await world.open();
  const created = await operations.create({ goal: 'Add a product', repo: world.repo, scriptFile: world.script });
  const first = operations.drive(created.threadId);
  const second = operations.drive(created.threadId);
  const ended = await Promise.allSettled([first, second]);
  expect(ended.filter((one) => one.status === 'rejected')).toHaveLength(1);
  expect(ended.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'THREAD_BUSY' } });
  await operations.close();
});

test('an unknown thread, and a decision where nothing waits', async () => {
  const operations = await world.open();
  await expect(operations.result('abcd')).rejects.toThrow('no thread of this home');
  const waiting = await start(world, operations);
  await operations.cancel(waiting.thread_id);
  await expect(operations.decide(waiting.thread_id, { decision: 'approved', subject: waiting.waiting?.subject ?? '' })).rejects.toThrow(
    'no approval is pending',
  );
  await operations.close();
});
