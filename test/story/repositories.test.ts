/** Repositories in every form that git has: a whole run in each, or a refusal before anything is written that doctor tells too. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { FILES as DOSSIER } from '../../domain/handoff.ts';
import { approve, CONFIG, critic, HAPPY, makeWorld, PRODUCT, planReply, type Reply, start, submit, tool, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const gitIn = (folder: string, ...args: string[]): string =>
  execFileSync(
    'git',
    ['-C', folder, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', '-c', 'protocol.file.allow=always', ...args],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  ).trim();

/** A script of replies is nothing that doctor has. */
const isBad = ({ name, ok }: { readonly name: string; readonly ok: boolean }): boolean => !ok && name !== 'configuration';

/** A run there to its release. */
async function release(on: World, repo: string): Promise<string> {
  const operations = await on.open();
  try {
    const created = await operations.create({ goal: 'Add a product function', repo, scriptFile: on.script });
    await operations.drive(created.threadId);
    const rested = await approve(operations, created.threadId);
    expect(rested).toMatchObject({ status: 'released', reason: null });
    return created.threadId;
  } finally {
    await operations.close();
  }
}

/** Each makes of the world's repository the one that a run is given, and says where its checkout is. */
const FORMS: Readonly<Record<string, (on: World) => { readonly repo: string; readonly checkout: string | undefined }>> = {
  'a linked checkout': (on) => {
    on.git('checkout', '-q', '--detach');
    on.git('worktree', 'add', '-q', join(on.folder, 'linked'), 'main');
    return { repo: join(on.folder, 'linked'), checkout: join(on.folder, 'linked') };
  },
  'a bare repository with a checkout beside it': (on) => {
    const layout = join(on.folder, 'layout');
    execFileSync('git', ['clone', '-q', '--bare', on.repo, join(layout, '.bare')]);
    writeFileSync(join(layout, '.git'), 'gitdir: ./.bare\n');
    gitIn(layout, 'worktree', 'add', '-q', join(layout, 'main'), 'main');
    return { repo: layout, checkout: join(layout, 'main') };
  },
  'a bare repository by itself': (on) => {
    execFileSync('git', ['clone', '-q', '--bare', on.repo, join(on.folder, 'bare.git')]);
    return { repo: join(on.folder, 'bare.git'), checkout: undefined };
  },
  'git data elsewhere': (on) => {
    const apart = join(on.folder, 'apart');
    execFileSync('git', ['clone', '-q', `--separate-git-dir=${join(on.folder, 'data')}`, on.repo, apart]);
    return { repo: apart, checkout: apart };
  },
  'a submodule': (on) => {
    const above = join(on.folder, 'above');
    execFileSync('git', ['init', '-q', above]);
    gitIn(above, 'submodule', '--quiet', 'add', on.repo, 'part');
    gitIn(join(above, 'part'), 'checkout', '-q', 'main');
    return { repo: join(above, 'part'), checkout: join(above, 'part') };
  },
  'SHA-256': (on) => {
    rmSync(join(on.repo, '.git'), { recursive: true });
    on.git('init', '-q', '-b', 'main', '--object-format=sha256');
    on.git('add', '-A');
    on.git('commit', '-q', '-m', 'base');
    return { repo: on.repo, checkout: on.repo };
  },
  'a partial clone whose files are not here': (on) => {
    on.git('config', 'uploadpack.allowFilter', 'true');
    on.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    const partial = join(on.folder, 'partial');
    execFileSync('git', ['clone', '-q', '--bare', '--filter=blob:none', `file://${on.repo}`, partial]);
    return { repo: partial, checkout: undefined };
  },
  'a shallow clone': (on) => {
    on.git('commit', '-q', '--allow-empty', '-m', 'next');
    const shallow = join(on.folder, 'shallow');
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${on.repo}`, shallow]);
    return { repo: shallow, checkout: shallow };
  },
};

test.each(Object.keys(FORMS))('%s is released into, and its checkout follows', async (form) => {
  world = makeWorld();
  const { repo, checkout } = FORMS[form]?.(world) ?? { repo: '', checkout: undefined };
  await release(world, repo);
  expect(gitIn(checkout ?? repo, ...(checkout === undefined ? ['--git-dir=.'] : []), 'show', 'main:src/product.js')).toBe(PRODUCT.trim());
  if (checkout === undefined) return;
  expect(readFileSync(join(checkout, 'src/product.js'), 'utf8')).toBe(PRODUCT);
  expect(gitIn(checkout, 'status', '--porcelain')).toBe('');
});

function addSubmodules(on: World, names: readonly string[]): void {
  for (const name of names) {
    const other = join(on.folder, `${name}-origin`);
    execFileSync('git', ['init', '-q', '-b', 'main', other]);
    writeFileSync(join(other, 'inner.txt'), `of ${name}\n`);
    gitIn(other, 'add', '-A');
    gitIn(other, 'commit', '-q', '-m', 'inner');
    gitIn(on.repo, 'submodule', '--quiet', 'add', other, name);
  }
  on.git('commit', '-q', '-m', 'with submodules');
}

describe('submodules of the repository', () => {
  const SEEN: readonly Reply[] = HAPPY.map((reply) =>
    reply.call === 3 && reply.role === 'lead'
      ? tool('lead', 1, 3, 'run_command', { argv: ['sh', '-c', 'cat part/*; ls -A gone | wc -l; touch part/x'] })
      : reply,
  );

  test('are there for commands, read-only, where the repository has their files; the agents are told, and the release keeps them', async () => {
    world = makeWorld({ replies: SEEN });
    addSubmodules(world, ['part', 'gone']);
    rmSync(join(world.repo, '.git/modules/gone'), { recursive: true });
    rmSync(join(world.repo, 'gone'), { recursive: true });
    mkdirSync(join(world.repo, 'gone'));
    const links = world.git('ls-tree', 'main', 'part', 'gone');
    const threadId = await release(world, world.repo);
    expect(world.dossier(threadId, DOSSIER.baseline())).toMatchObject({
      body: {
        submodules: [
          { at: 'gone', shared: false },
          { at: 'part', shared: true },
        ],
      },
    });
    expect(world.git('ls-tree', 'main', 'part', 'gone')).toBe(links);
    const operations = await world.open();
    const log = JSON.stringify(await operations.log(threadId, {}));
    await operations.close();
    expect(log).toContain('of part');
    expect(log).toContain('Read-only file system');
  });

  const KEPT = '[submodule "kept"]\n\tpath = kept\n\turl = u\n';
  const REMOVING = (paths: readonly string[]): readonly Reply[] => [
    planReply(1, ['src/**', 'test/**', ...paths]),
    tool('lead', 1, 1, 'read_file', { path: 'part/inner.txt' }),
    tool('lead', 1, 2, 'write_file', { path: '.gitmodules', content: KEPT }),
    tool('lead', 1, 3, 'write_file', { path: 'src/product.js', content: PRODUCT }),
    tool('lead', 1, 4, 'list_files', {}),
    submit(1, 5),
    submit(1, 6),
    submit(1, 7),
    critic(1),
  ];

  test('one is removed with its section by a plan that names both, behind the red line of .gitmodules; its mount goes with it', async () => {
    world = makeWorld({
      replies: REMOVING(['.gitmodules', 'part']),
      config: {
        plan: { approval: 'never' },
        release: { approval: 'on-red-line' },
        checks: [{ id: 'files', run: ['sh', '-c', 'ls part kept; test -e kept/inner.txt'] }],
      },
    });
    addSubmodules(world, ['part', 'kept']);
    const kept = world.git('ls-tree', 'main', 'kept');
    const operations = await world.open();
    const waiting = await start(world, operations);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    const review = world.dossier(waiting.thread_id, DOSSIER.review(1));
    expect(review).toMatchObject({ body: { red_lines: [{ paths: ['.gitmodules'] }] } });
    const seen = await operations.file(waiting.thread_id, DOSSIER.log(1, 'files'));
    expect(seen).toContain('inner.txt');
    expect(seen).toMatch(/part.*No such file/);
    const log = JSON.stringify(await operations.log(waiting.thread_id, {}));
    expect(log).toContain('of part');
    expect(log).toContain('kept/inner.txt');
    const files = world.git('ls-files', '-s', '--', 'part');
    expect(files).toMatch(/^160000/);
    expect(await approve(operations, waiting.thread_id)).toMatchObject({ status: 'released' });
    expect(world.git('ls-tree', 'main', 'part')).toBe('');
    expect(world.git('ls-tree', 'main', 'kept')).toBe(kept);
    expect(world.git('status', '--porcelain', '-uno')).toBe('');
    await operations.close();
  });

  test('a plan that does not name it is out of scope', async () => {
    world = makeWorld({ replies: REMOVING(['.gitmodules']), config: { plan: { approval: 'never' } } });
    addSubmodules(world, ['part', 'kept']);
    const operations = await world.open();
    const ended = await start(world, operations);
    expect(ended.status).toBe('stopped');
    expect(JSON.stringify(await operations.log(ended.thread_id, {}))).toMatch(/OUT_OF_SCOPE[^}]*part/);
    await operations.close();
  });
});

describe('what no run can be in', () => {
  const unfit: Readonly<Record<string, { readonly spoil: (on: World) => void; readonly says: RegExp }>> = {
    'a branch called governor': { spoil: (on) => on.git('branch', 'governor'), says: /has a branch "governor".*branch -m governor/ },
    'an object that is gone': {
      spoil: (on) => {
        const id = on.git('rev-parse', 'HEAD:src/sum.js');
        rmSync(join(on.repo, '.git/objects', id.slice(0, 2), id.slice(2)));
      },
      says: /1 object\(s\) of commit \w+ are not here.*fsck/,
    },
    'a linked folder that is not there': {
      spoil: (on) => {
        writeFileSync(join(on.repo, 'governor.yaml'), stringify({ ...CONFIG, workspace: { link: ['node_modules'] } }));
        on.git('commit', '-qam', 'link');
      },
      says: /workspace\.link node_modules: .* is not there; make it/,
    },
  };

  test.each(Object.keys(unfit))('%s is told at run, before anything is written, and by doctor', async (name) => {
    world = makeWorld();
    const { spoil, says } = unfit[name] ?? { spoil: () => undefined, says: /^$/ };
    spoil(world);
    const operations = await world.open();
    const created = operations.create({ goal: 'Add a product', repo: world.repo, scriptFile: world.script });
    await expect(created).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(says) });
    expect(await operations.list()).toEqual([]);
    const { lines } = await operations.doctor(world.repo);
    expect(lines.filter(isBad)).toEqual([expect.objectContaining({ detail: expect.stringMatching(says) })]);
    await operations.close();
  });

  test('a file of the base that cannot be read stops the run before a model is asked, and says which', async () => {
    world = makeWorld();
    const id = world.git('rev-parse', 'HEAD:src/sum.js');
    const file = join(world.repo, '.git/objects', id.slice(0, 2), id.slice(2));
    rmSync(file);
    writeFileSync(file, 'damaged');
    const operations = await world.open();
    const created = await operations.create({ goal: 'Add a product', repo: world.repo, scriptFile: world.script });
    const rested = await operations.drive(created.threadId);
    expect(rested.reason).toMatchObject({
      code: 'BASELINE_FAILED',
      message: expect.stringMatching(new RegExp(`${id} .*is corrupt\\); see git -C .* fsck`)),
    });
    expect(rested.spend).toMatchObject({ model_calls: 0 });
    await operations.close();
  });

  test('the repository as it was is none of that', async () => {
    world = makeWorld();
    mkdirSync(join(world.repo, 'node_modules'));
    writeFileSync(join(world.repo, 'governor.yaml'), stringify({ ...CONFIG, workspace: { link: ['node_modules'] } }));
    world.git('add', 'governor.yaml');
    world.git('commit', '-qm', 'link');
    const operations = await world.open();
    expect((await operations.doctor(world.repo)).lines.filter(isBad)).toEqual([]);
    await operations.close();
    await release(world, world.repo);
    expect(existsSync(join(world.repo, 'src/product.js'))).toBe(true);
  });
});
