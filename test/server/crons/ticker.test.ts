/** What a tick does: one run, as whoever made the cron, with the rights of now; or the reason why there is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { asked } from '../fixtures/auth/slow.ts';
import { issueKey } from '../issue-key.ts';
import { FLOWS, startServer, type TestServer } from '../serving.ts';

const STAMPS = new URL('../fixtures/auth/stamps.json', import.meta.url).pathname;
const SLOW = new URL('../fixtures/auth/slow.json', import.meta.url).pathname;
const DAILY = { schedule: '0 9 * * *' };
const MINUTE_MS = 60_000;

let home: string;
let server: TestServer;
let rows: Database.Database;
async function open(options: Parameters<typeof startServer>[0] = {}): Promise<void> {
  server = await startServer({ home, ...options });
  rows = new Database(join(home, 'governor.sqlite'));
}
async function shut(): Promise<void> {
  rows.close();
  await server.stop();
}
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-ticker-'));
});
afterEach(async () => {
  await shut();
  rmSync(home, { recursive: true, force: true });
});

interface Cron {
  readonly cron_id: string;
  readonly next_run_date: string | null;
  readonly last_run: {
    readonly tick: string;
    readonly run_id: string | null;
    readonly thread_id: string | null;
    readonly error: unknown;
  } | null;
}

const make = async (body: object, headers: Record<string, string> = {}, path = '/runs/crons'): Promise<Cron> => {
  const answer = await server.send('POST', path, { ...DAILY, ...body }, headers);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as Cron;
};
/** As if it had been made so long ago that a tick is due. */
const due = (cronId: string, at = Date.now() - 5): void => {
  rows.prepare('UPDATE crons SET due_at = ? WHERE cron_id = ?').run(at, cronId);
};
const ticked = ({ cron_id }: Cron, headers: Record<string, string> = {}, not?: string): Promise<NonNullable<Cron['last_run']>> =>
  until(async () => {
    const { last_run } = (await server.send('GET', `/runs/crons/${cron_id}`, undefined, headers)).body as Cron;
    return last_run === null || last_run.tick === not ? undefined : last_run;
  }, 'a tick');
const count = (): unknown => rows.prepare('SELECT COUNT(*) FROM thread_runs').pluck().get();

test('puts one run with the payload of the cron, on a thread that is kept, or goes with it', async () => {
  await open();
  for (const on_run_completed of ['keep', 'delete']) {
    const cron = await make({ assistant_id: 'two', input: { n: 40 }, metadata: { team: 'red' }, on_run_completed });
    due(cron.cron_id);
    const last = await ticked(cron);
    const threadId = String(last.thread_id);
    const run = await until(
      async () =>
        server.runtime.stores.served.queue
          .get({ tenant: 'default' }, undefined, String(last.run_id))
          .then((row) => (row?.status === 'success' ? row : undefined)),
      'its end',
    );
    expect(run).toMatchObject({ output: { n: 42 }, metadata: { team: 'red', cron_id: cron.cron_id, cron_tick: last.tick } });
    const thread = await server.send('GET', `/threads/${threadId}`);
    expect(thread.status).toBe(on_run_completed === 'keep' ? 200 : 404);
    if (on_run_completed === 'keep')
      expect(await server.client.threads.search({ metadata: { cron_id: cron.cron_id } })).toMatchObject([
        { thread_id: threadId, values: { n: 42 } },
      ]);
    const next = (await server.send('GET', `/runs/crons/${cron.cron_id}`)).body as Cron;
    expect(Date.parse(String(next.next_run_date))).toBeGreaterThan(Date.now());
  }
  expect(count()).toBe(2);
});

