/** What setup steps leave for every command of a run, whose it is, and what is refused of it. */
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import type { Repository } from '../../domain/workspace.ts';
import { type Prepared, prepareWorkspace } from '../../tools/prepare.ts';
import { makeRepo, type TestRepo } from './repo.ts';

let repo: TestRepo;
let repository: Repository;
beforeEach(async () => {
  repo = makeRepo();
  repo.put('package.json', '{}\n');
  repo.commit('base');
  repository = await repo.open();
});
afterEach(() => {
  repository.close();
  repo.remove();
});

const prepare = async (script: string, from: Repository = repository): Promise<Prepared> =>
  prepareWorkspace({
    repository: from,
    tree: await from.treeOf(await from.resolveCommit('HEAD')),
    config: configSchema.parse({ version: 1, workspace: { link: ['node_modules'], setup: [{ run: ['sh', '-c', script] }] } }).workspace,
    sandbox: repo.sandbox,
    stateFolder: repo.state,
    signal: new AbortController().signal,
  });
const cached = (): string[] => readdirSync(join(repo.state, 'cache'));

async function seen({ links, scratch }: Prepared, shell: string): Promise<string> {
  const workTree = await repository.checkout(await repository.treeOf(await repository.resolveCommit('HEAD')), join(repo.root, 'tree'));
  try {
    const argv = ['sh', '-c', shell];
    const asked = { argv, workspace: workTree.folder, links, scratch, network: false, timeoutMs: 10_000 };
    return (await repo.sandbox.run(asked)).stdout;
  } finally {
    await workTree.remove();
  }
}

describe('what setup makes at the top', () => {
  test('is mounted, with links inside of it', async () => {
    const made = await prepare('mkdir -p node_modules/a vendor; echo 1 > node_modules/a/x; ln -s a node_modules/b; ln -s vendor latest');
    expect(made.links.map(({ at }) => at).toSorted()).toEqual(['latest', 'node_modules', 'vendor']);
    expect(await seen(made, 'cat node_modules/b/x')).toBe('1\n');
  });

  test.each(['/etc', '/root', '..', '../../..', '/nowhere', '.'])('is no link to %s: nothing is kept and the run stops', async (target) => {
    await expect(prepare(`ln -s ${target} node_modules`)).rejects.toMatchObject({
      code: 'MOUNT_REFUSED',
      message: `mount node_modules: workspace.setup made it a link to ${target}, which is nothing that setup made; nothing was run. Let the step make a folder instead`,
    });
    expect(cached()).toEqual([]);
  });
});

test("a repository's own link to a folder of the machine is no mount", async () => {
  symlinkSync('/etc', join(repo.folder, 'node_modules'));
  const made = await prepare('mkdir made');
  await expect(seen(made, 'cat node_modules/hostname')).rejects.toMatchObject({ code: 'MOUNT_REFUSED' });
  rmSync(join(repo.folder, 'node_modules'));
  expect(await seen(await prepare('mkdir made'), 'ls -d made')).toBe('made\n');
});
