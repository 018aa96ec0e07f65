/** What setup steps leave for every command of a run, whose it is, and what is refused of it. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import type { EgressReport } from '../../domain/egress.ts';
import type { Repository } from '../../domain/workspace.ts';
import { type Prepared, prepareWorkspace } from '../../tools/prepare.ts';
import type { EgressOptions } from '../../tools/sandbox/egress-proxy.ts';
import { createSandbox } from '../../tools/sandbox.ts';
import { makeRepo, type TestRepo } from './repo.ts';
import { type FakeInternet, openInternet } from './sandbox/registry.ts';

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
    clock: { now: () => Date.now() },
  });
/** The same with what it does over the network. */
const npmCi = async (egress: EgressOptions): Promise<{ prepared: Prepared; reports: EgressReport[] }> => {
  const reports: EgressReport[] = [];
  const workspace = {
    setup: [{ run: ['npm', 'ci', '--no-audit', '--no-fund'], network: true, inputs: ['package.json', 'package-lock.json'] }],
  };
  const prepared = await prepareWorkspace({
    repository,
    tree: await repository.treeOf(await repository.resolveCommit('HEAD')),
    config: configSchema.parse({ version: 1, workspace }).workspace,
    sandbox: createSandbox({ level: 'bwrap', stateFolder: repo.state, egress }),
    stateFolder: repo.state,
    signal: new AbortController().signal,
    clock: { now: () => Date.now() },
    onEgress: async (_argv, report) => void reports.push(report),
  });
  return { prepared, reports };
};
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

describe('npm ci over a network that leads to allowed registries alone', () => {
  let internet: FakeInternet;
  beforeEach(async () => {
    const made = join(repo.root, 'made/package');
    mkdirSync(made, { recursive: true });
    writeFileSync(join(made, 'package.json'), '{ "name": "pad", "version": "1.0.0", "main": "index.js" }\n');
    writeFileSync(join(made, 'index.js'), "module.exports = 'padded';\n");
    execFileSync('tar', ['czf', 'pad.tgz', 'package'], { cwd: join(made, '..') });
    const tarball = readFileSync(join(made, '../pad.tgz'));
    internet = await openInternet({ 'npm.example': ['93.184.216.34'] }, (url) =>
      url === 'npm.example/pad/-/pad-1.0.0.tgz' ? tarball : undefined,
    );
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const pad = { version: '1.0.0', resolved: 'http://npm.example/pad/-/pad-1.0.0.tgz', integrity };
    const root = { name: 'a', dependencies: { pad: '1.0.0' } };
    repo.put('.npmrc', 'registry=http://npm.example/\nfetch-retries=0\n');
    repo.put('package.json', JSON.stringify(root));
    repo.put('package-lock.json', JSON.stringify({ name: 'a', lockfileVersion: 3, packages: { '': root, 'node_modules/pad': pad } }));
    repo.commit('a dependency');
  });
  afterEach(() => internet.close());

  test('installs, is counted, and every later command finds the package', async () => {
    const { prepared, reports } = await npmCi(internet.options({ allow: ['npm.example'] }));
    expect(await seen(prepared, 'node -p "require(\'pad\')"')).toBe('padded\n');
    expect(internet.asked).toEqual(['GET npm.example/pad/-/pad-1.0.0.tgz']);
    expect(reports).toEqual([{ hosts: [expect.objectContaining({ host: 'npm.example', connections: 1 })], refused: [] }]);
  });

  test('stops with the host and the key of operator.yaml where the registry is not allowed', async () => {
    await expect(npmCi(internet.options())).rejects.toMatchObject({
      code: 'CHECK_ERROR',
      message: expect.stringContaining(
        'not reached: npm.example is not allowed; to allow it, write sandbox: { egress: { allow: [npm.example] } } in operator.yaml',
      ),
    });
    expect(internet.connected).toEqual([]);
  });
});

describe('what setup made is kept', () => {
  test('while it is among the 32 newest, or was used within a day', async () => {
    const put = (name: string, hoursAgo: number): void => {
      const at = new Date(Date.now() - hoursAgo * 3_600_000);
      mkdirSync(join(repo.state, 'cache', name), { recursive: true });
      utimesSync(join(repo.state, 'cache', name), at, at);
    };
    for (let index = 0; index < 31; index += 1) put(`newer-${index}`, 1);
    for (let index = 0; index < 3; index += 1) put(`recent-${index}`, 20);
    for (let index = 0; index < 3; index += 1) put(`old-${index}`, 100);
    const { links } = await prepare('mkdir made');
    const kept = cached();
    expect(kept).toHaveLength(31 + 3 + 1);
    expect(kept.filter((name) => name.startsWith('old-'))).toEqual([]);
    expect(links[0]?.root).toBe(join(repo.state, 'cache', kept.find((name) => !name.includes('-')) ?? ''));
  });

  test('for this repository and base alone: the same files elsewhere, or on another base, are prepared anew', async () => {
    const first = await prepare('mkdir made');
    expect(await prepare('mkdir made')).toEqual(first);
    const other = makeRepo();
    other.put('package.json', '{}\n');
    other.commit('base');
    const opened = await other.open();
    try {
      expect((await prepare('mkdir made', opened)).links[0]?.root).not.toBe(first.links[0]?.root);
    } finally {
      opened.close();
      other.remove();
    }
    repo.put('beside', 'x');
    repo.commit('another base');
    expect((await prepare('mkdir made')).links[0]?.root).not.toBe(first.links[0]?.root);
    expect(cached()).toHaveLength(3);
  });
});
