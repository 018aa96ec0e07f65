/** A run that is taken back leaves its thread as it was, also the questions and answers that it replaced in their rows. */
import { INTERRUPT, RESUME } from '@langchain/langgraph-checkpoint';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Stores } from '../../../checkpoints/stores.ts';
import { type Home, makeHome, newRun, threadOf } from '../home.ts';

const scope = { tenant: 'default' };
const threadId = threadOf(1);
const at = { configurable: { thread_id: threadId, checkpoint_ns: '', checkpoint_id: 'c1' } };
let home: Home;
let stores: Stores;

beforeEach(async () => {
  home = makeHome();
  stores = await home.open();
});
afterEach(() => home.dispose());

async function begun(runId: string) {
  await stores.served.queue.put(scope, [newRun(runId, threadId, { threadMetadata: {} })]);
  const claimed = await stores.served.queue.claim();
  if (claimed === undefined) throw new Error('nothing to claim');
  return claimed.lease;
}
const writes = async () => (await stores.servedSaver.getTuple(at))?.pendingWrites;
const kept = (): unknown => home.raw().prepare('SELECT count(*) AS n FROM replaced_writes').get();

/** A first run asked; a second one, which answers, is asked again: twice, and of another task once. */
async function askedAgain() {
  const first = await begun('first');
  const checkpoint = { v: 4, id: 'c1', ts: '', channel_values: {}, channel_versions: {}, versions_seen: {} };
  await stores.servedSaver.put({ configurable: { thread_id: threadId } }, checkpoint, { source: 'loop', step: 1, parents: {} });
  await stores.servedSaver.putWrites(at, [[INTERRUPT, 'first?']], 'task');
  await stores.served.queue.finish(first, { status: 'interrupted' });
  const before = await writes();
  const second = await begun('second');
  await stores.servedSaver.putWrites(at, [[RESUME, ['yes']]], 'task');
  await stores.servedSaver.putWrites(at, [[INTERRUPT, 'second?']], 'task');
  await stores.servedSaver.putWrites(at, [[INTERRUPT, 'third?']], 'task');
  await stores.servedSaver.putWrites(at, [[INTERRUPT, 'other?']], 'other');
  return { before, second };
}

test('what it replaced is there again', async () => {
  const { before, second } = await askedAgain();
  expect(before).toEqual([['task', INTERRUPT, 'first?']]);
  await stores.served.queue.finish(second, { status: 'interrupted', rollback: true });
  expect([await writes(), kept()]).toEqual([before, { n: 0 }]);
});

test('one that ends keeps what it wrote, and nothing of what it replaced', async () => {
  const { second } = await askedAgain();
  expect(kept()).toEqual({ n: 1 });
  await stores.served.queue.finish(second, { status: 'interrupted' });
  expect(await writes()).toEqual(
    expect.arrayContaining([
      ['task', RESUME, ['yes']],
      ['task', INTERRUPT, 'third?'],
      ['other', INTERRUPT, 'other?'],
    ]),
  );
  expect(kept()).toEqual({ n: 0 });
});
