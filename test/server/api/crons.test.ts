/** The routes of crons, by the official client: what they take, what they refuse, whom they obey. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let home: string;
let server: TestServer;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-crons-'));
  writeFileSync(join(home, 'operator.yaml'), 'server:\n  crons: { perCaller: 3, all: 5 }\n');
  server = await startServer({ home });
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

const NONE = '00000000-0000-4000-8000-000000000000';
const DAILY = { schedule: '0 9 * * *' };

test('the official client creates, finds, counts, changes and deletes them, and /info says that it may', async () => {
  const { crons, threads } = server.client;
  expect((await server.send('GET', '/info')).body).toMatchObject({ flags: { crons: true } });
  const made = await crons.create('two', {
    ...DAILY,
    timezone: 'Europe/Berlin',
    endTime: '2099-01-01T00:00:00+01:00',
    input: { n: 1 },
    metadata: { team: 'red' },
    onRunCompleted: 'keep',
    streamMode: ['values'],
  });
  expect(made).toMatchObject({
    thread_id: null,
    ...DAILY,
    timezone: 'Europe/Berlin',
    end_time: '2098-12-31T23:00:00.000Z',
    enabled: true,
    on_run_completed: 'keep',
    payload: { input: { n: 1 }, stream_mode: ['values'], assistant_id: made.assistant_id },
    metadata: { team: 'red' },
    user_id: expect.stringMatching(/^local:/),
    next_run_date: expect.stringMatching(/T0[78]:00:00.000Z$/),
    last_run: null,
  });
  const { thread_id } = await threads.create();
  const onThread = await crons.createForThread(thread_id, 'two', { ...DAILY, enabled: false, multitaskStrategy: 'reject' });
  expect(onThread).toMatchObject({ thread_id, enabled: false, next_run_date: null, on_run_completed: null });
  expect((await crons.search({ threadId: thread_id })).map(({ cron_id }) => cron_id)).toEqual([onThread.cron_id]);
  expect(await crons.search({ metadata: { team: 'red' }, select: ['cron_id', 'schedule'] })).toEqual([{ cron_id: made.cron_id, ...DAILY }]);
  expect(await crons.count({ assistantId: made.assistant_id })).toBe(2);
  const changed = await crons.update(made.cron_id, {
    schedule: '*/5 * * * *',
    endTime: null,
    metadata: { shift: 'night' },
    input: { n: 2 },
  });
  expect(changed).toMatchObject({
    schedule: '*/5 * * * *',
    end_time: null,
    metadata: { team: 'red', shift: 'night' },
    payload: { input: { n: 2 }, stream_mode: ['values'] },
  });
  expect(Date.parse(String(changed.next_run_date))).toBeLessThan(Date.now() + 300_000);
  expect(await crons.update(made.cron_id, { enabled: false })).toMatchObject({ enabled: false, next_run_date: null });
  expect(await crons.update(made.cron_id, { enabled: true })).toMatchObject({ enabled: true, next_run_date: expect.any(String) });
  expect((await server.send('GET', `/runs/crons/${made.cron_id}`)).body).toMatchObject({ cron_id: made.cron_id });
  for (const { cron_id } of [made, onThread]) await crons.delete(cron_id);
  expect((await server.send('GET', `/runs/crons/${made.cron_id}`)).status).toBe(404);
  expect(await crons.count()).toBe(0);
});

test('a request that is sent again with its key makes no second one, also where its answer was lost', async () => {
  const body = { assistant_id: 'two', ...DAILY, input: 'x'.repeat(262_000) };
  const send = () => server.send('POST', '/runs/crons', body, { 'idempotency-key': 'once' });
  const first = await send();
  expect(first.status).toBe(200);
  await server.runtime.stores.served.idempotency.prune('9999', 100);
  expect((await send()).body).toEqual(first.body);
  expect(await server.client.crons.count()).toBe(1);
  await server.client.crons.delete((first.body as { cron_id: string }).cron_id);
});

