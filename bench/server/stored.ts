/** What a request costs with few and with many threads in the database. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { DevServer } from '../../test/compat/server.ts';
import { ask } from './http.ts';
import { smallRun } from './measures.ts';
import { median } from './numbers.ts';

export const REQUESTS = ['GET thread', 'GET state', 'search', 'search by graph', 'search by status', 'create', 'runs/wait'] as const;
export type Costs = Readonly<Record<(typeof REQUESTS)[number], number>>;

/** A thread with a run, and copies of both by SQL: as many rows as if as many clients had made them. */
export async function seed(server: DevServer, home: string, count: number): Promise<void> {
  await smallRun(server);
  const database = new Sqlite(join(home, 'governor.sqlite'));
  try {
    const columns = (table: string): string[] =>
      (database.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name); // SQLite's own form
    const copy = (table: string, made: Readonly<Record<string, string>>): void => {
      const names = columns(table).filter((name) => name !== 'seq');
      const values = names.map((name) => made[name] ?? `model."${name}"`);
      database
        .prepare(
          `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
           INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')})
           SELECT ${values.join(', ')} FROM numbers, (SELECT * FROM ${table} ORDER BY created_at DESC LIMIT 1) AS model`,
        )
        .run(count);
    };
    const id = (prefix: string): string => `printf('${prefix}%06x-0000-4000-8000-%012x', n, n)`;
    const time = `strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || n || ' seconds')`;
    copy('thread_runs', { run_id: id('0b'), thread_id: id('0a'), created_at: time, updated_at: time });
    copy('threads', { thread_id: id('0a'), created_at: time, updated_at: time, state_updated_at: time });
    // What so many clients would have written long ago is not in the log any more.
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

type Work = Record<(typeof REQUESTS)[number], () => Promise<unknown>>;

async function workOn(server: DevServer): Promise<Work> {
  const { thread_id: thread } = await server.client.threads.create();
  await server.client.runs.wait(thread, 'trivial', { input: { count: 1 } });
  const search = (body: unknown) => () => ask('POST', `${server.url}/threads/search`, body);
  return {
    'GET thread': () => ask('GET', `${server.url}/threads/${thread}`),
    'GET state': () => ask('GET', `${server.url}/threads/${thread}/state`),
    search: search({ limit: 10 }),
    'search by graph': search({ limit: 10, metadata: { graph_id: 'trivial' } }),
    'search by status': search({ limit: 10, status: 'idle' }),
    create: () => ask('POST', `${server.url}/threads`, {}),
    'runs/wait': () => smallRun(server),
  };
}

/** Medians of both servers, asked in turn: whatever else the machine does befalls both. */
export async function costs(few: DevServer, many: DevServer, turns: number): Promise<{ few: Costs; many: Costs }> {
  const works = [await workOn(few), await workOn(many)] as const;
  const found: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const name of REQUESTS) {
    const times: [number[], number[]] = [[], []];
    for (let turn = 0; turn < turns; turn += 1)
      for (const which of [0, 1] as const) {
        const began = performance.now();
        await works[which][name]();
        // The first fifth warms up.
        if (turn >= turns / 5) times[which].push(performance.now() - began);
      }
    found[0][name] = median(times[0]);
    found[1][name] = median(times[1]);
  }
  return { few: found[0] as Costs, many: found[1] as Costs }; // every name was measured
}
