/** The ledger on SQLite: watched from inside the database, no statement of any process ever stands above a cap. */
import { expect, test } from 'vitest';
import { type Account, type Amounts, type Caps, tokensOf, ZERO } from '../../domain/budget.ts';
import { eachLeased, fence, home, stores } from './each.ts';
import { amountsOf, effectOf, otherProcess } from './home.ts';

eachLeased();

const RUN: Account = { id: 'run', caps: { costMicroUsd: 100, tokens: 50, modelCalls: 3 } };
const reserve = (key: string, amounts: Partial<Amounts>, accounts: readonly Account[] = [RUN]) =>
  stores.effects.start(fence, effectOf(key), { reserve: { accounts, amounts: amountsOf(amounts) } });
const totals = (account = 'run') => stores.ledger.totals(fence.threadId, account);

/** Writes down every instant, even inside a transaction, at which an account is above one of its caps or below zero. */
function watchCaps(): () => unknown[] {
  const watch = home.raw();
  const over = [
    ['cost', 'settled_cost + reserved_cost'],
    ['tokens', 'settled_input_tokens + settled_output_tokens + reserved_input_tokens + reserved_output_tokens'],
    ['model_calls', 'settled_model_calls + reserved_model_calls'],
  ].map(([name, used]) => `(NEW.cap_${name} IS NOT NULL AND NEW.${used?.replaceAll(' + ', ' + NEW.')} > NEW.cap_${name})`);
  const under = ['cost', 'input_tokens', 'output_tokens', 'model_calls'].map((name) => `NEW.reserved_${name} < 0`);
  watch.exec(`CREATE TABLE faults (account TEXT, cost INTEGER, tokens INTEGER);
    CREATE TRIGGER watch AFTER UPDATE ON accounts WHEN ${[...over, ...under].join(' OR ')}
    BEGIN INSERT INTO faults VALUES (NEW.account, NEW.settled_cost + NEW.reserved_cost, NEW.reserved_input_tokens); END`);
  return () => watch.prepare('SELECT * FROM faults').all();
}

test('the watch of these tests sees an account above its cap', async () => {
  const faults = watchCaps();
  await reserve('a', { costMicroUsd: 100 });
  expect(faults()).toEqual([]);
  await stores.effects.finish(fence, 'a', { result: '', actual: amountsOf({ costMicroUsd: 101 }) });
  expect(faults()).toEqual([{ account: 'run', cost: 101, tokens: 0 }]);
});

test('three processes that reserve, settle, fail and forget at random never stand above a cap, not for one statement', async () => {
  const faults = watchCaps();
  const caps: Caps = { costMicroUsd: 1200, tokens: 2500, modelCalls: 90 };
  const others = [11, 12, 13].map((seed) =>
    otherProcess('spend', { home: home.folder, threadId: fence.threadId, epoch: fence.epoch, seed, times: 120, caps }),
  );
  try {
    await Promise.all(others.map((other) => other.ready()));
    for (const other of others) other.goOn();
    const said = await Promise.all(others.map((other) => other.said));
    const refused = said.reduce((sum, text) => sum + Number(/refused (\d+)/.exec(text)?.[1]), 0);
    expect(refused).toBeGreaterThan(50);
  } finally {
    for (const other of others) other.kill();
  }
  expect(faults()).toEqual([]);
  const { settled, reserved } = await totals();
  const lines = await stores.ledger.lines(fence.threadId);
  const sum = (pick: (amounts: Amounts) => number): number => lines.reduce((total, line) => total + pick(line.amounts), 0);
  expect(sum((amounts) => amounts.costMicroUsd)).toBe(settled.costMicroUsd + reserved.costMicroUsd);
  expect(sum(tokensOf)).toBe(tokensOf(settled) + tokensOf(reserved));
  expect(settled.costMicroUsd).toBeGreaterThan(300);
  // What was forgotten is still held; a take-over books it, and the sum does not change.
  await stores.runs.release(fence);
  const next = await stores.runs.acquire(fence.threadId);
  expect(await stores.ledger.bookOrphans(next)).toBeGreaterThan(5);
  expect(await totals()).toMatchObject({
    settled: { costMicroUsd: settled.costMicroUsd + reserved.costMicroUsd, modelCalls: settled.modelCalls + reserved.modelCalls },
    reserved: ZERO,
  });
  expect(faults()).toEqual([]);
});
