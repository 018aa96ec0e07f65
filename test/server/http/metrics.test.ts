/** Metrics: every count that was made, in a text that Prometheus reads and in JSON, at a bounded size. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createOutbox, putWebhook } from '../../../checkpoints/served/outbox.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Served } from '../../../domain/server-stores.ts';
import { createMetrics, type Metrics, metricsEndpoints } from '../../../server/http/metrics.ts';
import { type Home, makeHome, threadOf } from '../../checkpoints/home.ts';
import { mount } from '../harness.ts';

const RUNS = { pending: 1, running: 2, error: 3, success: 40, timeout: 0, interrupted: 5 };

let home: Home;
let database: ReturnType<typeof openDatabase>;
let metrics: Metrics;
let app: ReturnType<typeof mount>;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
  const queue = { counts: async () => RUNS } as Partial<Served['queue']> as Served['queue']; // the one answer that is asked for
  metrics = createMetrics();
  app = mount(metricsEndpoints({ served: { queue, outbox: createOutbox(sqliteSql(database), home.clock) } as Served }, metrics)); // likewise
});
afterEach(() => {
  database.close();
  home.dispose();
});

/** Sample -> value, after every line was found to be well formed. */
async function scrape(): Promise<Map<string, number>> {
  const response = await app.request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE ([a-z_]+) (gauge|counter|histogram)$/.exec(line);
    if (type !== null) {
      expect(types.has(type[1] ?? '')).toBe(false);
      types.set(type[1] ?? '', type[2] ?? '');
    }
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (HELP|TYPE) [a-z_]+ \S/);
      continue;
    }
    const sample = /^(([a-z_]+)(?:\{(?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)+\})?) (\S+)$/.exec(line);
    expect(sample, line).not.toBeNull();
    const [, key = '', name = '', value = ''] = sample ?? [];
    expect(types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram', line).toBe(true);
    expect(samples.has(key), key).toBe(false);
    expect(Number.isFinite(Number(value)), line).toBe(true);
    samples.set(key, Number(value));
  }
  return samples;
}

test('tells runs, streams, webhooks, memory, uptime and version', async () => {
  sqliteSql(database).write(() => putWebhook({ runId: threadOf(1), tenant: 'a', url: 'https://a.example', body: '{}', at: home.clock.ms }));
  sqliteSql(database).write(() => putWebhook({ runId: threadOf(2), tenant: 'a', url: 'https://a.example', body: '{}', at: home.clock.ms }));
  await createOutbox(sqliteSql(database), home.clock).failed({ id: 1, runId: threadOf(1) }, 'no', null);
  metrics.streamOpened();
  metrics.streamOpened();
  metrics.streamClosed();
  const samples = await scrape();
  for (const [status, value] of Object.entries(RUNS)) expect(samples.get(`governor_runs{status="${status}"}`)).toBe(value);
  expect(samples.get('governor_streams_open')).toBe(1);
  expect(samples.get('governor_webhooks{state="waiting"}')).toBe(1);
  expect(samples.get('governor_webhooks{state="dead"}')).toBe(1);
  expect(samples.get('governor_memory_bytes{kind="resident"}')).toBeGreaterThan(10_000_000);
  expect(samples.get('governor_uptime_seconds')).toBeGreaterThan(0);
  expect([...samples.keys()].filter((key) => /^governor_build_info\{version="\d+\.\d+\.\d+[^"]*"\}$/.test(key))).toHaveLength(1);
});

test('counts requests by route, method and status, their times in cumulative buckets', async () => {
  for (const ms of [3, 5, 70, 100_000]) metrics.request('/threads/:thread_id', 'get', 200, ms);
  metrics.request('/threads/{thread_id}', 'GET', 404, 1);
  const samples = await scrape();
  const of = (name: string, more = '', status = 200) =>
    samples.get(`governor_http_request_duration_seconds_${name}{route="/threads/{thread_id}",method="GET",status="${status}"${more}}`);
  expect([
    of('bucket', ',le="0.005"'),
    of('bucket', ',le="0.05"'),
    of('bucket', ',le="0.1"'),
    of('bucket', ',le="60"'),
    of('bucket', ',le="+Inf"'),
  ]).toEqual([2, 2, 3, 3, 4]);
  expect(of('count')).toBe(4);
  expect(of('sum')).toBeCloseTo(100.078);
  expect(of('count', '', 404)).toBe(1);
});

test('a label with quotes, slashes and line ends stays one label', async () => {
  metrics.request('/a"b\\c\nd', 'get', 200, 1);
  const samples = await scrape();
  expect(samples.get('governor_http_request_duration_seconds_count{route="/a\\"b\\\\c\\nd",method="GET",status="200"}')).toBe(1);
});

test('does not grow with what clients think of', async () => {
  for (let number = 0; number < 1500; number++) metrics.request(`/x/${number}`, 'get', 200, 1);
  const samples = await scrape();
  expect([...samples.keys()].filter((key) => key.includes('_seconds_count'))).toHaveLength(1001);
  expect(samples.get('governor_http_request_duration_seconds_count{route="other",method="other",status="0"}')).toBe(500);
});

test('tells the same as JSON; another format is 422', async () => {
  metrics.request('/ok', 'get', 200, 7);
  const response = await app.request('/metrics?format=json');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    version: expect.any(String),
    uptime_seconds: expect.any(Number),
    memory_bytes: {
      resident: expect.any(Number),
      heap_used: expect.any(Number),
      heap_total: expect.any(Number),
      external: expect.any(Number),
    },
    runs: RUNS,
    streams_open: 0,
    webhooks: { waiting: 0, dead: 0 },
    requests: [
      {
        route: '/ok',
        method: 'GET',
        status: 200,
        count: 1,
        seconds_sum: 0.007,
        seconds_buckets: expect.objectContaining({ '0.005': 0, '0.01': 1, '60': 1 }),
      },
    ],
  });
  const wrong = await app.request('/metrics?format=xml');
  expect(wrong.status).toBe(422);
  expect(await wrong.json()).toEqual({ detail: expect.stringContaining('format') });
});

test('needs the permission to read', () => {
  expect(metricsEndpoints({ served: {} as Served }, metrics).map(({ path, permission }) => [path, permission])).toEqual([
    ['/metrics', 'read'],
  ]); // not asked
});