test('on a thread goes on with it, and waits its turn; the thread is gone with its crons', async () => {
  await open();
  const { thread_id } = await server.client.threads.create();
  const cron = await make({ assistant_id: 'two', input: { n: 1 } }, {}, `/threads/${thread_id}/runs/crons`);
  due(cron.cron_id);
  const first = await ticked(cron);
  due(cron.cron_id);
  await ticked(cron, {}, first.tick);
  await until(async () => (await server.client.runs.list(thread_id)).every(({ status }) => status === 'success'), 'both ends');
  expect(await server.client.runs.list(thread_id)).toHaveLength(2);
  expect((await server.client.threads.getState<{ log: string[] }>(thread_id)).values.log).toEqual(['one', 'two', 'one', 'two']);
  await server.client.threads.delete(thread_id);
  expect((await server.send('GET', `/runs/crons/${cron.cron_id}`)).status).toBe(404);
});

test('of all that were missed while no server ran is the newest, once; of a cron that has ended, none', async () => {
  await open();
  const cron = await make({ assistant_id: 'two', schedule: '*/10 * * * *', on_run_completed: 'keep' });
  const ended = await make({ assistant_id: 'two', schedule: '*/10 * * * *', end_time: '2099-01-01T00:00:00Z' });
  const before = await make({ assistant_id: 'two', schedule: '*/10 * * * *', enabled: false });
  await shut();
  rows = new Database(join(home, 'governor.sqlite'));
  const longAgo = Date.now() - 24 * 60 * MINUTE_MS;
  due(cron.cron_id, longAgo);
  rows.prepare('UPDATE crons SET due_at = ?, end_at = ? WHERE cron_id = ?').run(longAgo, longAgo + 30 * MINUTE_MS, ended.cron_id);
  rows.close();
  await open();
  const last = await ticked(cron);
  const tenMinutes = 10 * MINUTE_MS;
  expect(Date.parse(last.tick)).toBeGreaterThan(Date.now() - tenMinutes - 5000);
  expect(Date.parse(last.tick) % tenMinutes).toBe(0);
  expect(await ticked(ended)).toMatchObject({
    run_id: null,
    error: { error: 'CronEnded', message: expect.stringContaining('end_time: ') },
  });
  await new Promise((wake) => setTimeout(wake, 1500));
  expect(count()).toBe(1);
  expect((await server.send('GET', `/runs/crons/${before.cron_id}`)).body).toMatchObject({ last_run: null });
});

test('is made as the key that made it, and not at all once that is revoked; another key of the same owner helps nothing', async () => {
  await open();
  const { keys } = server.runtime.stores.served;
  const [first, second] = [
    await issueKey(keys, { owner: 'service:a', tenant: 'acme' }),
    await issueKey(keys, { owner: 'service:a', tenant: 'acme' }),
  ];
  const as = { 'x-api-key': second.key };
  const cron = await make({ assistant_id: 'two', on_run_completed: 'keep' }, { 'x-api-key': first.key });
  due(cron.cron_id);
  const made = await ticked(cron, as);
  expect(await server.runtime.stores.served.queue.get({ tenant: 'acme' }, undefined, String(made.run_id))).toMatchObject({
    tenant: 'acme',
    caller: { user_id: 'service:a' },
  });
  await keys.revoke(first.id);
  due(cron.cron_id);
  expect(await ticked(cron, as, made.tick)).toMatchObject({
    run_id: null,
    error: { error: 'HTTP 401', message: `service:a: key ${first.id} is revoked or expired` },
  });
  expect(count()).toBe(1);
  expect(server.logged).toContainEqual(expect.stringMatching(/^warn: cron .*: no run at .*revoked/));
});

test('one whose schedule cannot be read any more says so, ticks no more, and holds up no other', async () => {
  await open();
  const [broken, good] = [await make({ assistant_id: 'two' }), await make({ assistant_id: 'two' })];
  rows.prepare("UPDATE crons SET timezone = 'Mars/Olympus' WHERE cron_id = ?").run(broken.cron_id);
  due(broken.cron_id, Date.now() - 60_000);
  due(good.cron_id);
  expect(await ticked(good)).toMatchObject({ error: null });
  expect(await ticked(broken)).toMatchObject({
    run_id: null,
    error: { error: 'CronUnreadable', message: expect.stringContaining('Mars/Olympus') },
  });
  expect((await server.send('GET', `/runs/crons/${broken.cron_id}`)).body).toMatchObject({ next_run_date: null });
});

