/** A home that was restored from an older backup: the target says so, nothing is released twice, and honest homes are left in peace. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { restoreHome } from '../../checkpoints/backup.ts';
import { type Operations, openOperations } from '../../runtime/operations.ts';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World;
afterEach(() => world.dispose());

const openHome = (home: string): Promise<Operations> => openOperations({ home, env: { PATH: process.env['PATH'] ?? '' } });
const create = (operations: Operations, repo = world.repo) =>
  operations.create({ goal: 'Add another function', repo, scriptFile: world.script });
const repositoryLine = async (operations: Operations) =>
  (await operations.doctor(world.repo)).lines.find(({ name }) => name === 'repository');

async function backedUp(operations: Operations): Promise<string> {
  const file = join(world.folder, 'backup');
  await operations.backup(file);
  return file;
}

async function restored(file: string): Promise<Operations> {
  const home = join(world.folder, 'restored');
  restoreHome(file, home);
  return openHome(home);
}

/** What a home that is as new as its releases says: nothing. */
async function assertPeace(operations: Operations, repo = world.repo): Promise<void> {
  expect((await create(operations, repo)).warnings.join('\n')).not.toContain('older backup');
  expect((await operations.verifyAudit()).kind).toBe('whole');
  expect(await repositoryLine(operations)).toMatchObject({ ok: true });
}

test.each(['merge', 'push'] as const)(
  'restored from before a release by %s: run, doctor and verify say so, and the run ends HOME_OUTDATED before the target is touched',
  async (target) => {
    world = makeWorld({ config: { release: { target } } });
    const remote = join(world.folder, 'remote.git');
    execFileSync('git', ['clone', '-q', '--bare', world.repo, remote]);
    world.git('remote', 'add', 'origin', remote);
    const tip = () =>
      target === 'merge' ? world.git('rev-parse', 'main') : execFileSync('git', ['-C', remote, 'rev-parse', 'main'], { encoding: 'utf8' });
    const newer = await world.open();
    const { thread_id: thread } = await start(world, newer);
    const file = await backedUp(newer);
    const released = await approve(newer, thread);
    const commit = String(released.release?.['commit']);
    expect(released.status).toBe('released');
    await newer.close();
    const after = tip();
    const older = await restored(file);
    const words = `release ${commit.slice(0, 12)} of thread ${thread}, made by this home, whose trail does not have it`;
    expect((await create(older)).warnings.join('\n')).toContain(words);
    // What was pushed is in the local branches only when somebody fetched it.
    if (target === 'push') world.git('fetch', '-q', 'origin');
    expect(await older.verifyAudit()).toMatchObject({ kind: 'broken', problem: expect.stringContaining(words) });
    expect(await repositoryLine(older)).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
    if (target === 'push') world.git('update-ref', '-d', 'refs/remotes/origin/main');
    const ended = await approve(older, thread);
    expect(ended.reason).toMatchObject({ code: 'HOME_OUTDATED', message: expect.stringContaining('Nothing was released') });
    expect(tip()).toBe(after);
    await older.close();
  },
);

test('nothing was released since the backup: the restored home releases', async () => {
  world = makeWorld();
  const newer = await world.open();
  const { thread_id: thread } = await start(world, newer);
  const file = await backedUp(newer);
  await newer.close();
  const older = await restored(file);
  await assertPeace(older);
  expect(await approve(older, thread)).toMatchObject({ status: 'released' });
  await older.close();
});

test('a home that knows its release is left in peace, also where it was rolled back, copied by a person, or lies in a clone', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  const released = await approve(operations, thread);
  const commit = String(released.release?.['commit']);
  expect(world.git('log', '-1', '--format=%(trailers:key=Governor-Home,valueonly)', commit)).toMatch(/^[0-9a-f]{64}$/);
  world.git('checkout', '-q', '-b', 'copied', `${commit}^1`);
  world.git('cherry-pick', '-m', '1', commit);
  world.git('checkout', '-q', 'main');
  await assertPeace(operations);
  const clone = join(world.folder, 'clone');
  execFileSync('git', ['clone', '-q', world.repo, clone]);
  await assertPeace(operations, clone);
  await operations.rollback(thread, 'not wanted');
  await assertPeace(operations);
  await operations.close();
  const file = join(world.folder, 'copied-home');
  cpSync(world.home, file, { recursive: true });
  const same = await openHome(file);
  await assertPeace(same);
  await same.close();
});

test('a new home on a repository that another home released to is left in peace, and releases', async () => {
  world = makeWorld();
  const other = await world.open();
  await approve(other, (await start(world, other)).thread_id);
  await other.close();
  rmSync(world.home, { recursive: true });
  const fresh = await world.open();
  await assertPeace(fresh);
  await fresh.close();
});
