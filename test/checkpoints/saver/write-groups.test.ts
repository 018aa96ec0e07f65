/** Group commit: what shares a transaction, when it is told, and that it lives or fails together. */
import { type BaseCheckpointSaver, emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../checkpoints/database.ts';
import type { GuardedSaver } from '../../../checkpoints/saver/guarded-saver.ts';
import { guardedSqliteSaver } from '../../../checkpoints/saver/sqlite-saver.ts';
import { WriteGroups } from '../../../checkpoints/saver/write-groups.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { run, type Sql, type Transaction } from '../../../checkpoints/sql/transaction.ts';
import { onFailpoint } from '../../../domain/failpoint.ts';
import { type Home, leased, makeHome, threadOf } from '../home.ts';

let home: Home;
let database: Database;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
});
afterEach(() => {
  onFailpoint(undefined);
  database.close();
  home.dispose();
});

const turn = (): Promise<void> => new Promise((resume) => setImmediate(resume));
const count = (table: string): number => Number(home.raw().prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get());

describe('a saver', () => {
  let saver: GuardedSaver;
  beforeEach(() => {
    saver = guardedSqliteSaver(database);
  });

  const at = (id: string) => ({ configurable: { thread_id: threadOf(1), checkpoint_ns: '', checkpoint_id: id } });
  const put = (one: BaseCheckpointSaver, parent: string, id: string) =>
    one.put(at(parent), { ...emptyCheckpoint(), id }, { source: 'loop', step: 1, parents: {} }, {});
  /** The names of all points that are passed, and what stands in the tables at each as others see it. */
  function heard(): string[] {
    const points: string[] = [];
    onFailpoint((point) => points.push(`${point} ${count('writes')}/${count('checkpoints')}`));
    return points;
  }

  test('commits the writes of a step with the checkpoint that ends it, and settles them after the commit', async () => {
    const points = heard();
    const settled: string[] = [];
    const writes = saver.putWrites(at('one'), [['a', 1]], 'task').then(() => settled.push(`writes ${count('writes')}`));
    const checkpoint = put(saver, 'one', 'two').then(() => settled.push(`put ${count('checkpoints')}`));
    await Promise.all([writes, checkpoint]);
    expect(points).toEqual([
      'writes:top:values:before 0/0',
      'put:top:loop:before 0/0',
      'writes:top:values:inside 0/0',
      'put:top:loop:inside 0/0',
      'writes:top:values:after 1/1',
      'put:top:loop:after 1/1',
    ]);
    expect(settled).toEqual(['writes 1', 'put 1']);
  });

  test('does not let a write wait for a sibling that still works: it is there when the event loop has turned', async () => {
    const writes = saver.putWrites(at('one'), [['a', 1]], 'task');
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(count('writes')).toBe(1);
    await writes;
  });

  test('reads what it was given before, committed or not', async () => {
    await put(saver, '', 'one');
    void saver.putWrites(at('one'), [['a', 1]], 'task');
    expect((await saver.getTuple(at('one')))?.pendingWrites).toEqual([['task', 'a', 1]]);
  });

  test('refuses the writes of a step as a whole under a stale lease, and both calls are told', async () => {
    const stores = await home.open();
    const fence = await leased(stores);
    saver.guard({ ...fence, epoch: fence.epoch + 1 });
    const writes = saver.putWrites(at('one'), [['a', 1]], 'task');
    const outcomes = await Promise.allSettled([writes, put(saver, 'one', 'two')]);
    expect(outcomes).toMatchObject([{ reason: { name: 'FencedError' } }, { reason: { name: 'FencedError' } }]);
    expect([count('writes'), count('checkpoints')]).toEqual([0, 0]);
    saver.unguard(threadOf(1));
    await put(saver, 'one', 'two');
    expect(count('checkpoints')).toBe(1);
  });

  test('keeps nothing of a step whose commit fails in the middle', async () => {
    onFailpoint((point) => {
      if (point === 'put:top:loop:inside') throw new Error('the disk');
    });
    const writes = saver.putWrites(at('one'), [['a', 1]], 'task');
    const outcomes = await Promise.allSettled([writes, put(saver, 'one', 'two')]);
    expect(outcomes).toMatchObject([{ reason: { message: 'the disk' } }, { reason: { message: 'the disk' } }]);
    expect([count('writes'), count('checkpoints')]).toEqual([0, 0]);
  });

  test('refuses one value that cannot be stored, and its neighbours are written', async () => {
    const bad = saver.putWrites(at('one'), [['a', 10n]], 'bad');
    const good = saver.putWrites(at('one'), [['a', 1]], 'good');
    const outcomes = await Promise.allSettled([bad, good, put(saver, 'one', 'two')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(home.raw().prepare('SELECT task_id FROM writes').pluck().all()).toEqual(['good']);
  });

  test.each(['unguard', 'close'] as const)('commits what waits under the lease it came with at %s', async (how) => {
    const stores = await home.open();
    const fence = await leased(stores);
    saver.guard(fence);
    const writes = saver.putWrites(at('one'), [['a', 1]], 'task');
    for (let ticks = 0; ticks < 20; ticks += 1) await Promise.resolve();
    expect(count('writes')).toBe(0);
    if (how === 'unguard') saver.unguard(fence.threadId);
    else saver.close();
    expect(count('writes')).toBe(1);
    await writes;
  });
});

describe('over a driver that answers later', () => {
  /** As SQLite, but each write takes until it is let go. */
  function slowSql() {
    const inner = sqliteSql(database);
    const waiting: (() => void)[] = [];
    const sql: Sql = {
      read: (make) => inner.read(make),
      write: async (make) => {
        await new Promise<void>((resume) => waiting.push(resume));
        return inner.write(make);
      },
    };
    return { sql, waiting };
  }
  const row = (word: string) => ({
    point: word,
    *rows(): Transaction<void> {
      yield* run('INSERT INTO words (word) VALUES ($1)', [word]);
    },
  });
  const words = (): unknown[] => home.raw().prepare('SELECT word FROM words ORDER BY rowid').pluck().all();

  beforeEach(() => {
    database.exec('CREATE TABLE words (word TEXT PRIMARY KEY) STRICT');
  });

  test('the groups of a thread come one after the other, those of another beside them, and none is told early', async () => {
    const { sql, waiting } = slowSql();
    const groups = new WriteGroups(sql, () => undefined);
    const told: string[] = [];
    const join = (threadId: string, word: string): void => {
      void groups.join(threadId, row(word)).then(() => told.push(word));
      groups.commit(threadId);
    };
    join('a', 'a1');
    join('a', 'a2');
    join('b', 'b1');
    await turn();
    expect([waiting.length, told]).toEqual([2, []]);
    waiting.splice(0)[1]?.();
    await turn();
    expect([words(), told]).toEqual([['b1'], ['b1']]);
  });

  test('a group that fails does not take the next one with it, and whoever waits for the thread waits for both', async () => {
    const { sql, waiting } = slowSql();
    const groups = new WriteGroups(sql, () => undefined);
    const letGo = setInterval(() => waiting.shift()?.(), 1);
    try {
      await groups.join('a', row('one'));
      const twice = groups.join('a', row('one'));
      groups.commit('a');
      const next = groups.join('a', row('two'));
      const outcomes = Promise.allSettled([twice, next]);
      await groups.settled('a');
      expect(words()).toEqual(['one', 'two']);
      expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    } finally {
      clearInterval(letGo);
    }
  });
});
