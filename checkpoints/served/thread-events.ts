/** The events of threads over all their runs: dense numbers that go on, written before anybody sees them, and at most so many characters a thread. */
import { FencedError } from '../../domain/errors.ts';
import type { RunLease } from '../../domain/served.ts';
import {
  CHANNELS,
  type Channel,
  type NewThreadEvent,
  type ReadThreadEvents,
  type ThreadEvent,
  type ThreadEvents,
} from '../../domain/thread-events.ts';
import type { SqlValue } from '../sql/statement.ts';
import { many, one, run, type Sql, some, type Transaction } from '../sql/transaction.ts';
import { holds } from './queue/holds.ts';

/** Threads that one statement asks about; its text is the same for fewer. */
const ASKED = 50;
/** Rows that one statement of a trim looks at. */
const TRIMMED = 200;

/**
 * @example
 * const last = await threadEvents.append(lease, [event], 1_000_000);
 * await threadEvents.read(lease.threadId, { after: 0, through: last, channels: ['values'], limit: 100, maxCharacters: 100_000 });
 */
export function createThreadEvents(sql: Sql): ThreadEvents {
  return {
    append: async (lease, events, mostCharacters) => sql.write(() => append(lease, events, mostCharacters)),
    read: async (threadId, what) => sql.read(() => read(threadId, what)),
    lasts: async (threadIds) => {
      const found = new Map<string, number>();
      for (let from = 0; from < threadIds.length; from += ASKED)
        for (const row of await sql.read(() => lasts(threadIds.slice(from, from + ASKED)))) found.set(row.thread_id, row.seq);
      return found;
    },
    has: async (runId) => sql.read(() => has(runId)),
    prune: async (before, limit) => sql.write(() => prune(before, limit)),
  };
}

function* append(
  lease: Pick<RunLease, 'runId' | 'threadId' | 'epoch'>,
  events: readonly NewThreadEvent[],
  mostCharacters: number,
): Transaction<number> {
  if (!(yield* holds(lease))) throw new FencedError(lease.threadId, lease.epoch);
  return yield* tellThread({ thread_id: lease.threadId, run_id: lease.runId }, events, mostCharacters);
}

interface Teller {
  readonly thread_id: string;
  readonly run_id: string;
}

interface Stream {
  readonly seq: number;
  readonly characters: number;
}

const streamOf = (threadId: string): Transaction<Stream | undefined> =>
  one<Stream>('SELECT seq, characters FROM thread_streams WHERE thread_id = $1', [threadId]);

