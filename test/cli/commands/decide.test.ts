/** What `approve --json` says of a decision that was refused, and of one that was taken. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { governor } from '../../story/command.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World;
let thread: string;
let subject: string;
beforeEach(async () => {
  world = makeWorld();
  const { result } = await governor(world, ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, '--json']);
  [thread, subject] = [String(result.thread_id), String(result.waiting?.subject)];
});
afterEach(() => world.dispose());

test('a decision about something else names its code, and the gate waits on', async () => {
  const { code, result } = await governor(world, ['approve', thread, '--subject', 'f'.repeat(64), '--json']);
  expect(code).toBe(2);
  expect(result).toMatchObject({ thread_id: thread, status: 'waiting', refused: { code: 'APPROVAL_STALE' } });
});

test('a file that was tampered with names its code and the file', async () => {
  const file = join(world.home, 'runs', thread, '30-review.1.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"pass"', '"fail"'));
  const { code, result } = await governor(world, ['approve', thread, '--subject', subject, '--json']);
  expect(code).toBe(3);
  expect(result).toMatchObject({
    status: 'waiting',
    refused: { code: 'STATE_TAMPERED', message: expect.stringContaining('30-review.1.json') },
  });
});

test('a decision that is taken says nothing of a refusal', async () => {
  const { code, result } = await governor(world, ['approve', thread, '--subject', subject, '--json']);
  expect([code, result.status, 'refused' in result]).toEqual([0, 'released', false]);
});

test('one that names no subject, no words or no file is refused with the code and what is missing, and the gate waits on', async () => {
  for (const [words, message] of [
    [['approve', thread], '--subject <digest> is required'],
    [['reject', thread, '--subject', subject], '--comment'],
    [['approve', thread, '--subject', subject, '--edit', 'none.json'], 'none.json'],
  ] as const) {
    const { code, result } = await governor(world, [...words, '--json']);
    expect(code).toBe(2);
    expect(result).toMatchObject({ status: 'waiting', refused: { code: 'USAGE', message: expect.stringContaining(message) } });
  }
});

test('where nothing waits any more, that is said with the code', async () => {
  await governor(world, ['cancel', thread]);
  const { code, result } = await governor(world, ['approve', thread, '--subject', subject, '--json']);
  expect(code).toBe(2);
  expect(result).toMatchObject({
    status: 'cancelled',
    refused: { code: 'USAGE', message: expect.stringContaining('no approval is pending') },
  });
});
