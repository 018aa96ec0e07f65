/** The push target, setup steps, drift of the definition, and what is left on the machine. */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { approve, HAPPY, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const bare = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', join(folder, 'remote.git'), ...args], { encoding: 'utf8' }).trim();

function withRemote(): World {
  const made = makeWorld({ config: { release: { target: 'push' } } });
  execFileSync('git', ['clone', '-q', '--bare', made.repo, join(made.folder, 'remote.git')]);
  made.git('remote', 'add', 'origin', join(made.folder, 'remote.git'));
  return made;
}

test('push releases to the remote only what was approved, and leaves the local branch alone', async () => {
  world = withRemote();
  const operations = await world.open();
  const local = world.git('rev-parse', 'main');
  const waiting = await start(world, operations);
  expect(bare(world.folder, 'rev-parse', 'main')).toBe(local);
  const released = await approve(operations, waiting.thread_id);
  expect(released.status).toBe('released');
  expect(bare(world.folder, 'rev-parse', 'main')).toBe(released.release?.['commit']);
  expect(world.git('rev-parse', 'main')).toBe(local);
  await operations.rollback(waiting.thread_id, 'not wanted');
  expect(bare(world.folder, 'rev-parse', 'main^{tree}')).toBe(world.git('rev-parse', `${local}^{tree}`));
  await operations.close();
});

test('setup steps run once, are cached by their inputs, and their result is read-only for checks', async () => {
  world = makeWorld({
    config: {
      workspace: { setup: [{ run: ['sh', '-c', 'mkdir deps && date +%s%N > deps/stamp'], inputs: ['package.json'] }] },
      checks: [{ id: 'test', run: ['sh', '-c', 'test -s deps/stamp && ! touch deps/other 2>/dev/null && node --test'] }],
    },
  });
  const operations = await world.open();
  const first = await start(world, operations);
  expect(first.reason).toBeNull();
  const second = await start(world, operations);
  expect(second.reason).toBeNull();
  expect(readdirSync(join(world.home, 'cache'))).toHaveLength(1);
  const build = world.dossier(first.thread_id, '20-build.1.json') as { body: { changes: { path: string }[] } };
  expect(build.body.changes.map((change) => change.path)).toEqual(['src/product.js', 'test/product.test.js']);
  await operations.close();
});

test('a run that another pipeline version started stops DEFINITION_CHANGED until a person says migrate', async () => {
  world = makeWorld({ replies: HAPPY });
  const operations = await world.open();
  const waiting = await start(world, operations);
  const { default: Database } = await import('better-sqlite3');
  const { readFileSync, writeFileSync } = await import('node:fs');
  const file = join(world.home, 'runs', waiting.thread_id, 'request.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"pipeline_version": 1', '"pipeline_version": 0'));
  const database = new Database(join(world.home, 'governor.sqlite'));
  database.exec('UPDATE runs SET input = replace(input, \'"pipelineVersion":1\', \'"pipelineVersion":0\')');
  database.close();
  const stopped = await operations.resume(waiting.thread_id);
  expect(stopped.reason?.code).toBe('DEFINITION_CHANGED');
  expect((await operations.resume(waiting.thread_id)).reason?.code).toBe('DEFINITION_CHANGED');
  await operations.close();
});

test('gc removes the work trees of ended threads and nothing else', async () => {
  world = makeWorld();
  const operations = await world.open();
  const waiting = await start(world, operations);
  await approve(operations, waiting.thread_id);
  await operations.gc(1);
  expect(existsSync(join(world.home, 'work', waiting.thread_id))).toBe(false);
  expect((await operations.files(waiting.thread_id)).length).toBeGreaterThan(10);
  expect((await operations.verifyAudit()).kind).toBe('whole');
  expect(world.git('for-each-ref', 'refs/governor', 'refs/heads/governor')).toBe('');
  await operations.close();
});

test('a backup restores to a home where the waiting thread can be approved', async () => {
  world = makeWorld();
  const operations = await world.open();
  const waiting = await start(world, operations);
  const file = join(world.folder, 'backup.sqlite');
  expect((await operations.backup(file)).bytes).toBeGreaterThan(1000);
  await operations.close();
  const { restoreHome } = await import('../../checkpoints/backup.ts');
  const { openOperations } = await import('../../runtime/operations.ts');
  const home = join(world.folder, 'home2');
  restoreHome(file, home);
  const restored = await openOperations({ home, env: { PATH: process.env['PATH'] ?? '' } });
  expect((await approve(restored, waiting.thread_id)).status).toBe('released');
  await restored.close();
});
