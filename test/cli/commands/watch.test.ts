/** `governor watch`: what agents write and call, on a terminal under each of them, elsewhere as lines; whoever runs it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../cli/main.ts';
import type { Operations } from '../../../runtime/operations.ts';
import { GOAL, KEY, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY } from '../../story/world.ts';

const WORDS = 'I read the sum first.\nNow I write the product of two numbers.';
const REPLIES = HAPPY.map((reply) => (reply.role === 'lead' && reply.call === 2 ? { ...reply, text: WORDS } : reply));

let shop: Shop;
let operations: Operations;
let release: () => void;
beforeEach(async () => {
  shop = await openShop({ replies: REPLIES, env: KEY });
  shop.endpoint.pieceCharacters = 10;
  operations = await shop.world.open();
  const held = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  // Before its last piece.
  shop.endpoint.beforePiece = async ({ sent }) => (sent.length + 10 > WORDS.length ? held : undefined);
});
afterEach(async () => {
  release();
  await operations.close();
  await shop.close();
});

/** Watches a thread that this process drives by another door; `seen` gives what is printed so far. */
function watching(threadId: string, isTTY: boolean, ...flags: string[]) {
  let errors = '';
  let output = '';
  const code = run(['watch', threadId, '--home', shop.world.home, ...flags], {
    stdout: (text) => (output += text),
    stderr: (text) => (errors += text),
    env: { PATH: process.env['PATH'] ?? '', ...KEY },
    isTTY,
    size: () => ({ columns: 100, rows: 40 }),
  });
  return { code, errors: () => errors, output: () => output };
}

test('a terminal shows the last lines of what an agent is writing, and its newest calls, before the answer is whole', async () => {
  const { threadId } = await operations.create({ goal: GOAL, repo: shop.world.repo });
  const driven = operations.drive(threadId);
  const watched = watching(threadId, true);
  await expect.poll(watched.errors, { timeout: 20_000 }).toContain('    | Now I write the product of two');
  expect(watched.errors()).toContain('    | I read the sum first.\n');
  expect(watched.errors()).toContain('    > write_file src/product.js\n');
  expect(watched.errors()).not.toContain('two numbers.');
  release();
  await driven;
  expect(await watched.code).toBe(4);
  expect(operations.writing(threadId)).toEqual([]);
});

test('elsewhere its lines are those of the log, and records with --json', async () => {
  release();
  const { threadId } = await operations.create({ goal: GOAL, repo: shop.world.repo });
  await operations.drive(threadId);
  const watched = watching(threadId, false);
  expect(await watched.code).toBe(4);
  expect(watched.errors()).toContain('lead 2: I read the sum first.\n    Now I write the product of two numbers.\n');
  expect(watched.errors()).toContain('lead 3 > run_command node --test\n');
  const records = watching(threadId, false, '--json');
  expect(await records.code).toBe(4);
  expect(records.errors()).toBe('');
  expect(
    records
      .output()
      .split('\n')
      .filter((line) => line.includes('"action":"model-answer"')),
  ).toHaveLength(HAPPY.length);
});
