/** The same requests to the official dev server and to ours: whatever differs stands in the table of differences, and nothing else. */
import { readFileSync } from 'node:fs';
import { Client } from '@langchain/langgraph-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare, type Deviation } from './differ.ts';
import { DIFFERENCES, foreseen } from './differences.ts';
import { ASSISTANTS } from './requests/assistants.ts';
import { CLIENT } from './requests/client.ts';
import { META } from './requests/meta.ts';
import { MULTITASK } from './requests/multitask.ts';
import { PROTOCOL } from './requests/protocol.ts';
import { RUNS } from './requests/runs.ts';
import type { Scenario } from './requests/scenario.ts';
import { STORE } from './requests/store.ts';
import { STREAMS } from './requests/streams.ts';
import { THREADS } from './requests/threads.ts';
import { type DevServer, type Kind, startServer } from './server.ts';
import { Wire } from './wire.ts';

const SCENARIOS: readonly Scenario[] = [
  ...META,
  ...ASSISTANTS,
  ...THREADS,
  ...RUNS,
  ...STREAMS,
  ...MULTITASK,
  ...STORE,
  ...PROTOCOL,
  ...CLIENT,
];
/** `COMPARE=official` holds the official server against itself: what differs then is chance that the wire must take out. */
const second = (process.env['COMPARE'] ?? 'governor') as Kind; // the only two words it takes
const seen = new Set<Deviation>();
let servers: readonly [DevServer, DevServer];
let names: Map<string, string>;

beforeAll(async () => {
  servers = await Promise.all([startServer('official'), startServer(second)]);
  const assistants = await servers[0].client.assistants.search({ limit: 100 });
  names = new Map(assistants.map((one) => [one.assistant_id, `<assistant ${one.graph_id}>`]));
});
afterAll(() => Promise.all((servers ?? []).map((server) => server.close())));

test.each(SCENARIOS)('$name: both answer alike, but for what is listed', { timeout: 400_000 }, async (scenario) => {
  const wires = servers.map((server) => new Wire(server, names));
  // One after the other: reading types takes a whole core for seconds, and both give up after half a minute of it.
  for (const wire of wires) await scenario.run(wire);
  const unforeseen = compare(scenario.name, wires[0]?.records ?? [], wires[1]?.records ?? []).filter((deviation) => {
    const row = foreseen(deviation);
    if (row !== undefined) seen.add(row);
    return row === undefined;
  });
  expect(unforeseen).toEqual([]);
});

test('every listed difference was seen', () => {
  if (second === 'official') return;
  const unseen = DIFFERENCES.flatMap(({ id, at }) =>
    at.filter((row) => row.races !== true && !seen.has(row)).map((row) => ({ id, ...row })),
  );
  expect(unseen).toEqual([]);
});

test('every method of the official client is called', () => {
  const client = new Client({ apiUrl: 'http://127.0.0.1:1' });
  const methods = (['assistants', 'threads', 'runs', 'store', 'crons'] as const).flatMap((part) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(client[part]))
      .filter((name) => name !== 'constructor')
      .map((name) => `${part}.${name}`),
  );
  const source = readFileSync(new URL('./requests/client.ts', import.meta.url), 'utf8');
  expect(methods.filter((name) => !source.includes(`'${name}'`))).toEqual([]);
});
