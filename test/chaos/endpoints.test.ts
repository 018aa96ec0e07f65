/** SIGKILL at every point that only a run over HTTP passes: in the middle of an answer, around a compaction, around another model's turn. */

import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DialectServer, type Recorded, startDialect } from '../dialects/server.ts';
import { FULL } from '../full.ts';
import { billedBy, expectNoRefusal, KEY_NAME, modelAt, nameOf, PRICE, type Scene, strictConfig, turnsOf } from '../story/strict.ts';
import { critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, submit, tool, write } from '../story/world.ts';
import { expectSame, type Kill, Stage, walk } from './harness.ts';
import { countPoints } from './points.ts';
import { STORIES } from './stories.ts';

/** Reads until the window is full, and some more. */
const READS = 8;
/** From this call of the lead on, its own model is down. */
const DOWN_FROM = 9;
const SCENES: readonly Scene[] = [
  planReply(),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  ...Array.from({ length: READS }, (_none, index) => ({
    ...tool('lead', 1, index + 3, 'read_file', { path: 'docs/a.txt', start_line: 1 + index }),
    text: `Part ${index + 1} says nothing of products.`,
  })),
  submit(1, READS + 3),
  critic(1),
];
const OTHER_PRICE = { input: 3, cachedInput: 1, output: 12 };
const TEXT = Array.from({ length: 120 }, (_none, line) => `${line} ${'x'.repeat(60)}`.slice(0, 63)).join('\n');

let first: DialectServer;
let second: DialectServer;
let stage: Stage;

beforeEach(async () => {
  const down = (name: string) =>
    name.startsWith('lead') && Number(name.split('.')[1]) >= DOWN_FROM ? { name: 'unauthorized' as const } : undefined;
  first = await startDialect('anthropic', { turns: turnsOf(SCENES, down), reasoning: true });
  second = await startDialect('openai-responses', { turns: turnsOf(SCENES), reasoning: true });
  process.env[KEY_NAME] = first.apiKey;
  const model = modelAt('anthropic', first, {
    contextTokens: 16_384,
    fallback: [modelAt('openai-responses', second, { contextTokens: 16_384 })],
  });
  const world = makeWorld({
    config: strictConfig(model, first, {
      prices: { [second.model]: OTHER_PRICE },
      limits: { maxOutputTokens: 1024, idleAnswers: 50 },
    }),
    files: { 'docs/a.txt': `${TEXT}\n` },
    env: { [KEY_NAME]: first.apiKey },
  });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo });
  await operations.close();
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: world.repo, encoding: 'utf8' }).trim();
  stage = new Stage(world, threadId, () => ({ tree: git('rev-parse', 'main^{tree}'), merges: git('rev-list', '--count', 'main') }));
});

afterEach(async () => {
  stage.dispose();
  await first.close();
  await second.close();
});

/** What both were asked and answered. */
const answered = (from: { first: number; second: number }): Recorded[] =>
  [...first.requests.slice(from.first), ...second.requests.slice(from.second)].filter((one) => one.fault === undefined);
const marks = () => ({ first: first.requests.length, second: second.requests.length });
/** Killed here, an answer was under way that nobody recorded. */
const IN_FLIGHT = /^(?:wire:|model:\w+:after$|finish:model-answer:(?:before|inside)$)/;
/** One life each; without `CI_FULL` the middle time of each point, and of those of the wire the last time too. */
function killsOf(points: readonly string[], known: ReadonlySet<string>): Kill[] {
  const fresh = [...countPoints(points)].filter(([point]) => !known.has(point));
  return fresh.flatMap(([point, times]) => {
    if (FULL) return Array.from({ length: times }, (_none, index) => ({ point, nth: index + 1 }));
    const middle = { point, nth: Math.ceil(times / 2) };
    // How many pieces an answer comes in, the network decides.
    return point.startsWith('wire:') && point !== 'wire:piece' ? [middle, { point, nth: times }] : [middle];
  });
}

/** What there is to be among them, whatever is found. */
const MUST = [
  'wire:headers',
  'wire:piece',
  'wire:whole',
  'start:compaction:build:after',
  'finish:context-compacted:inside',
  'start:fallback:build:after',
  'finish:model-fallback:inside',
  'finish:model-fallback:after',
];

/** The names that occur more than once. */
const repeated = (names: readonly string[]): string[] => [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];

test('a run over two endpoints, killed at each of the points that only it passes', async () => {
  const happy = await STORIES.happy();
  const known = new Set((await happy.undisturbed()).points);
  happy.dispose();
  const { points, end: whole } = await stage.undisturbed();
  expectNoRefusal([...first.requests, ...second.requests]);
  expect(whole).toMatchObject({ status: 'released' });
  const asked = process.env['CHAOS_POINT'];
  const kills = killsOf(points, known).filter((kill) => kill.point.includes(asked ?? ''));
  const names = new Set(kills.map((kill) => kill.point));
  if (asked === undefined) expect([...names]).toEqual(expect.arrayContaining(MUST));
  for (const kill of kills) {
    const told = `${kill.point} (${kill.nth})`;
    stage.reset();
    const start = marks();
    const died = await walk(stage.world.home, stage.threadId, { kill });
    if (kill.point === 'wire:piece' && died.result !== undefined) continue;
    expect(died.result, told).toBeUndefined();
    expect(died.errors, told).toBe('');
    const death = marks();
    await stage.finish();
    const all = answered(start);
    const inFlight = IN_FLIGHT.test(kill.point) ? lastOf(start, death) : undefined;
    expect(repeated(all.map(nameOf)), told).toEqual(inFlight === undefined || inFlight.fault !== undefined ? [] : [nameOf(inFlight)]);
    if (inFlight !== undefined) expect(answeredFirst(inFlight, death)?.raw, told).toBe(inFlight.raw);
    // What was passed on stays so: the model that gave up is not asked again for its turn.
    if (kill.point === 'finish:model-fallback:after')
      expect(
        first.requests.slice(death.first).filter((one) => !nameOf(one).startsWith('critic')),
        told,
      ).toEqual([]);
    expectNoRefusal([...first.requests.slice(start.first), ...second.requests.slice(start.second)]);
    const end = await stage.end();
    expectSame(end, whole, 2);
    await stage.expectClean();
    const operations = await stage.world.open();
    const { spend } = await operations.result(stage.threadId);
    const passed = (await operations.audit(stage.threadId)).filter((record) => record.action === 'model-fallback');
    expect(passed, told).toHaveLength(1);
    await operations.close();
    const billed = billedBy(first.requests.slice(start.first), PRICE) + billedBy(second.requests.slice(start.second), OTHER_PRICE);
    expect(spend.cost_micro_usd, told).toBeGreaterThanOrEqual(Math.floor(billed));
  }
  process.stdout.write(`endpoints: ${kills.length} kills at ${names.size} points\n`);
});

/** The newest request before the death: the second endpoint is asked after the first, but for the critic. */
function lastOf(start: ReturnType<typeof marks>, death: ReturnType<typeof marks>): Recorded | undefined {
  const [one, two] = [first.requests.slice(start.first, death.first).at(-1), second.requests.slice(start.second, death.second).at(-1)];
  return one !== undefined && (two === undefined || nameOf(one).startsWith('critic') || death.second === start.second) ? one : two;
}

/** The first request of the same endpoint after the death. */
const answeredFirst = (inFlight: Recorded, death: ReturnType<typeof marks>): Recorded | undefined =>
  first.requests.includes(inFlight) ? first.requests[death.first] : second.requests[death.second];
