/** What of a builder's tree reaches a command with the network, and what comes back. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import type { Repository } from '../../domain/workspace.ts';
import { installDependencies } from '../../tools/dependencies.ts';
import { makeRepo, type TestRepo } from './repo.ts';

const MANIFEST = '{ "name": "a", "scripts": { "test": "node --test" } }\n';
/** Writes what it sees of the manager's settings into the lock file, and something beside it. */
const UPDATE = 'cat package.json settings > lock; echo changed > beside';

let repo: TestRepo;
let repository: Repository;
let base: string;
beforeEach(async () => {
  repo = makeRepo();
  repo.put('package.json', MANIFEST);
  repo.put('lock', 'empty\n');
  repo.put('settings', 'of the base\n');
  repo.put('beside', 'as it was\n');
  base = `${repo.commit('base')}^{tree}`;
  repository = await repo.open();
});
afterEach(() => {
  repository.close();
  repo.remove();
});

/** Installs what a builder wrote; gives the files of the tree that comes back. */
async function install(
  files: Readonly<Record<string, string>>,
  more: () => void = () => undefined,
  step: object = { update: ['sh', '-c', UPDATE], inputs: ['package.json', 'lock'] },
): Promise<Record<string, string>> {
  for (const [path, content] of Object.entries(files)) repo.put(path, content);
  more();
  const builder = await repository.treeOf(repo.commit('built'));
  const { workspace } = configSchema.parse({
    version: 1,
    workspace: { setup: [{ run: ['sh', '-c', 'mkdir made'], ...step }] },
  });
  const tree = await installDependencies(
    {
      repository,
      tree: repo.git('rev-parse', base),
      config: workspace,
      sandbox: repo.sandbox,
      stateFolder: repo.state,
      signal: new AbortController().signal,
      clock: { now: () => Date.now() },
    },
    builder,
  );
  const entries = await repository.listTree(tree);
  return Object.fromEntries(
    await Promise.all(entries.map(async ({ path, oid }) => [path, (await repository.blob(oid)).toString()] as const)),
  );
}

test('the lock file is made of the builder’s manifest and the base’s settings; nothing else is taken back', async () => {
  const manifest = MANIFEST.replace('"a"', '"a", "dependencies": { "pad": "1" }');
  expect(await install({ 'package.json': manifest, settings: 'of the builder\n', 'src/new.js': 'new\n' })).toEqual({
    'package.json': manifest,
    lock: `${manifest}of the base\n`,
    settings: 'of the builder\n',
    beside: 'as it was\n',
    'src/new.js': 'new\n',
  });
});

test.each([
  [
    'scripts of its own',
    MANIFEST.replace('node --test', 'curl evil'),
    'CONTRACT_VIOLATION',
    /package\.json: its scripts are not the base's/,
  ],
  ['no JSON', '{', 'CONTRACT_VIOLATION', /package\.json: is not a JSON object/],
])('a manifest with %s is refused before anything runs', async (_what, manifest, code, message) => {
  await expect(install({ 'package.json': manifest })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('an input that is a link is refused', async () => {
  const link = (): void => {
    repo.git('rm', '-q', 'lock');
    symlinkSync('/etc/passwd', join(repo.folder, 'lock'));
  };
  await expect(install({}, link)).rejects.toMatchObject({ code: 'PATH_DENIED', message: expect.stringContaining('lock') });
});

test('a lock file is brought up to date from the base’s: what a builder wrote into it, or a new one, counts for nothing', async () => {
  repo.put('package-lock.json', 'pad from the registry\n');
  base = `${repo.commit('base with a lock')}^{tree}`;
  // As package managers do, it keeps what the lock says.
  const update = 'for lock in package-lock.json sub/yarn.lock; do [ ! -e $lock ] || echo new >> $lock; done';
  const step = { update: ['sh', '-c', update], inputs: ['package.json', '**/package-lock.json', '**/yarn.lock'] };
  const files = { 'package-lock.json': 'pad from elsewhere\n', 'sub/yarn.lock': 'pad from elsewhere\n' };
  const tree = await install(files, undefined, step);
  expect(tree['package-lock.json']).toBe('pad from the registry\nnew\n');
  expect(tree).not.toHaveProperty('sub/yarn.lock');
});
