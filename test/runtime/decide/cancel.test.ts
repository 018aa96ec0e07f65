/** Cancelling a thread that a process takes, or lets go of, at that very moment. */
import { afterEach, expect, test } from 'vitest';
import { cancel } from '../../../runtime/decide/cancel.ts';
import { resume } from '../../../runtime/drive/resume.ts';
import { openRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World;
let here: Runtime;
let there: Runtime;
afterEach(() => {
  here.stores.close();
  there.stores.close();
  world.dispose();
});

/** A thread that was created and not begun, in two processes' eyes. */
async function created(): Promise<string> {
  world = makeWorld();
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add another function', repo: world.repo, scriptFile: world.script });
  await operations.close();
  here = await openRuntime({ home: world.home, env: {} });
  there = await openRuntime({ home: world.home, env: {} });
  return threadId;
}

async function cancelled(threadId: string, runtime = here): Promise<void> {
  const row = await runtime.stores.runs.get(threadId);
  if (row === undefined) throw new Error(`no thread ${threadId}`);
  await cancel(runtime, row);
}

test('a process takes it between the look and the mark: it is told to stop, and the thread is cancelled when it has', async () => {
  const threadId = await created();
  let beat: Promise<string> | undefined;
  const runs: Runtime['stores']['runs'] = {
    ...here.stores.runs,
    markCancelled: async (id, reason) => {
      if (beat === undefined) {
        const fence = await there.stores.runs.acquire(id);
        beat = new Promise((told) => {
          setTimeout(
            () => void there.stores.runs.heartbeat(fence, 0).then((answer) => there.stores.runs.release(fence).then(() => told(answer))),
            200,
          );
        });
      }
      return here.stores.runs.markCancelled(id, reason);
    },
  };
  await cancelled(threadId, { ...here, stores: { ...here.stores, runs } });
  expect(await beat).toBe('cancelled');
  expect(await here.stores.runs.get(threadId)).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED' } });
});

test('nobody takes it: it is cancelled at once', async () => {
  const threadId = await created();
  await cancelled(threadId);
  expect(await here.stores.runs.get(threadId)).toMatchObject({ status: 'cancelled', live: false });
  await cancelled(threadId);
});

test('who goes on with a cancelled thread is not told of the cancel before', async () => {
  const threadId = await created();
  await here.stores.runs.requestCancel(threadId);
  await cancelled(threadId);
  const fence = await there.stores.runs.acquire(threadId);
  expect(await there.stores.runs.heartbeat(fence, 0)).toBe('held');
});

test('a process that comes up late to begin it lets it be; who wants to go on with it does', async () => {
  const threadId = await created();
  const runs: Runtime['stores']['runs'] = {
    ...here.stores.runs,
    // It is cancelled between the look at its row and its lease.
    acquire: async (id, seen) => {
      await cancelled(threadId, there);
      return here.stores.runs.acquire(id, seen);
    },
  };
  const late = { ...here, stores: { ...here.stores, runs } };
  expect(await resume(late, threadId, { begin: true })).toMatchObject({ status: 'cancelled' });
  expect(await resume(here, threadId, { begin: true })).toMatchObject({ status: 'cancelled' });
  expect(await resume(here, threadId, {})).toMatchObject({ status: 'waiting' });
});