test('a fault of ours is tried again once its hold is over, and told where the tick is old by then', async () => {
  await open();
  const [cron, old] = [await make({ assistant_id: 'two' }), await make({ assistant_id: 'two' })];
  rows.exec('ALTER TABLE thread_runs RENAME TO gone');
  due(cron.cron_id);
  due(old.cron_id, Date.now() - 6 * MINUTE_MS);
  await until(() => server.logged.some((line) => line.includes(`cron ${cron.cron_id}: its tick is tried again`)), 'the fault');
  expect(await ticked(old)).toMatchObject({ run_id: null, error: { message: expect.stringContaining('no such table') } });
  rows.exec('ALTER TABLE gone RENAME TO thread_runs');
  expect((await server.send('GET', `/runs/crons/${cron.cron_id}`)).body).toMatchObject({ last_run: null });
  rows.prepare('UPDATE crons SET hold_until = 0 WHERE cron_id = ?').run(cron.cron_id);
  expect(await ticked(cron)).toMatchObject({ run_id: expect.any(String), error: null });
  expect(count()).toBe(1);
});

test('one whose handler never answers is asked about once, and holds up no other', async () => {
  await open({ config: SLOW });
  const [slow, good] = [await make({ assistant_id: 'agent', metadata: { slow: 'for ever' } }), await make({ assistant_id: 'agent' })];
  due(slow.cron_id);
  const hold = rows.prepare('SELECT hold_until FROM crons WHERE cron_id = ?').pluck();
  await until(() => asked.includes(slow.cron_id), 'the question');
  for (let times = 0; times < 2; times += 1) {
    rows.prepare('UPDATE crons SET hold_until = 1 WHERE cron_id = ?').run(slow.cron_id);
    await until(() => Number(hold.get(slow.cron_id)) > 1, 'its hold');
  }
  expect(asked.filter((id) => id === slow.cron_id)).toHaveLength(1);
  due(good.cron_id);
  expect(await ticked(good)).toMatchObject({ error: null });
  // Nor does the server wait for it when it stops.
  const since = performance.now();
  await shut();
  expect(performance.now() - since).toBeLessThan(15_000);
  await open();
});

test('many that are due at once wait for a slot, and not for the next poll', async () => {
  writeFileSync(join(home, 'operator.yaml'), 'server:\n  crons: { perCaller: 1000 }\n');
  await open({ config: SLOW });
  const crons = await Promise.all(Array.from({ length: 60 }, () => make({ assistant_id: 'agent', metadata: { slow: 50 } })));
  const since = performance.now();
  rows.prepare('UPDATE crons SET due_at = ?').run(Date.now() - 5);
  await until(() => rows.prepare('SELECT COUNT(*) FROM crons WHERE last IS NOT NULL').pluck().get() === crons.length, 'all ticks');
  // Six rounds of slots: a poll of one second before each would be five seconds.
  expect(performance.now() - since).toBeLessThan(4500);
});

test('a change of another member leaves a tick that is due; one of the schedule moves it', async () => {
  await open();
  const [kept, moved] = [await make({ assistant_id: 'two' }), await make({ assistant_id: 'two' })];
  const at = Date.now() + 1500;
  for (const cron of [kept, moved]) due(cron.cron_id, at);
  await server.send('PATCH', `/runs/crons/${kept.cron_id}`, { metadata: { team: 'blue' }, schedule: DAILY.schedule });
  await server.send('PATCH', `/runs/crons/${moved.cron_id}`, { schedule: '5 9 * * *' });
  expect(await ticked(kept)).toMatchObject({ error: null });
  expect((await server.send('GET', `/runs/crons/${moved.cron_id}`)).body).toMatchObject({ last_run: null });
});

