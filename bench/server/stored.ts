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
  } finally {
    database.close();
  }
}

export async function costs(server: DevServer, turns: number): Promise<Costs> {
  const { thread_id: thread } = await server.client.threads.create();
  await server.client.runs.wait(thread, 'trivial', { input: { count: 1 } });
  const search = (body: unknown) => () => ask('POST', `${server.url}/threads/search`, body);
  const work: Record<(typeof REQUESTS)[number], () => Promise<unknown>> = {
    'GET thread': () => ask('GET', `${server.url}/threads/${thread}`),
    'GET state': () => ask('GET', `${server.url}/threads/${thread}/state`),
    search: search({ limit: 10 }),
    'search by graph': search({ limit: 10, metadata: { graph_id: 'trivial' } }),
    'search by status': search({ limit: 10, status: 'idle' }),
    create: () => ask('POST', `${server.url}/threads`, {}),
    'runs/wait': () => smallRun(server),
  };
  const cost = async (name: (typeof REQUESTS)[number]): Promise<number> => {
    const times: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const began = performance.now();
      await work[name]();
      times.push(performance.now() - began);
    }
    return median(times.slice(Math.floor(turns / 5)));
  };
  const found: Record<string, number> = {};
  for (const name of REQUESTS) found[name] = await cost(name);
  return found as Costs; // every name was measured
}
