/** What a lead is shown over a real loop and a real endpoint: large results at once, and a compaction that a crash cannot change. */
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { Stage, walk } from '../chaos/harness.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, type Reply, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
afterEach(async () => {
  await endpoint?.close();
  world?.dispose();
});

const bodies = (from: Endpoint): Map<string, string> =>
  new Map(
    from.seen.map(({ role, headers, body }) => [
      `${role} ${headers['x-governor-attempt']} ${headers['x-governor-call']}`,
      JSON.stringify(body),
    ]),
  );

const text = (bytes: number): string =>
  Array.from({ length: Math.ceil(bytes / 64) }, (_, line) => `${line} ${'x'.repeat(60)}`.slice(0, 63)).join('\n');

test('three files of 40 KB that were read in one answer are all in the next request', { timeout: 60_000 }, async () => {
  const reads = ['a', 'b', 'c'].map((name) => ({ name: 'read_file', arguments: { path: `docs/${name}.txt` } }));
  endpoint = await openEndpoint([
    planReply(),
    { role: 'lead', attempt: 1, call: 1, tools: reads },
    write(1, 2, 'src/product.js', PRODUCT),
    write(1, 3, 'test/product.test.js', PRODUCT_TEST),
    submit(1, 4),
    critic(1),
  ]);
  endpoint.bytesPerToken = 3.6;
  const file = text(40 * 1024 - 6000);
  world = makeWorld({
    config: endpointConfig(endpoint.baseUrl, { contextTokens: 131_072 }),
    files: Object.fromEntries(['a', 'b', 'c'].map((name) => [`docs/${name}.txt`, `${file}\n`])),
  });
  const operations = await world.open();
  const waiting = await startOver(world, operations);
  await operations.close();
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const next = endpoint.seen.find((one) => one.role === 'lead' && one.headers['x-governor-call'] === '2');
  const results = next?.body.messages.filter((message) => message.role === 'tool').map((message) => String(message.content)) ?? [];
  const last = file.split('\n').length;
  expect(results).toHaveLength(3);
  for (const result of results) expect(result).toContain(`${last}\t${last - 1} xxx`);
  for (const result of results) expect(result.split('\n')).toHaveLength(last);
});

test('a result that is too large for the window is cut, told once, and paged by the lines that the cut names', {
  timeout: 60_000,
}, async () => {
  endpoint = await openEndpoint([
    planReply(),
    tool('lead', 1, 1, 'read_file', { path: 'docs/a.txt' }),
    write(1, 2, 'src/product.js', PRODUCT),
    write(1, 3, 'test/product.test.js', PRODUCT_TEST),
    submit(1, 4),
    critic(1),
  ]);
  endpoint.bytesPerToken = 3.6;
  world = makeWorld({
    config: { ...endpointConfig(endpoint.baseUrl, { contextTokens: 32_768 }), limits: { maxOutputTokens: 1024 } },
    files: { 'docs/a.txt': `${text(40_000)}\n` },
  });
  const operations = await world.open();
  const waiting = await startOver(world, operations);
  const audit = (await operations.audit(waiting.thread_id)).map((record) => record.action);
  await operations.close();
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const shown = endpoint.seen
    .filter((one) => one.role === 'lead')
    .slice(1)
    .map(({ body }) => String(body.messages.find((message) => message.role === 'tool')?.content));
  expect(shown[0]).toMatch(/\[governor: cut here, \d+ of \d+ bytes .* read_file with start_line \d+ and end_line \d+ shows them\]/);
  expect(shown[0]).toContain('\n625\t624 x');
  expect(Buffer.byteLength(shown[0] ?? '')).toBeGreaterThan(20_000);
  expect(new Set(shown).size).toBe(1);
  expect(audit.filter((action) => action === 'results-cut')).toHaveLength(1);
  expect(audit).not.toContain('context-compacted');
});

/** Reads until the window is full twice over. */
const READS = 14;
const LONG: readonly Reply[] = [
  planReply(),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  ...Array.from({ length: READS }, (_, index) => ({
    ...tool('lead', 1, index + 3, 'read_file', { path: 'docs/a.txt', start_line: 1 + index }),
    text: `Part ${index + 1} says nothing of products.`,
  })),
  submit(1, READS + 3),
  critic(1),
];
const POINTS = [
  'start:compaction:build:before',
  'start:compaction:build:after',
  'finish:context-compacted:before',
  'finish:context-compacted:inside',
  'finish:context-compacted:after',
] as const;

test('a process that dies before, in or after a compaction asks the very same again', { timeout: 240_000 }, async () => {
  endpoint = await openEndpoint(LONG);
  endpoint.bytesPerToken = 3.6;
  world = makeWorld({
    config: { ...endpointConfig(endpoint.baseUrl, { contextTokens: 16_384 }), limits: { maxOutputTokens: 1024, idleAnswers: 50 } },
    files: { 'docs/a.txt': `${text(5000)}\n` },
  });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo });
  await operations.close();
  const { repo } = world;
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: repo, encoding: 'utf8' }).trim();
  const stage = new Stage(world, threadId, () => ({ tree: git('rev-parse', 'main^{tree}'), merges: git('rev-list', '--count', 'main') }));
  try {
    const { points, end } = await stage.undisturbed();
    expect(end.status).toBe('released');
    const compactions = await compactionsOf(stage.world, threadId);
    expect(compactions).not.toEqual([]);
    const whole = bodies(endpoint);
    expect([...whole.values()].some((body) => body.includes('earlier steps of yours are left out'))).toBe(true);
    expect([...whole.values()].some((body) => body.includes('The context is nearly full:'))).toBe(true);
    for (const point of [...POINTS, 'model:lead:before'] as const) {
      expect(points, point).toContain(point);
      stage.reset();
      endpoint.seen.length = 0;
      // For the model, the call that follows the first compaction.
      const compacted = points.indexOf('finish:context-compacted:after');
      const nth = point === 'model:lead:before' ? points.slice(0, compacted).filter((one) => one === point).length + 1 : 1;
      const died = await walk(stage.world.home, threadId, { kill: { point, nth } });
      expect(died.result, point).toBeUndefined();
      await stage.finish();
      expect(bodies(endpoint), point).toEqual(whole);
      expect((await stage.end()).status, point).toBe('released');
      expect(await compactionsOf(stage.world, threadId), point).toEqual(compactions);
    }
  } finally {
    stage.dispose();
  }
});

/** What the audit tells of each compaction. */
async function compactionsOf(from: World, threadId: string): Promise<unknown[]> {
  const operations = await from.open();
  const records = await operations.audit(threadId);
  await operations.close();
  return records.filter((record) => record.action === 'context-compacted').map((record) => record.facts);
}
