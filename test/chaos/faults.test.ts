/** Faults of the machine around a run: a full disk, a locked database, a frozen or starved worker, SIGTERM. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { type End, expectSame, type Stage, walk } from './harness.ts';
import { STORIES } from './stories.ts';

const walker = new URL('../story/walk.mjs', import.meta.url).pathname;
const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname;

let stage: Stage | undefined;
let whole: End;
afterEach(() => stage?.dispose());

async function prepare(delayMs = 0): Promise<Stage> {
  stage = await STORIES.happy(delayMs);
  whole = (await stage.undisturbed()).end;
  stage.reset();
  return stage;
}

describe('a full disk', () => {
  // Kilobytes that are left: for nothing but the lease, for a part of the run, for most of it.
  test.each([180, 500, 900])('with %i KB left stops with DISK_LIMIT, and goes on when there is space', async (left) => {
    const { world, threadId } = await prepare();
    const keep = join(world.folder, 'keep');
    cpSync(world.home, keep, { recursive: true });
    const one = `"${process.execPath}" "${walker}" "${world.home}" ${threadId} "{}"`;
    // A file system of 4 MB over the home, without any right of root: what it holds ends with this command.
    const script = `cp -a "${keep}/." "${world.home}/" && head -c $((3900 * 1024 - ${left} * 1024 - $(du -sk "${world.home}" | cut -f1) * 1024)) /dev/zero > "${world.home}/filler"
      ${one}; echo "exit $?"; rm "${world.home}/filler"; ${one}; echo "exit $?"`;
    const run = spawnSync('bwrap', ['--dev-bind', '/', '/', '--size', '4000000', '--tmpfs', world.home, 'sh', '-c', script], {
      encoding: 'utf8',
    });
    const said = run.stdout.split('\n').filter((line) => line.startsWith('{') || line.startsWith('exit')); // results and exit codes
    const [full, , freed, code] = said;
    const first = JSON.parse(full ?? '{}') as { thrown?: string; reason?: { code: string; resumable: boolean } }; // the walker's line
    expect(first.thrown ?? first.reason?.code, run.stderr).toBe('DISK_LIMIT');
    expect(JSON.parse(freed ?? '{}')).toMatchObject({ status: 'released', reason: null });
    expect(code).toBe('exit 0');
    expect(world.git('rev-parse', 'main^{tree}')).toBe(whole.tree);
    expect(world.git('rev-list', '--count', 'main')).toBe(whole.merges);
  });
});

describe('a database that another process has locked', () => {
  test.each([800, 10_000])('for %i ms delays the run and loses nothing', async (ms) => {
    const { world, threadId } = await prepare(100);
    const other = new Sqlite(join(world.home, 'governor.sqlite'));
    const running = walk(world.home, threadId);
    await new Promise((wake) => setTimeout(wake, 1200));
    other.exec('BEGIN IMMEDIATE');
    const since = performance.now();
    await new Promise((wake) => setTimeout(wake, ms));
    other.exec('COMMIT');
    other.close();
    const done = await running;
    expect(performance.now() - since).toBeGreaterThan(ms);
    expect(done.result, done.errors).toMatchObject({ status: 'released' });
    expectSame((await stage?.end()) ?? whole, whole, 0);
  });
});

describe('a worker', () => {
  // At each of these it is about to do something that must not happen twice.
  test.each([
    ['finish:model-answer:before', 3],
    ['ref:heads:before', 2],
    ['finish:release-applied:before', 1],
  ] as const)('frozen at %s past its lease and thawed is fenced: the other one’s release stays the only one', async (point, nth) => {
    const { world, threadId } = await prepare();
    const zombie = spawn(process.execPath, [walker, world.home, threadId, JSON.stringify({ freeze: { point, nth } })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const stream of [zombie.stdout, zombie.stderr]) stream.on('data', (chunk: Buffer) => (told += chunk.toString()));
    // Its lease of 10 s runs out; then another worker takes the thread over and ends it.
    await new Promise((wake) => setTimeout(wake, 12_500));
    const other = await walk(world.home, threadId);
    expect(other.result, other.errors).toMatchObject({ status: 'released' });
    zombie.kill('SIGCONT');
    await once(zombie, 'close');
    expect(told).toMatch(/"status":"released"|FENCED|fence|lease/i);
    expectSame((await stage?.end()) ?? whole, whole, 1);
  });

  test('whose event loop is starved for 12 s goes on when nobody took its thread', async () => {
    const { world, threadId } = await prepare();
    const child = spawn(process.execPath, [
      walker,
      world.home,
      threadId,
      JSON.stringify({ starve: { point: 'model:lead:after', nth: 2, ms: 12_000 } }),
    ]);
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(child, 'close');
    expect(told).toContain('"status":"released"');
    expectSame((await stage?.end()) ?? whole, whole, 0);
  });

  test('that gets SIGTERM stops at a checkpoint with exit code 3, and a resume goes on and pays nothing again', async () => {
    const { world, threadId } = await prepare(400);
    const child = spawn(process.execPath, [cli, 'resume', threadId, '--home', world.home, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await new Promise((wake) => setTimeout(wake, 1800));
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null]; // the exit code
    expect(code).toBe(3);
    expect(JSON.parse(told.trim().split('\n').at(-1) ?? '{}')).toMatchObject({
      status: 'cancelled',
      reason: { code: 'CANCELLED', resumable: true },
    });
    await stage?.finish();
    expectSame((await stage?.end()) ?? whole, whole, 0);
  });
});