test('of an assistant that is gone says so', async () => {
  await open();
  const assistant = await server.client.assistants.create({ graphId: 'two' });
  const cron = await make({ assistant_id: assistant.assistant_id });
  await server.client.assistants.delete(assistant.assistant_id);
  due(cron.cron_id);
  expect(await ticked(cron)).toMatchObject({
    run_id: null,
    error: { error: 'HTTP 404', message: expect.stringContaining('No assistant found') },
  });
});

test('with a project’s own auth is its user’s: stamped, seen by them alone, refused when their thread is another’s', async () => {
  await open({ config: STAMPS });
  const [alice, mallory] = ['alice', 'mallory'].map((name) => ({ authorization: `Bearer ${name}` }));
  const cron = await make({ assistant_id: 'agent', input: { asked: 'who' }, on_run_completed: 'keep' }, alice);
  expect((await server.send('GET', `/runs/crons/${cron.cron_id}`, undefined, alice)).body).toMatchObject({ metadata: { owner: 'alice' } });
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { enabled: false }],
    ['DELETE', '', undefined],
  ] as const)
    expect(await server.send(method, `/runs/crons/${cron.cron_id}${path}`, body, mallory), method).toMatchObject({ status: 404 });
  expect((await server.send('POST', '/runs/crons/search', {}, mallory)).body).toEqual([]);
  due(cron.cron_id);
  const { thread_id } = await ticked(cron, alice);
  const thread = await until(async () => {
    const answer = await server.send('GET', `/threads/${thread_id}`, undefined, alice);
    return (answer.body as { values: unknown }).values === null ? undefined : answer;
  }, 'its end');
  expect(thread.body).toMatchObject({ metadata: { owner: 'alice' }, values: { user: { identity: 'alice' } } });
  expect((await server.send('GET', `/threads/${thread_id}`, undefined, mallory)).status).toBe(404);
  expect((await server.send('POST', `/threads/${thread_id}/runs/crons`, { ...DAILY, assistant_id: 'agent' }, mallory)).status).toBe(404);
  await shut();
  // The project takes its auth away: nobody is asked any more, so nobody is who they were.
  await open({ config: FLOWS });
  rows.prepare('UPDATE crons SET assistant_id = (SELECT assistant_id FROM assistants WHERE graph_id = ?)').run('two');
  due(cron.cron_id);
  const last = await until(
    () => rows.prepare("SELECT last FROM crons WHERE last LIKE '%error%'").pluck().get() as string | undefined,
    'the refusal',
  );
  expect(JSON.parse(last)).toMatchObject({ error: { error: 'HTTP 401', message: expect.stringContaining('auth.path') } });
});

test('a server that is told to stop, and one whose project wants no runs, tick no more', async () => {
  writeFileSync(join(home, 'operator.yaml'), 'server:\n  crons: { minIntervalSeconds: 1 }\n');
  await open();
  const cron = await make({ assistant_id: 'two', schedule: '* * * * * *', on_run_completed: 'keep' });
  await ticked(cron);
  await shut();
  rows = new Database(join(home, 'governor.sqlite'));
  const before = count();
  await new Promise((wake) => setTimeout(wake, 1500));
  expect(count()).toBe(before);
  rows.close();
  const folder = join(home, 'project');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folder);
  const flows = FLOWS.replace('langgraph.json', 'flows.ts');
  writeFileSync(join(folder, 'langgraph.json'), JSON.stringify({ graphs: { two: `${flows}:two` }, http: { disable_runs: true } }));
  await open({ config: join(folder, 'langgraph.json') });
  expect((await server.send('GET', `/runs/crons/${cron.cron_id}`)).status).toBe(404);
  await new Promise((wake) => setTimeout(wake, 1500));
  expect(count()).toBe(before);
});
