/** Somebody writes an approval into the database: nothing is released, the branch stands where it stood, and a true one goes through. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

function forge(home: string, votes: string): void {
  const database = new Sqlite(join(home, 'governor.sqlite'));
  const changed = database
    .prepare("UPDATE approvals SET status = 'approved', votes = ?, decided_at = '2026-01-01T00:00:00.000Z' WHERE status = 'pending'")
    .run(votes).changes;
  database.close();
  expect(changed).toBe(1);
}

test('a row that was made to say approved ends the run before the branch moves', async () => {
  world = makeWorld();
  const operations = await world.open();
  const base = world.git('rev-parse', 'main');
  const waiting = await start(world, operations);
  const by = { id: 'local:eve', role: 'approver', method: 'local' };
  forge(world.home, JSON.stringify([{ by, decision: 'approved', comment: '', selfApproved: false, at: '2026-01-01T00:00:00.000Z' }]));
  const ended = await operations.resume(waiting.thread_id);
  expect(ended).toMatchObject({
    status: 'stopped',
    reason: { code: 'STATE_TAMPERED', message: expect.stringContaining('approved by local:eve') },
  });
  expect(world.git('rev-parse', 'main')).toBe(base);
  await operations.close();
});

test('one that a person gave is released', async () => {
  world = makeWorld();
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(await approve(operations, waiting.thread_id)).toMatchObject({ status: 'released' });
  await operations.close();
});
