/** What the server tells those who watch it: runs, streams, requests with their times, webhooks, memory. */
import { z } from 'zod';
import type { ServedStatus } from '../../domain/served.ts';
import { packageVersion } from '../../runtime/package.ts';
import { assertDefaultTenant } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint } from './endpoint.ts';

/** Upper bounds of the buckets of a request's time, in seconds. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
/** Different (route, method, status) that are counted; whatever comes beyond is one. Routes are patterns, so this is never met. */
const SERIES = 1000;
const OTHER = 'other';

interface Series {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  /** How many took at most the bucket's bound and more than the bound before. */
  readonly buckets: number[];
  count: number;
  totalMs: number;
}

export interface Metrics {
  /** A request was answered. `route` is its pattern, such as `/threads/:thread_id`: never a path with ids. */
  request(route: string, method: string, status: number, ms: number): void;
  readonly streamOpened: () => void;
  readonly streamClosed: () => void;
  render(format: 'prometheus' | 'json', server: Pick<Server, 'served'>): Promise<string>;
}

/** What both formats are written from. */
interface Reading {
  readonly version: string;
  readonly uptimeS: number;
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number; readonly external: number };
  readonly runs: Readonly<Record<ServedStatus, number>>;
  readonly streams: number;
  readonly webhooks: { readonly waiting: number; readonly dead: number };
  readonly requests: readonly Series[];
}

export function createMetrics(): Metrics {
  const requests = new Map<string, Series>();
  const version = packageVersion();
  let streams = 0;
  const seriesOf = (route: string, method: string, status: number): Series => {
    const key = `${method} ${status} ${route}`;
    const found = requests.get(key);
    if (found !== undefined) return found;
    if (requests.size >= SERIES && route !== OTHER) return seriesOf(OTHER, OTHER, 0);
    const series = { route, method, status, buckets: BUCKETS_S.map(() => 0), count: 0, totalMs: 0 };
    requests.set(key, series);
    return series;
  };
  return {
    request: (route, method, status, ms) => {
      const series = seriesOf(route.replaceAll(/:(\w+)/g, '{$1}'), method.toUpperCase(), status);
      series.count += 1;
      series.totalMs += ms;
      const bucket = BUCKETS_S.findIndex((bound) => ms <= bound * 1000);
      if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    },
    streamOpened: () => {
      streams += 1;
    },
    streamClosed: () => {
      streams -= 1;
    },
    render: async (format, { served }) => {
      const [runs, webhooks] = await Promise.all([served.queue.counts(), served.outbox.counts()]);
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      const reading: Reading = {
        version,
        uptimeS: process.uptime(),
        memory: { rss, heapUsed, heapTotal, external },
        runs,
        streams,
        webhooks,
        requests: [...requests.values()],
      };
      return format === 'json' ? JSON.stringify(jsonOf(reading)) : prometheusOf(reading);
    },
  };
}

function jsonOf(reading: Reading) {
  return {
    version: reading.version,
    uptime_seconds: reading.uptimeS,
    memory_bytes: {
      resident: reading.memory.rss,
      heap_used: reading.memory.heapUsed,
      heap_total: reading.memory.heapTotal,
      external: reading.memory.external,
    },
    runs: reading.runs,
    streams_open: reading.streams,
    webhooks: reading.webhooks,
    requests: reading.requests.map(({ route, method, status, count, totalMs, buckets }) => ({
      route,
      method,
      status,
      count,
      seconds_sum: totalMs / 1000,
      /** Bound in seconds -> requests that took at most this. */
      seconds_buckets: Object.fromEntries(cumulative(buckets).map((value, index) => [String(BUCKETS_S[index]), value])),
    })),
  };
}

function cumulative(buckets: readonly number[]): number[] {
  let sum = 0;
  return buckets.map((value) => {
    sum += value;
    return sum;
  });
}

/** Text exposition format 0.0.4. */
function prometheusOf(reading: Reading): string {
  const lines: string[] = [];
  const family = (name: string, type: 'gauge' | 'counter' | 'histogram', help: string): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  };
  const sample = (name: string, labels: Record<string, string | number>, value: number): void => {
    const inner = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
    lines.push(`${name}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}`);
  };
  const gauge = (name: string, help: string, values: readonly (readonly [Record<string, string | number>, number])[]): void => {
    family(name, 'gauge', help);
    for (const [labels, value] of values) sample(name, labels, value);
  };
  gauge('governor_build_info', 'The version that runs.', [[{ version: reading.version }, 1]]);
  gauge('governor_uptime_seconds', 'Seconds since the process started.', [[{}, reading.uptimeS]]);
  gauge('governor_memory_bytes', 'Memory of the process, in bytes.', [
    [{ kind: 'resident' }, reading.memory.rss],
    [{ kind: 'heap_used' }, reading.memory.heapUsed],
    [{ kind: 'heap_total' }, reading.memory.heapTotal],
    [{ kind: 'external' }, reading.memory.external],
  ]);
  gauge(
    'governor_runs',
    'Runs in the database, by status.',
    Object.entries(reading.runs).map(([status, value]) => [{ status }, value]),
  );
  gauge('governor_streams_open', 'Event streams that are open now.', [[{}, reading.streams]]);
  gauge(
    'governor_webhooks',
    'Webhooks that wait to be sent, and those given up.',
    Object.entries(reading.webhooks).map(([state, value]) => [{ state }, value]),
  );
  const seconds = 'governor_http_request_duration_seconds';
  family(seconds, 'histogram', 'Time from a request to the head of its answer, by route and status.');
  for (const { route, method, status, count, totalMs, buckets } of reading.requests) {
    const labels = { route, method, status };
    for (const [index, value] of cumulative(buckets).entries())
      sample(`${seconds}_bucket`, { ...labels, le: BUCKETS_S[index] ?? 0 }, value);
    sample(`${seconds}_bucket`, { ...labels, le: '+Inf' }, count);
    sample(`${seconds}_sum`, labels, totalMs / 1000);
    sample(`${seconds}_count`, labels, count);
  }
  return `${lines.join('\n')}\n`;
}

const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');

const metricsQuery = z.strictObject({
  format: z.enum(['prometheus', 'json']).default('prometheus').describe('`prometheus`: text exposition format 0.0.4.'),
});

export function metricsEndpoints(server: Pick<Server, 'served'>, metrics: Metrics): readonly Endpoint[] {
  return [
    endpoint(
      'get',
      '/metrics',
      {
        tag: 'meta',
        summary: 'Runs by status, open streams, requests with their times, webhooks and memory',
        permission: 'read',
        query: metricsQuery,
        response: z.string(),
        media: 'text/plain',
      },
      async ({ query, caller }) => {
        assertDefaultTenant(caller);
        const text = await metrics.render(query.format, server);
        if (query.format === 'json') return new Response(text, { headers: { 'content-type': 'application/json' } });
        return new Response(text, { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
      },
    ),
  ];
}