describe('is refused, naming the field, the value and the mend', () => {
  test.each([
    [{ schedule: '61 * * * *' }, 422, /schedule: "61 \* \* \* \*".*five fields/],
    [{}, 422, /body\.schedule/],
    [{ ...DAILY, timezone: 'Mars/Olympus' }, 422, /timezone: "Mars\/Olympus" .* such as "Europe\/Berlin"/],
    [{ ...DAILY, end_time: '2020-01-01T00:00:00Z' }, 422, /end_time: 2020-01-01T00:00:00.000Z has passed; give a later/],
    [{ ...DAILY, end_time: 'tomorrow' }, 422, /end_time: must be an ISO 8601 moment.*; got "tomorrow"/],
    [{ ...DAILY, input: 'x'.repeat(262_144) }, 422, /body: the run of a cron has \d+ characters \(at most 262144\)/],
    [{ ...DAILY, after_seconds: 3 }, 422, /unknown field "after_seconds"/],
    [{ ...DAILY, webhook: 'http://10.0.0.1/x' }, 422, /webhook "http:\/\/10\.0\.0\.1\/x"/],
    [{ ...DAILY, stream_mode: 'all' }, 422, /stream_mode/],
    [{ ...DAILY, metadata: { key: `ghp_${'a1B2c3D4e5F6'.repeat(3)}` } }, 422, /looks like a secret/],
    [{ ...DAILY, assistant_id: 'nobody' }, 404, /No assistant found for "nobody"/],
  ])('%j', async (more, status, message) => {
    const answer = await server.send('POST', '/runs/crons', { assistant_id: 'two', ...more });
    expect(answer).toMatchObject({ status, body: { detail: expect.stringMatching(message) } });
    expect(await server.client.crons.count()).toBe(0);
  });

  test('a thread that is not there, what only a thread of its own can have, a page in an order that there is not', async () => {
    expect((await server.send('POST', `/threads/${NONE}/runs/crons`, { assistant_id: 'two', ...DAILY })).status).toBe(404);
    const { thread_id } = await server.client.threads.create();
    const kept = { assistant_id: 'two', ...DAILY, on_run_completed: 'keep' };
    expect(await server.send('POST', `/threads/${thread_id}/runs/crons`, kept)).toMatchObject({ status: 422 });
    expect(await server.send('POST', '/runs/crons/search', { sort_by: 'payload' })).toMatchObject({ status: 422 });
    expect(await server.send('POST', '/runs/crons/search', { select: ['caller'] })).toMatchObject({ status: 422 });
  });

  test('one more than a caller, or the server, may have; the last that fits is made', async () => {
    const make = (key?: string) =>
      server.send('POST', '/runs/crons', { assistant_id: 'two', ...DAILY }, key === undefined ? {} : { 'x-api-key': key });
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) made.push(((await make()).body as { cron_id: string }).cron_id);
    expect(await make()).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/local:\w+ has 3 \(at most 3\); delete one/) },
    });
    const { key } = await issueKey(server.runtime.stores.served.keys);
    for (let count = 0; count < 2; count += 1) made.push(((await make(key)).body as { cron_id: string }).cron_id);
    expect(await make(key)).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/this server has 5 \(at most 5\)/) } });
    for (const id of made) expect((await server.send('DELETE', `/runs/crons/${id}`, undefined, { 'x-api-key': key })).status).toBe(204);
  });
});

test('who may only look makes, changes and deletes none; a key for some graphs sees those of its graphs', async () => {
  const { keys } = server.runtime.stores.served;
  const as = async (roles: string[], graphs: string[] | null = null) => {
    const { key } = await issueKey(keys, { owner: `service:${roles.join('-')}${graphs?.join('') ?? ''}`, roles, graphs });
    return (method: string, path: string, body?: unknown) => server.send(method, path, body, { 'x-api-key': key });
  };
  const [operator, viewer, asks] = [await as(['operator']), await as(['viewer']), await as(['operator'], ['ask'])];
  const made = await operator('POST', '/runs/crons', { assistant_id: 'two', ...DAILY });
  const { cron_id } = made.body as { cron_id: string };
  expect(made).toMatchObject({ status: 200, body: { user_id: 'service:operator' } });
  expect((await viewer('GET', `/runs/crons/${cron_id}`)).status).toBe(200);
  for (const [method, path, body] of [
    ['POST', '/runs/crons', { assistant_id: 'two', ...DAILY }],
    ['PATCH', `/runs/crons/${cron_id}`, { enabled: false }],
    ['DELETE', `/runs/crons/${cron_id}`, undefined],
  ] as const)
    expect(await viewer(method, path, body), method).toMatchObject({ status: 403 });
  expect((await asks('GET', `/runs/crons/${cron_id}`)).status).toBe(404);
  expect((await asks('POST', '/runs/crons/count', {})).body).toBe(0);
  expect((await asks('POST', '/runs/crons', { assistant_id: 'two', ...DAILY })).status).toBe(403);
  // Whoever changes what is run lends it no rights of the one before.
  const other = await issueKey(keys, { owner: 'service:other', roles: ['operator'] });
  const patched = await server.send('PATCH', `/runs/crons/${cron_id}`, { input: { n: 7 } }, { 'x-api-key': other.key });
  expect(patched).toMatchObject({ status: 200, body: { user_id: 'service:other' } });
  expect((await operator('DELETE', `/runs/crons/${cron_id}`)).status).toBe(204);
});
