/** A damaged database is refused or named; it is never read as an empty one. Clocks that jump change nothing. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { openOperations } from '../../runtime/operations.ts';
import { expectSame, walk } from '../chaos/harness.ts';
import { STORIES } from '../chaos/stories.ts';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

/** A thread that waits at its release gate, in a home that no process has open. */
async function waiting(): Promise<{ world: World; threadId: string; file: string }> {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: threadId, status } = await start(world, operations);
  expect(status).toBe('waiting');
  await operations.close();
  return { world, threadId, file: join(world.home, 'governor.sqlite') };
}

const env = { PATH: process.env['PATH'] ?? '' };

describe('a database', () => {
  test.each([
    ['truncated to half', (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2 / 4096) * 4096)],
    ['of random bytes', (file: string) => writeFileSync(file, Buffer.alloc(8192, 'x'))],
  ])('%s is refused at the door or at its first use, by name', async (_title, damage) => {
    const { world: of, threadId, file } = await waiting();
    damage(file);
    const use = async (): Promise<unknown> => {
      const operations = await of.open();
      try {
        return await operations.resume(threadId);
      } finally {
        await operations.close();
      }
    };
    await expect(use()).rejects.toThrow(/malformed|not a database|cannot be opened|restore/);
    expect(of.git('rev-list', '--count', 'main')).toBe('1');
  });

  test('of zero bytes, or copied without its log, is not a new home', async () => {
    const { world: of, threadId, file } = await waiting();
    writeFileSync(file, '');
    const operations = await of.open();
    await expect(operations.resume(threadId)).rejects.toThrow(/no thread of this home/);
    await expect(operations.create({ goal: 'x', repo: of.repo, scriptFile: of.script })).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
    expect(await operations.verifyAudit()).toMatchObject({ kind: 'broken', seq: 1 });
    await operations.close();
  });

  test('copied while it is in use, without its -wal file, is recognised', async () => {
    world = makeWorld();
    const operations = await world.open();
    const { thread_id: threadId } = await start(world, operations);
    // What `cp -r` of a part of a live home gives: the main file without the log that holds the newest commits.
    const copy = join(world.folder, 'copy');
    mkdirSync(copy);
    for (const name of ['governor.sqlite', 'audit.head']) copyFileSync(join(world.home, name), join(copy, name));
    await operations.close();
    const other = await openOperations({ home: copy, env });
    await expect(other.create({ goal: 'x', repo: world.repo, scriptFile: world.script })).rejects.toThrow('copied without its -wal file');
    await expect(other.resume(threadId)).rejects.toThrow();
    await other.close();
  });

  test('whose log lost its last commits stops the thread with STATE_TAMPERED, and says how to go on', async () => {
    world = makeWorld();
    const operations = await world.open();
    const { thread_id: threadId } = await start(world, operations);
    const database = new Sqlite(join(world.home, 'governor.sqlite'));
    database.pragma('wal_checkpoint(TRUNCATE)');
    await approve(operations, threadId);
    const torn = join(world.folder, 'torn');
    mkdirSync(join(torn, 'runs'), { recursive: true });
    copyFileSync(join(world.home, 'audit.head'), join(torn, 'audit.head'));
    copyFileSync(join(world.home, 'governor.sqlite'), join(torn, 'governor.sqlite'));
    const wal = readFileSync(join(world.home, 'governor.sqlite-wal'));
    writeFileSync(join(torn, 'governor.sqlite-wal'), wal.subarray(0, Math.floor(wal.length / 2)));
    database.close();
    await operations.close();
    // The process that held the lease is this one: as if it had died.
    const half = new Sqlite(join(torn, 'governor.sqlite'));
    half.exec('UPDATE runs SET lease_pid = NULL');
    half.close();
    const other = await openOperations({ home: torn, env });
    await expect(other.resume(threadId)).rejects.toMatchObject({
      code: 'STATE_TAMPERED',
      message: expect.stringContaining('Restore a backup'),
    });
    await other.close();
    // The person's decision, taken knowingly: without that file the home opens, and the target says that it is older than its release.
    rmSync(join(torn, 'audit.head'));
    for (const name of ['runs', 'git', 'work']) copyTree(join(world.home, name), join(torn, name));
    const again = await openOperations({ home: torn, env });
    expect(await again.resume(threadId)).toMatchObject({ status: 'stopped', reason: { code: 'HOME_OUTDATED', resumable: false } });
    expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
    await again.close();
  });

  test('with a checkpoint that cannot be read stops that thread with STATE_TAMPERED; others go on', async () => {
    const { world: of, threadId, file } = await waiting();
    const operations = await of.open();
    const { thread_id: other } = await start(of, operations);
    const database = new Sqlite(file);
    database
      .prepare("UPDATE checkpoints SET checkpoint = '[unable to serialize, circular reference]' WHERE thread_id = ? AND checkpoint_ns = ''")
      .run(threadId);
    database.close();
    const poisoned = await operations.resume(threadId);
    expect(poisoned).toMatchObject({ status: 'stopped', reason: { code: 'STATE_TAMPERED' } });
    expect(await approve(operations, other)).toMatchObject({ status: 'released' });
    await operations.close();
  });
});

describe('a clock', () => {
  test('that goes back and forth an hour between and during the lives of a run repeats nothing', async () => {
    const stage = await STORIES.rework();
    try {
      const { end: whole } = await stage.undisturbed();
      stage.reset();
      const lives = [
        { skewMs: 0, kill: { point: 'put:nested:loop:after', nth: 3 } },
        { skewMs: -3_600_000, kill: { point: 'node:review_rules:exit', nth: 1 } },
        { skewMs: 3_600_000, kill: { point: 'file:20-build.2.json:after', nth: 1 } },
        { skewMs: -3_600_000 },
      ];
      for (const life of lives) {
        const done = await walk(stage.world.home, stage.threadId, life);
        expect(done.result === undefined, done.errors).toBe('kill' in life);
      }
      expectSame(await stage.end(), whole, 3);
    } finally {
      stage.dispose();
    }
  });
});

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}
