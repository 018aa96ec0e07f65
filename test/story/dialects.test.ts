/** A goal is released over every dialect of model endpoint, with thoughts that it wants back, and billed as the endpoint bills it. */
import { afterEach, expect, test } from 'vitest';
import type { DialectName, DialectServer } from '../dialects/server.ts';
import { DIALECT_NAMES } from '../models/dialect-world.ts';
import { startOver } from './endpoint.ts';
import {
  billedBy,
  expectExactUsage,
  expectNoRefusal,
  modelAt,
  nameOf,
  PRICE,
  type Scene,
  stands,
  strictConfig,
  turnsOf,
} from './strict.ts';
import { approve, critic, HAPPY, PRODUCT, planReply, type Reply, submit, tool, write } from './world.ts';

const stand = stands();
afterEach(() => stand.close());

/** Words beside the calls, as models write them. */
const SCENES: readonly Scene[] = HAPPY.map((reply, index) => (index % 2 === 0 ? { ...reply, text: `Step ${index}: “größe” 🧮.` } : reply));

interface Case {
  readonly scenes?: readonly Scene[];
  readonly geminiCompat?: boolean;
  /** What goes over the usual configuration of the model. */
  readonly more?: (server: DialectServer) => object;
}

async function released(name: DialectName, options: Case = {}): Promise<DialectServer> {
  const { scenes = SCENES, geminiCompat = false, more = () => ({}) } = options;
  const server = await stand.serve(name, { turns: turnsOf(scenes), geminiCompat });
  const at = await stand.over(server, strictConfig(modelAt(name, server, more(server)), server));
  const waiting = await startOver(at.world, at.operations);
  expectNoRefusal(server.requests);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const done = await approve(at.operations, waiting.thread_id);
  expect(done).toMatchObject({ status: 'released', reason: null });
  expect(at.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  expect(server.requests.every((one) => one.streamed && one.status === 200)).toBe(true);
  expect(done.spend.model_calls).toBe(server.requests.length);
  await expectExactUsage(at, waiting.thread_id, server.requests);
  expect(done.spend.cost_micro_usd).toBeGreaterThanOrEqual(Math.floor(billedBy(server.requests)));
  // Google's imitation never says what it read from its cache. Each call is rounded up to a whole micro-dollar.
  const told = billedBy(server.requests, geminiCompat ? { ...PRICE, cachedInput: PRICE.input } : PRICE);
  expect(done.spend.cost_micro_usd).toBeLessThanOrEqual(told + server.requests.length);
  expect((await at.operations.verifyAudit()).kind).toBe('whole');
  return server;
}

test.each(DIALECT_NAMES)(
  'a goal is released over %s: planner, lead and critic, streamed, with thoughts, billed to the token',
  async (name) => {
    const server = await released(name);
    expect(server.requests.map(nameOf)).toEqual(['planner 1.1', 'lead 1.1', 'lead 1.2', 'lead 1.3', 'lead 1.4', 'critic 1.1']);
  },
);

test('a goal is released over Google’s imitation of chat completions, whose calls carry signatures', async () => {
  const server = await released('openai-chat', { geminiCompat: true, more: () => ({ dialect: 'gemini', reasoningEffort: 'medium' }) });
  expect(server.requests.at(-2)?.raw).toContain('thought_signature');
});

test('a goal is released over an Azure deployment, whose address holds its name and a version', async () => {
  const deployment = (server: DialectServer): object => ({
    baseUrl: `${server.origin}/openai/deployments/${server.model}?api-version=2024-10-21`,
  });
  const server = await released('azure', { more: deployment });
  expect(new Set(server.requests.map((one) => one.path))).toEqual(
    new Set([`/openai/deployments/${server.model}/chat/completions?api-version=2024-10-21`]),
  );
});

test('a sub-agent asks over the same dialect, and its work is merged and released', async () => {
  const worker = (call: number, name: string, input: unknown): Reply => ({ ...tool('worker', 1, call, name, input), agent: 'w1.1' });
  const scenes = [
    planReply(),
    tool('lead', 1, 1, 'delegate', { tasks: [{ title: 'product', goal: 'make it', paths: ['src/product.js'] }] }),
    worker(1, 'write_file', { path: 'src/product.js', content: PRODUCT }),
    worker(2, 'submit_work', { status: 'done', summary: 'made it' }),
    write(1, 2, 'test/none.test.js', "import '../src/product.js';\n"),
    submit(1, 3),
    critic(1),
  ];
  const server = await released('anthropic', { scenes });
  expect(server.requests.map(nameOf)).toEqual(['planner 1.1', 'lead 1.1', 'w1.1 1.1', 'w1.1 1.2', 'lead 1.2', 'lead 1.3', 'critic 1.1']);
});
