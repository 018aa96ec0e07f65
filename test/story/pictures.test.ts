/** A lead that reads a picture: it sees it over every dialect, or is told today's words; nobody else is shown its bytes. */
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { digestOfPicture } from '../../domain/picture.ts';
import { Stage, walk } from '../chaos/harness.ts';
import type { DialectName, DialectServer, Recorded } from '../dialects/server.ts';
import { png } from '../fakes/pictures.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { expectExactUsage, expectNoRefusal, modelAt, nameOf, stands, strictConfig, turnsOf } from './strict.ts';
import { approve, critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, type Reply, submit, tool, type World, write } from './world.ts';

const stand = stands();
let world: World | undefined;
let endpoint: Endpoint | undefined;
afterEach(async () => {
  await stand.close();
  await endpoint?.close();
  world?.dispose();
  endpoint = undefined;
  world = undefined;
});

const LOGO = png(640, 480);
const BASE64 = LOGO.toString('base64');
const FACTS = `docs/logo.png: PNG image, 640 x 480 pixels, ${LOGO.length} bytes`;
const SEEN = `${FACTS}; the picture is shown to you with this result`;
const UNSEEN = `${FACTS}; the picture itself cannot be shown to you`;
const LEFT = `${FACTS}; the picture itself is left out for want of room`;
const FILES = { 'docs/logo.png': LOGO };

const SCENES: readonly Reply[] = [
  planReply(),
  tool('lead', 1, 1, 'read_file', { path: 'docs/logo.png' }),
  write(1, 2, 'src/product.js', PRODUCT),
  write(1, 3, 'test/product.test.js', PRODUCT_TEST),
  submit(1, 4),
  critic(1),
];

const leads = (requests: readonly Recorded[]): Recorded[] => requests.filter((one) => nameOf(one).startsWith('lead '));
const timesIn = (raw: string): number => raw.split(BASE64).length - 1;

async function served(name: DialectName, more: { vision?: boolean; blind?: boolean } = {}) {
  const { vision = true, blind = false } = more;
  const server = await stand.serve(name, { turns: turnsOf(SCENES), blind });
  const config = strictConfig(modelAt(name, server, { vision, contextTokens: 128_000 }), server);
  const at = await stand.over(server, config, FILES);
  const waiting = await startOver(at.world, at.operations);
  return { ...at, server, waiting };
}

const SEEING: readonly DialectName[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'mistral', 'openrouter'];

