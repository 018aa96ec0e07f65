/** Threads whose checkpoints an earlier version wrote, without the channels that came since: they go on where they wait. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import {
  approve,
  critic,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  type Reply,
  start,
  submit,
  tool,
  type World,
  write,
} from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const LATER = new Set(['appeal', 'appeals', 'lastTree', 'asked', 'installed', 'installs']);

/** Takes what an earlier version did not know out of every checkpoint and pending write; how much that was. */
function forget(of: World): number {
  let forgotten = 0;
  const without = (text: string): string =>
    JSON.stringify(
      JSON.parse(text, (_key, value: unknown) => {
        if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
        const kept = Object.entries(value).filter(([name]) => !LATER.has(name));
        forgotten += Object.keys(value).length - kept.length;
        return Object.fromEntries(kept);
      }),
    );
  const database = new Sqlite(join(of.home, 'governor.sqlite'));
  const writes = database.prepare('DELETE FROM writes WHERE channel = ?');
  for (const channel of LATER) forgotten += writes.run(channel).changes;
  for (const [table, column] of [
    ['checkpoints', 'checkpoint'],
    ['writes', 'value'],
  ])
    for (const row of database.prepare(`SELECT rowid AS id, ${column} AS text FROM ${table} WHERE type = 'json'`).all() as {
      id: number;
      text: Buffer;
    }[])
      database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(Buffer.from(without(String(row.text))), row.id);
  database.close();
  return forgotten;
}

const ASKS: readonly Reply[] = [
  planReply(1, ['src/**']),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  tool('lead', 1, 3, 'submit_build', { status: 'needs_paths', summary: 'a test', paths: ['test/**'] }),
  planReply(2),
  submit(2, 1),
  critic(1),
];

test('one that waits at the plan gate is built, asks for another plan, and is released', async () => {
  world = makeWorld({ config: { plan: { approval: 'always' } }, replies: ASKS });
  let operations = await world.open();
  const { thread_id: threadId } = await start(world, operations);
  await operations.close();
  expect(forget(world)).toBeGreaterThan(1);
  operations = await world.open();
  const second = await approve(operations, threadId);
  expect(second.waiting?.gate).toBe('plan');
  expect((await approve(operations, threadId)).waiting?.gate).toBe('release');
  expect((await approve(operations, threadId)).status).toBe('released');
  await operations.close();
});

test('one that stopped in the middle of its build goes on with the same agent', async () => {
  world = makeWorld({
    config: { limits: { modelCalls: 3, maxOutputTokens: 1024 } },
    replies: [
      planReply(),
      write(1, 1, 'src/product.js', PRODUCT),
      write(1, 2, 'test/product.test.js', PRODUCT_TEST),
      submit(1, 3),
      critic(1),
    ],
  });
  let operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason?.code).toBe('STEP_LIMIT');
  await operations.close();
  expect(forget(world)).toBeGreaterThan(1);
  operations = await world.open();
  const waiting = await operations.resume(stopped.thread_id, { addCalls: 50 });
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 1 });
  expect((await approve(operations, stopped.thread_id)).status).toBe('released');
  await operations.close();
});
