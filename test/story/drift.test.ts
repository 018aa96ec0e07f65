/** What changes while a thread waits: configuration, policy, pipeline, graph, and thirty days. Never a silent "done". */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openOperations } from '../../runtime/operations.ts';
import { approve, CONFIG, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const DAY_MS = 86_400_000;
const later = (days: number) => ({ now: () => Date.now() + days * DAY_MS, monotonic: () => performance.now() });
const openLater = (of: World, days: number) =>
  openOperations({ home: of.home, env: { PATH: process.env['PATH'] ?? '' }, clock: later(days) });

test('a configuration that changes while the run waits is not the one it runs under', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  writeFileSync(join(world.repo, 'governor.yaml'), stringify({ ...CONFIG, deny: [{ id: 'all', paths: ['**'], reason: 'nothing goes' }] }));
  world.git('commit', '-qam', 'deny everything');
  // The base moved by that commit: merged, checked again under the captured rules, and covered by the same approval.
  expect(await approve(operations, thread)).toMatchObject({ status: 'released', reason: null });
  await operations.close();
});

test('a policy that is edited in the captured request stops the run with STATE_TAMPERED', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  const file = join(world.home, 'runs', thread, 'request.json');
  const request = world.dossier(thread, 'request.json') as { body: { config: object } }; // our own file
  writeFileSync(file, JSON.stringify({ ...request, body: { ...request.body, config: { ...request.body.config, checks: [] } } }));
  expect(await approve(operations, thread)).toMatchObject({ status: 'stopped', reason: { code: 'STATE_TAMPERED' } });
  expect(world.git('rev-list', '--count', 'main')).toBe('1');
  await operations.close();
});

test('another pipeline version stops with DEFINITION_CHANGED; only a recorded --migrate goes on', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  // As an older version would have written it: in the row and in the file.
  const request = world.dossier(threadId, 'request.json') as { body: object }; // our own file
  writeFileSync(
    join(world.home, 'runs', threadId, 'request.json'),
    JSON.stringify({ ...request, body: { ...request.body, pipeline_version: 0 } }),
  );
  const database = new Sqlite(join(world.home, 'governor.sqlite'));
  database.prepare("UPDATE runs SET input = json_set(input, '$.pipelineVersion', 0) WHERE thread_id = ?").run(threadId);
  database.close();
  expect(await operations.drive(threadId)).toMatchObject({ status: 'stopped', reason: { code: 'DEFINITION_CHANGED', resumable: false } });
  expect(await operations.resume(threadId)).toMatchObject({ status: 'stopped', reason: { code: 'DEFINITION_CHANGED' } });
  expect(await operations.resume(threadId, { migrate: true })).toMatchObject({ status: 'waiting' });
  expect((await operations.audit(threadId)).map((record) => record.action)).toContain('run-extended');
  expect(await approve(operations, threadId)).toMatchObject({ status: 'released' });
  await operations.close();
});

test('a gate whose node no longer exists is DEFINITION_CHANGED, never "done" (langgraphjs#2608)', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  const database = new Sqlite(join(world.home, 'governor.sqlite'));
  for (const column of ['checkpoint', 'metadata'])
    database
      .prepare(`UPDATE checkpoints SET ${column} = replace(CAST(${column} AS TEXT), 'approve_release', 'old_gate') WHERE thread_id = ?`)
      .run(thread);
  database.prepare('DELETE FROM writes WHERE thread_id = ?').run(thread);
  database.close();
  const resumed = await operations.resume(thread);
  expect(resumed).toMatchObject({
    status: 'stopped',
    reason: { code: 'DEFINITION_CHANGED', message: expect.stringContaining('old_gate') },
  });
  expect(world.git('rev-list', '--count', 'main')).toBe('1');
  await operations.close();
});

test('thirty days at a gate change nothing: it is still open, and what is approved then is released then', async () => {
  world = makeWorld();
  const first = await world.open();
  const { thread_id: thread } = await start(world, first);
  await first.close();
  const operations = await openLater(world, 30);
  await operations.gc(7 * DAY_MS);
  expect(await operations.resume(thread)).toMatchObject({ status: 'waiting' });
  expect(await approve(operations, thread)).toMatchObject({ status: 'released', reason: null });
  await operations.close();
});

test('an approval that waited longer than release.approvalValid is void: the gate asks again, and nothing is paid again', async () => {
  world = makeWorld({ config: { release: { target: 'merge', branch: 'main', approvalValid: '24h' } } });
  const first = await world.open();
  const { thread_id: thread } = await start(world, first);
  const gate = await first.gate(thread);
  await first.decide(thread, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  await first.close();
  const operations = await openLater(world, 30);
  const asked = await operations.resume(thread);
  expect(asked).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
  expect(world.git('rev-list', '--count', 'main')).toBe('1');
  const calls = asked.spend.model_calls;
  const released = await approve(operations, thread);
  expect(released).toMatchObject({ status: 'released' });
  expect(released.spend.model_calls).toBe(calls);
  await operations.close();
});
