/** The server's stores on SQLite, and that another database will take every statement they made. */
import { INTERRUPT } from '@langchain/langgraph-checkpoint';
import { afterAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../checkpoints/database.ts';
import { guardedSqliteSaver } from '../../checkpoints/saver/sqlite-saver.ts';
import { assertHeld } from '../../checkpoints/served/assert-held.ts';
import { createServed } from '../../checkpoints/served/index.ts';
import { keepReplaced } from '../../checkpoints/served/take-back.ts';
import { truncateServed } from '../../checkpoints/served/truncate.ts';
import { sqliteSql } from '../../checkpoints/sql/sqlite.ts';
import { many, one } from '../../checkpoints/sql/transaction.ts';
import { makeHome, newRun, threadOf } from '../checkpoints/home.ts';
import { postgresFolder, preparedBy } from './postgres.ts';
import { assistantsSuite } from './served/assistants.ts';
import type { ServedBackend, ServedSuite } from './served/backend.ts';
import { cronsSuite } from './served/crons.ts';
import { eventsSuite } from './served/events.ts';
import { feedbackSuite } from './served/feedback.ts';
import { idempotencySuite } from './served/idempotency.ts';
import { itemsSuite } from './served/items.ts';
import { keysSuite } from './served/keys.ts';
import { outboxSuite } from './served/outbox.ts';
import { POSTGRES_DIALECT, plainNames } from './served/postgres-dialect.ts';
import { queueSuite } from './served/queue.ts';
import { remadeThreadSuite } from './served/remade-thread.ts';
import { statelessRunsSuite } from './served/stateless-runs.ts';
import { takeBackSuite } from './served/take-back.ts';
import { threadEventsSuite } from './served/thread-events.ts';
import { threadsSuite } from './served/threads.ts';
import { truncateSuite } from './served/truncate.ts';
import { writtenIn } from './served/written.ts';
import { listening, unsound } from './statements.ts';

const SUITES: readonly ServedSuite[] = [
  threadsSuite,
  queueSuite,
  eventsSuite,
  threadEventsSuite,
  statelessRunsSuite,
  takeBackSuite,
  remadeThreadSuite,
  assistantsSuite,
  itemsSuite,
  cronsSuite,
  feedbackSuite,
  outboxSuite,
  keysSuite,
  idempotencySuite,
  truncateSuite,
];

/** Every statement that any of the suites made. */
const texts = new Set<string>();
const hear = (text: string): unknown => texts.add(text);

const sqliteBackend: ServedBackend = async () => {
  const home = makeHome();
  const closers: (() => void)[] = [];
  return {
    clock: home.clock,
    open: async () => {
      const database = openDatabase(home.file);
      const [sql, relaxed] = [listening(sqliteSql(database), hear), listening(sqliteSql(database, 'relaxed'), hear)];
      const saver = guardedSqliteSaver(database, assertHeld);
      closers.push(() => {
        saver.close();
        database.close();
      });
      return {
        served: createServed(sql, relaxed, home.clock),
        saver,
        sql: sqliteSql(database),
        truncate: async (what) => sql.write(() => truncateServed(what)),
      };
    },
    dispose: async () => {
      for (const close of closers) close();
      home.dispose();
    },
  };
};

for (const suite of SUITES) suite('SQLite', sqliteBackend);

describe('the statements that the suites made', () => {
  const home = makeHome();
  const database = openDatabase(home.file);
  guardedSqliteSaver(database, assertHeld);
  afterAll(() => {
    database.close();
    home.dispose();
  });

  test('are all that the stores have', async () => {
    const place = await sqliteBackend();
    const { served, saver, sql } = await place.open();
    // What the saver asks of them goes by its own driver.
    const asked = listening(sql, hear);
    for (const [runId, question] of [
      ['first', 'first?'],
      ['second', undefined],
    ] as const) {
      await served.queue.put({ tenant: 'default' }, [newRun(runId, threadOf(1))]);
      const claimed = await served.queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      if (question === undefined) continue;
      const at = { configurable: { thread_id: threadOf(1), checkpoint_ns: '', checkpoint_id: 'c' } };
      await saver.putWrites(at, [[INTERRUPT, question]], 'task');
      await served.queue.finish(claimed.lease, { status: 'interrupted' });
    }
    const { index } = (await sql.read(() => one<{ index: number }>('SELECT idx AS "index" FROM writes'))) ?? { index: 0 };
    await asked.write(() => keepReplaced({ threadId: threadOf(1), namespace: '', checkpointId: 'c', taskId: 'task', index }));
    expect(await sql.read(() => many('SELECT run_id FROM replaced_writes'))).toEqual([{ run_id: 'second' }]);
    await place.dispose();
    const made = [...texts];
    const unseen = writtenIn(new URL('../../checkpoints/served', import.meta.url).pathname).filter(
      (text) => !made.some((one) => one.includes(text)),
    );
    expect(unseen).toEqual([]);
  });

  test('have no form that another database refuses', () => {
    expect(texts.size).toBeGreaterThan(80);
    expect([...texts].flatMap((text) => unsound(plainNames(text)).map((instead) => `${instead}: ${text}`))).toEqual([]);
  });

  const folder = postgresFolder();
  if (folder === undefined) console.warn('No Postgres under /usr/lib/postgresql: no statement was prepared by it.');

  test.skipIf(folder === undefined)('are prepared by Postgres, and every number is of 64 bits', { timeout: 120_000 }, () => {
    const broken = 'SELECT nothing FROM nowhere';
    // What is wrong on purpose is told, so that a silence means that all others were looked at.
    expect(preparedBy(folder ?? '', database, [...texts, broken], POSTGRES_DIALECT)).toEqual([
      expect.stringContaining('relation "nowhere" does not exist'),
      expect.stringContaining('nowhere'),
    ]);
  });
});
