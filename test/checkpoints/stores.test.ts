/** The stores together: what is pruned and what never is, and that a home is closed when it is closed. */
import { existsSync } from 'node:fs';
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { expect, test } from 'vitest';
import { rowOf } from '../../domain/transcript.ts';
import { eachOpen, home, stores } from './each.ts';
import { amountsOf, effectOf, leased, threadOf } from './home.ts';

eachOpen();

const TABLES = ['runs', 'attempts', 'accounts', 'reservations', 'effects', 'transcripts', 'approvals', 'audit', 'checkpoints', 'writes'];
const rowsOf = (threadId: string): Record<string, number> =>
  Object.fromEntries(
    TABLES.map((name) => [name, Number(home.raw().prepare(`SELECT COUNT(*) FROM ${name} WHERE thread_id = ?`).pluck().get(threadId))]),
  );

/** A thread with a row in every table. */
async function fill(threadId: string): Promise<string> {
  const fence = await leased(stores, threadId);
  const row = rowOf(null, 'lead', { role: 'user', content: 'first' });
  const reserve = { accounts: [{ id: 'run', caps: {} }], amounts: amountsOf({ costMicroUsd: 30 }) };
  await stores.effects.start(fence, effectOf(`paid ${threadId}`), {
    reserve,
    audit: { threadId, actor: 'governor', action: 'model-call' },
  });
  await stores.effects.finish(fence, `paid ${threadId}`, { result: 'answer', rows: [row] });
  for (const kind of ['tool', 'deploy', 'verify', 'rollback'] as const)
    await stores.effects.start(fence, effectOf(`${kind} ${threadId}`, { kind }), { before: 'intent' });
  await stores.attempts.allocate(fence, 'build', 'inputs');
  const required = { role: 'approver', min: 1, notStarter: false };
  await stores.approvals.open({ threadId, gate: 'release', subject: { digest: 'd' }, required, shown: {} });
  await stores.dossier.writeText(threadId, 'request.json', '{}');
  for (const namespace of ['', 'build:1']) {
    const config = { configurable: { thread_id: threadId, checkpoint_ns: namespace } };
    const at = await (await stores.saver()).put(config, { ...emptyCheckpoint(), id: 'one' }, { source: 'loop', step: 1, parents: {} });
    await (await stores.saver()).putWrites(at, [['channel', 'value']], 'task');
  }
  return row.id;
}

test('a pruned thread loses checkpoints, calls and transcripts; releases, approvals, audit, ledger, attempts and files stay; so do other threads', async () => {
  const head = await fill(threadOf(1));
  await fill(threadOf(2));
  const before = rowsOf(threadOf(1));
  expect(Math.min(...Object.values(before))).toBeGreaterThan(0);
  for (let times = 0; times < 2; times++) await stores.prune(threadOf(1));
  expect(rowsOf(threadOf(1))).toEqual({ ...before, effects: 3, transcripts: 0, checkpoints: 0, writes: 0 });
  expect(rowsOf(threadOf(2))).toEqual(before);
  for (const kind of ['deploy', 'verify', 'rollback'])
    expect(await stores.effects.peek(`${kind} ${threadOf(1)}`)).toMatchObject({ state: 'started', before: 'intent' });
  expect(await (await stores.saver()).getTuple({ configurable: { thread_id: threadOf(1) } })).toBeUndefined();
  await expect((await home.open()).transcripts.chain(threadOf(1), head)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  expect(await stores.dossier.list(threadOf(1))).toEqual([{ path: 'request.json', bytes: 2 }]);
  expect(await stores.ledger.totals(threadOf(1), 'run')).toMatchObject({ settled: { costMicroUsd: 30 } });
  expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
});

test('a closed home leaves no log beside its database, answers nothing more, and is there when it is opened again', async () => {
  await fill(threadOf(1));
  expect(existsSync(`${home.file}-wal`)).toBe(true);
  stores.close();
  expect(existsSync(`${home.file}-wal`)).toBe(false);
  await expect(stores.runs.list()).rejects.toThrow('not open');
  stores.close();
  expect(await (await home.open()).runs.list()).toMatchObject([{ threadId: threadOf(1) }]);
});