test.each(SEEING)(
  'a lead that sees over %s reads a picture, edits and hands over; it is asked with it from then on, and billed exactly',
  async (name) => {
    const { server, operations, waiting, world: at } = await served(name);
    expectNoRefusal(server.requests);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(leads(server.requests).map(({ raw }) => timesIn(raw))).toEqual([0, 1, 1, 1]);
    expect(leads(server.requests)[1]?.raw).toContain(SEEN);
    // Planner and critic never read it.
    expect(server.requests.filter((one) => timesIn(one.raw) > 0)).toHaveLength(3);
    await expectExactUsage({ operations }, waiting.thread_id, server.requests);
    const actions = (await operations.audit(waiting.thread_id)).map(({ action }) => action);
    expect(actions).not.toContain('usage-above-reservation');
    expect(actions).not.toContain('usage-distrusted');
    expect(await approve(operations, waiting.thread_id)).toMatchObject({ status: 'released' });
    expect(at.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  },
);

test.each<DialectName>(['openai-chat', 'anthropic'])(
  'a lead whose model over %s cannot see is told the words of before, and sent no picture',
  async (name) => {
    const { server, waiting } = await served(name, { vision: false, blind: true });
    expectNoRefusal(server.requests);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(leads(server.requests)[1]?.raw).toContain(UNSEEN);
    for (const { raw } of server.requests) expect(timesIn(raw)).toBe(0);
  },
);

test.each<DialectName>(['openai-chat', 'openai-responses', 'vllm'])(
  'an endpoint of %s that refuses a picture is asked once more in words, and the run goes on',
  async (name) => {
    const { server, operations, waiting } = await served(name, { vision: true, blind: true });
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(leads(server.requests).map((one) => [nameOf(one), one.rule, timesIn(one.raw)])).toEqual([
      ['lead 1.1', undefined, 0],
      ['lead 1.2', `${name}/picture-blind`, 1],
      ['lead 1.2', undefined, 0],
      ['lead 1.3', undefined, 0],
      ['lead 1.4', undefined, 0],
    ]);
    expect(leads(server.requests)[2]?.raw).toContain(LEFT);
    const actions = (await operations.audit(waiting.thread_id)).map(({ action }) => action);
    expect(actions.filter((action) => action === 'pictures-left-out')).toHaveLength(1);
  },
);

test('the log, the audit trail and the dossier tell of the picture in words', async () => {
  const { operations, waiting, world: at } = await served('openai-chat');
  const log = await operations.log(waiting.thread_id, {});
  const digest = digestOfPicture({ mediaType: 'image/png', width: 640, height: 480, base64: BASE64 });
  const told = `[picture: PNG, 640 x 480 pixels, digest ${digest}]`;
  expect(log.flatMap((event) => (event.type === 'result' ? [event.text] : []))).toContain(`${FACTS} ${told}`);
  expect(JSON.stringify(log)).not.toContain(BASE64.slice(0, 60));
  const audit = await operations.audit(waiting.thread_id);
  expect(audit.find(({ action, facts }) => action === 'tool-result' && facts?.['picture'] !== undefined)?.facts?.['picture']).toBe(told);
  expect(JSON.stringify(audit)).not.toContain(BASE64.slice(0, 60));
  const dossier = JSON.stringify(at.dossier(waiting.thread_id, '20-build.1.json'));
  expect(dossier).not.toContain(BASE64.slice(0, 60));
});

test('a fallback that cannot see is told in words what the first was shown, and the row is one for both', async () => {
  const first: DialectServer = await stand.serve('openai-chat', {
    turns: turnsOf(SCENES, (name) => (name === 'lead 1.3' ? { name: 'forbidden', times: 99 } : undefined)),
  });
  const second: DialectServer = await stand.serve('llamacpp', { turns: turnsOf(SCENES), blind: true });
  const lead = {
    ...modelAt('openai-chat', first, { vision: true, contextTokens: 128_000 }),
    fallback: [modelAt('llamacpp', second, { vision: false, contextTokens: 128_000 })],
  };
  const config = strictConfig(modelAt('openai-chat', first), first, { models: { lead }, prices: { [second.model]: 'free' } });
  const at = await stand.over(first, config, FILES);
  const waiting = await startOver(at.world, at.operations);
  expectNoRefusal(second.requests);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(leads(first.requests).map(({ raw }) => timesIn(raw))).toEqual([0, 1, 1]);
  expect(second.requests.map(nameOf)).toEqual(['lead 1.3', 'lead 1.4']);
  for (const { raw } of second.requests) {
    expect(timesIn(raw)).toBe(0);
    expect(raw).toContain(UNSEEN);
  }
});

const READS = 4;
/** Reads four pictures, one after the other, and works. */
const LONG: readonly Reply[] = [
  planReply(),
  ...Array.from({ length: READS }, (_, index) => tool('lead', 1, index + 1, 'read_file', { path: `docs/${index}.png` })),
  write(1, READS + 1, 'src/product.js', PRODUCT),
  write(1, READS + 2, 'test/product.test.js', PRODUCT_TEST),
  submit(1, READS + 3),
  critic(1),
];
const FOUR = Object.fromEntries(Array.from({ length: READS }, (_, index) => [`docs/${index}.png`, png(640 + index, 480)]));

/** A model of whose pictures nobody knows what they take: each may take a quarter of this window and more. */
async function windowed(contextTokens: number, replies: readonly Reply[], files: Readonly<Record<string, Buffer>>) {
  endpoint = await openEndpoint(replies);
  const { models, ...config } = endpointConfig(endpoint.baseUrl, { contextTokens, vision: true });
  world = makeWorld({ config: { ...config, models, limits: { maxOutputTokens: 1024 } }, files });
  return { endpoint, world };
}

const shownIn = (from: Endpoint): number[] =>
  from.seen.filter(({ role }) => role === 'lead').map(({ body }) => JSON.stringify(body).split('data:image/png;base64,').length - 1);

test('when the window is full the oldest pictures become words first, and no text is cut for them', async () => {
  const at = await windowed(131_072, LONG, FOUR);
  const operations = await at.world.open();
  const waiting = await startOver(at.world, operations);
  const audit = await operations.audit(waiting.thread_id);
  await operations.close();
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const shown = shownIn(at.endpoint);
  expect(shown.slice(0, 3)).toEqual([0, 1, 2]);
  expect(Math.max(...shown)).toBeLessThan(READS);
  expect(Math.min(...shown.slice(1))).toBeGreaterThan(0);
  const left = audit.filter(({ action }) => action === 'pictures-left-out');
  expect(left.length).toBeGreaterThan(0);
  expect(audit.filter(({ action }) => action === 'context-compacted' || action === 'results-cut')).toEqual([]);
  const last = JSON.stringify(at.endpoint.seen.findLast(({ role }) => role === 'lead')?.body);
  expect(last).toContain('left out for want of room');
  expect(last).toContain('docs/3.png: PNG image, 643 x 480 pixels');
});

test('a window that is too small for a picture is given the words', async () => {
  const at = await windowed(16_384, SCENES, FILES);
  const operations = await at.world.open();
  const waiting = await startOver(at.world, operations);
  const log = await operations.log(waiting.thread_id, {});
  await operations.close();
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(shownIn(at.endpoint)).toEqual([0, 0, 0, 0]);
  expect(JSON.stringify(at.endpoint.seen.findLast(({ role }) => role === 'lead')?.body)).toContain(LEFT);
  expect(log.flatMap((event) => (event.type === 'compaction' ? [event.text] : []))).toEqual(['pictures were left out to fit the window']);
});

const bodies = (from: Endpoint): Map<string, string> =>
  new Map(from.seen.map(({ role, headers, body }) => [`${role} ${headers['x-governor-call']}`, JSON.stringify(body)]));

test('a process that dies between the reading of a picture and the next request asks the very same again', {
  timeout: 240_000,
}, async () => {
  const at = await windowed(131_072, LONG, FOUR);
  const operations = await at.world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: at.world.repo });
  await operations.close();
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: at.world.repo, encoding: 'utf8' }).trim();
  const stage = new Stage(at.world, threadId, () => ({
    tree: git('rev-parse', 'main^{tree}'),
    merges: git('rev-list', '--count', 'main'),
  }));
  try {
    const { points, end } = await stage.undisturbed();
    expect(end.status).toBe('released');
    const whole = bodies(at.endpoint);
    expect([...whole.values()].some((body) => body.includes('data:image/png;base64,'))).toBe(true);
    const nthOf = (point: string, before: string): number =>
      points.slice(0, points.indexOf(before)).filter((one) => one === point).length + 1;
    const kills: readonly (readonly [string, number])[] = [
      ['tool:read_file:done', 1],
      ['once:tool:build:after', 1],
      ['model:lead:before', 2],
      ['start:compaction:build:after', 1],
      ['finish:pictures-left-out:after', 1],
      ['model:lead:before', nthOf('model:lead:before', 'finish:pictures-left-out:after')],
    ];
    for (const [point, nth] of kills) {
      expect(points, point).toContain(point);
      stage.reset();
      at.endpoint.seen.length = 0;
      const died = await walk(stage.world.home, threadId, { kill: { point, nth } });
      expect(died.result, point).toBeUndefined();
      await stage.finish();
      expect(bodies(at.endpoint), point).toEqual(whole);
      expect((await stage.end()).status, point).toBe('released');
    }
  } finally {
    stage.dispose();
  }
});