/** For the transaction of whoever changes the run. @returns the last number. */
export function* tellThread(by: Teller, events: readonly NewThreadEvent[], mostCharacters: number): Transaction<number> {
  let { seq, characters } = (yield* streamOf(by.thread_id)) ?? { seq: 0, characters: 0 };
  for (const { channel, name, method, namespace, params } of events) {
    seq += 1;
    characters += params.length;
    yield* run(
      `INSERT INTO thread_events (thread_id, seq, run_id, channel, name, method, namespace, characters, params)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [by.thread_id, seq, by.run_id, channel, name ?? null, method, JSON.stringify(namespace), params.length, params],
    );
  }
  if (characters > mostCharacters) characters -= yield* trimmed(by.thread_id, seq, characters - mostCharacters);
  yield* run(
    `INSERT INTO thread_streams (thread_id, seq, characters) VALUES ($1, $2, $3)
     ON CONFLICT (thread_id) DO UPDATE SET seq = excluded.seq, characters = excluded.characters`,
    [by.thread_id, seq, characters],
  );
  return seq;
}

/** Deletes the oldest until so many characters are gone; the last one stays. @returns how many went. */
function* trimmed(threadId: string, last: number, surplus: number): Transaction<number> {
  let gone = 0;
  while (gone < surplus) {
    const oldest = yield* many<Stream>(
      'SELECT seq, characters FROM thread_events WHERE thread_id = $1 AND seq < $2 ORDER BY seq LIMIT $3',
      [threadId, last, TRIMMED],
    );
    if (oldest.length === 0) return gone;
    let below = 0;
    for (const { seq, characters } of oldest) {
      gone += characters;
      below = seq;
      if (gone >= surplus) break;
    }
    yield* run('DELETE FROM thread_events WHERE thread_id = $1 AND seq <= $2', [threadId, below]);
  }
  return gone;
}

/** Whether clients follow this run by its thread: it was asked for by protocol v2, it is governed, or another run of its thread was told. */
export function* isTold({ thread_id, kwargs }: Teller & { readonly kwargs: string }): Transaction<boolean> {
  if ((yield* streamOf(thread_id)) !== undefined) return true;
  const { protocol, governed } = JSON.parse(kwargs) as { readonly protocol?: unknown; readonly governed?: unknown }; // as it was put
  return protocol !== undefined || governed !== undefined;
}

interface Row {
  readonly seq: number;
  readonly channel: Channel;
  readonly name: string | null;
  readonly method: string;
  readonly namespace: string;
  readonly params: string;
}

const COLUMNS = 'seq, channel, name, method, namespace, params';
const IN_CHANNELS = `channel IN (${CHANNELS.map((_, index) => `$${index + 5}`).join(', ')})`;
const OF_THREAD = `SELECT ${COLUMNS} FROM thread_events WHERE thread_id = $1 AND seq > $2 AND seq <= $3 AND ${IN_CHANNELS} ORDER BY seq LIMIT $4`;
const OF_RUN = `SELECT ${COLUMNS} FROM thread_events WHERE thread_id = $1 AND seq > $2 AND seq <= $3 AND ${IN_CHANNELS} AND run_id = $${CHANNELS.length + 5} ORDER BY seq LIMIT $4`;

function* read(threadId: string, what: ReadThreadEvents): Transaction<readonly ThreadEvent[]> {
  const [first] = what.channels;
  if (first === undefined) return [];
  const channels = CHANNELS.map((_, index): SqlValue => what.channels[index] ?? first);
  const parameters = [threadId, what.after, what.through, what.limit, ...channels];
  const rows =
    what.runId === undefined
      ? yield* some<Row>(OF_THREAD, parameters, what.maxCharacters)
      : yield* some<Row>(OF_RUN, [...parameters, what.runId], what.maxCharacters);
  return rows.map(({ name, namespace, ...row }) => ({
    ...row,
    ...(name === null ? {} : { name }),
    namespace: JSON.parse(namespace) as readonly string[], // written by `tellThread`
  }));
}

function* lasts(threadIds: readonly string[]): Transaction<readonly { thread_id: string; seq: number }[]> {
  const places = Array.from({ length: ASKED }, (_, index) => `$${index + 1}`).join(', ');
  const asked = Array.from({ length: ASKED }, (_, index) => threadIds[index] ?? '');
  return yield* many(`SELECT thread_id, seq FROM thread_streams WHERE thread_id IN (${places})`, asked);
}

function* has(runId: string): Transaction<boolean> {
  return (yield* one('SELECT run_id FROM thread_events WHERE run_id = $1 LIMIT 1', [runId])) !== undefined;
}

/** Rows `e` of a run `r` that nobody needs: all, but of a thread's last run while it waits what says so. */
const UNNEEDED = `(e.channel NOT IN ('lifecycle', 'input')
  OR NOT EXISTS (SELECT 1 FROM threads t WHERE t.thread_id = r.thread_id AND t.status = 'interrupted')
  OR EXISTS (SELECT 1 FROM thread_runs later WHERE later.thread_id = r.thread_id AND later.seq > r.seq))`;

const COUNT_OF_RUN = 'SELECT CAST(COALESCE(SUM(characters), 0) AS BIGINT) FROM thread_events WHERE run_id = $1';

/** The run's row goes, or went: nobody is told of it any more. */
export function* forgetTold(runId: string): Transaction<void> {
  yield* run(
    `UPDATE thread_streams SET characters = characters - (${COUNT_OF_RUN})
     WHERE thread_id IN (SELECT thread_id FROM thread_events WHERE run_id = $1)`,
    [runId],
  );
  yield* run('DELETE FROM thread_events WHERE run_id = $1', [runId]);
}

function* prune(before: string, limit: number): Transaction<number> {
  const runs = yield* many<Teller>(
    `SELECT r.run_id, r.thread_id FROM thread_runs r WHERE r.status NOT IN ('pending', 'running') AND r.updated_at < $1
       AND EXISTS (SELECT 1 FROM thread_events e WHERE e.run_id = r.run_id AND ${UNNEEDED}) LIMIT $2`,
    [before, limit],
  );
  for (const { run_id, thread_id } of runs) {
    yield* run(
      `DELETE FROM thread_events WHERE run_id = $1 AND seq IN
         (SELECT e.seq FROM thread_events e JOIN thread_runs r ON r.run_id = e.run_id WHERE e.run_id = $1 AND ${UNNEEDED})`,
      [run_id],
    );
    yield* run(
      `UPDATE thread_streams SET characters = (SELECT CAST(COALESCE(SUM(characters), 0) AS BIGINT) FROM thread_events WHERE thread_id = $1)
       WHERE thread_id = $1`,
      [thread_id],
    );
  }
  return runs.length;
}
