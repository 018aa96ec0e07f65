/** Several processes at one thread: one wins, the others are told, and there is one release. */
import { afterEach, expect, test } from 'vitest';
import { onFailpoint } from '../../domain/failpoint.ts';
import { governor as command } from './command.ts';
import { HAPPY, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

/** The command with `--json`. */
const governor = (of: World, ...args: string[]) => command(of, [...args, '--json']);

async function prepare(): Promise<{ of: World; thread: string }> {
  world = makeWorld({ replies: HAPPY.map((reply) => ({ ...reply, delayMs: 60 })) });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  await operations.close();
  return { of: world, thread: threadId };
}

const merges = (of: World): string => of.git('rev-list', '--merges', '--count', 'main');

test('two resumes at once: one runs the thread, the other watches it, and every answer is paid once', async () => {
  const { of, thread } = await prepare();
  const both = await Promise.all([governor(of, 'resume', thread), governor(of, 'resume', thread)]);
  for (const { code, result, errors } of both)
    expect({ code, status: result.status, errors }).toMatchObject({ code: 4, status: 'waiting' });
  expect(both[0]?.result.spend?.model_calls).toBe(HAPPY.length);
  const audit = await governor(of, 'audit', 'verify');
  expect(audit.code).toBe(0);
});

test('two resumes in the same moment: who loses the lease watches, and is not told to go away', async () => {
  const { of, thread } = await prepare();
  const both = await Promise.all([of.open(), of.open()]);
  const results = await Promise.all(both.map((operations) => operations.resume(thread)));
  expect(results.map((result) => result.status)).toEqual(['waiting', 'waiting']);
  expect(results[0]?.spend.model_calls).toBe(HAPPY.length);
  for (const operations of both) await operations.close();
});

test('two approvals at once: one releases, the other is told that nothing is pending', async () => {
  const { of, thread } = await prepare();
  await governor(of, 'resume', thread);
  const subject = (await governor(of, 'show', thread)).result.waiting?.subject ?? '';
  const both = await Promise.all([1, 2].map(() => governor(of, 'approve', thread, '--subject', subject)));
  expect(new Set(both.map((one) => one.code))).toEqual(new Set([0, 2]));
  expect(both.find((one) => one.code === 2)?.errors).toMatch(/no approval is pending|is running|can no longer be decided|voted already/);
  expect(merges(of)).toBe('1');
  expect((await governor(of, 'show', thread)).result.status).toBe('released');
});

test('resume, approve and cancel at once: the thread ends released once or cancelled, never both', async () => {
  const { of, thread } = await prepare();
  await governor(of, 'resume', thread);
  const subject = (await governor(of, 'show', thread)).result.waiting?.subject ?? '';
  const all = await Promise.all([
    governor(of, 'approve', thread, '--subject', subject),
    governor(of, 'resume', thread),
    governor(of, 'cancel', thread),
  ]);
  for (const one of all) expect([0, 2, 3, 4], one.errors).toContain(one.code);
  const end = (await governor(of, 'show', thread)).result;
  expect(['released', 'cancelled', 'waiting']).toContain(end.status);
  if (end.status === 'released') expect(merges(of)).toBe('1');
  // Whatever won: going on from there ends in exactly one release.
  if (end.status !== 'released') {
    const resumed = await governor(of, 'resume', thread);
    if (resumed.code === 4) await governor(of, 'approve', thread, '--subject', resumed.result.waiting?.subject ?? '');
  }
  expect((await governor(of, 'show', thread)).result, JSON.stringify(end.reason)).toMatchObject({ status: 'released', reason: null });
  expect(merges(of)).toBe('1');
});

test('an abort between two nodes leaves a thread that a resume finishes', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  const gate = await operations.gate(thread);
  await operations.decide(thread, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  const abort = new AbortController();
  let decided = false;
  onFailpoint((point) => {
    decided ||= point === 'node:approve_release:exit';
    if (decided && point === 'put:top:loop:after') abort.abort();
  });
  try {
    expect(await operations.resume(thread, { signal: abort.signal })).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED' } });
  } finally {
    onFailpoint(undefined);
  }
  expect(await operations.resume(thread)).toMatchObject({ status: 'released', reason: null });
  expect(merges(world)).toBe('1');
  await operations.close();
});

test('a thread takes one goal: the same input again is the same run, another one is refused', async () => {
  world = makeWorld();
  const operations = await world.open();
  const threadId = '11111111-2222-4333-8444-555555555555';
  const options = { goal: 'Add a product function', repo: world.repo, scriptFile: world.script, threadId };
  await operations.create(options);
  await operations.create(options);
  await expect(operations.create({ ...options, goal: 'Another' })).rejects.toThrow('takes one goal');
  expect((await operations.list()).length).toBe(1);
  expect(await operations.drive(threadId)).toMatchObject({ status: 'waiting', reason: null });
  await operations.close();
});
