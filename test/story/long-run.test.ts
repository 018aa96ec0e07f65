/** Two hundred steps through a small window: every request fits, none loses the goal, the checkpoints stay small. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { approve, critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, type Reply, submit, tool, type World, write } from './world.ts';

const STEPS = 200;
const WINDOW = 32_768;
/** What the endpoint counts and reports. */
const BYTES_PER_TOKEN = 3.6;
const GOAL = 'Füge eine Funktion „product“ hinzu — mit Test;\n  keep "sum" as it is, 保持原样 🧮, and note every step in src/notes.js.';
/** About 10 KB. */
const BIG = Array.from({ length: 200 }, (_, line) => `line ${line + 1}: ${'größe '.repeat(6)}`).join('\n');

let world: World | undefined;
let endpoint: Endpoint | undefined;
let operations: Operations | undefined;
let checkpointBytes = Number.NaN;
afterAll(async () => {
  await operations?.close();
  await endpoint?.close();
  world?.dispose();
});

function longReplies(): Reply[] {
  const steps: Reply[] = [write(1, 1, 'src/product.js', PRODUCT), write(1, 2, 'test/product.test.js', PRODUCT_TEST)];
  for (let call = 3; call < STEPS; call += 1)
    steps.push(
      call % 2 === 1
        ? tool('lead', 1, call, 'read_file', { path: 'docs/big.txt', start_line: 1 + (call % 20), end_line: 200 - (call % 7) })
        : write(1, call, 'src/notes.js', `export const notes = ${call};\n// ${'näher '.repeat(call % 4 === 0 ? 300 : 5)}\n`),
    );
  return [planReply(), ...steps, submit(1, STEPS), critic(1)];
}

test(`a lead of ${STEPS} steps stays inside a window of ${WINDOW} tokens and keeps the goal`, { timeout: 180_000 }, async () => {
  const replies = longReplies();
  endpoint = await openEndpoint(replies);
  endpoint.bytesPerToken = BYTES_PER_TOKEN;
  world = makeWorld({
    config: {
      ...endpointConfig(endpoint.baseUrl, { contextTokens: WINDOW }),
      limits: { stepsPerAgent: 260, modelCalls: 400, toolCalls: 1000, costUsd: 50, costPerAgentUsd: 50, maxOutputTokens: 2048 },
    },
    files: { 'docs/big.txt': `${BIG}\n` },
  });
  operations = await world.open();
  const waiting = await startOver(world, operations, GOAL);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(endpoint.seen.map((one) => one.status)).toEqual(replies.map(() => 200));

  const leads = endpoint.seen.filter((one) => one.role === 'lead');
  expect(leads).toHaveLength(STEPS);
  const sizes = leads.map(({ body }) => {
    const limit = body.max_completion_tokens ?? body.max_tokens ?? Number.NaN;
    return Math.ceil(Buffer.byteLength(JSON.stringify([body.messages, body.tools])) / BYTES_PER_TOKEN) + limit;
  });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(WINDOW);
  // The window was truly the limit: requests were full, and older steps were left out, all at once and rarely.
  expect(Math.max(...sizes)).toBeGreaterThan(WINDOW / 2);
  expect(JSON.stringify(leads.at(-1)?.body.messages)).toContain('earlier steps of yours are left out');
  const grown = leads.slice(1).filter(({ body }, index) => extendsTo(leads[index]?.body.messages ?? [], body.messages));
  const compactions = (await operations.audit(waiting.thread_id)).filter((record) => record.action === 'context-compacted');
  expect(grown.length + compactions.length).toBe(STEPS - 1);
  expect(compactions.length).toBeGreaterThan(3);
  expect(compactions.length).toBeLessThan(STEPS / 5);
  for (const { body } of endpoint.seen) expect(body.messages.some((message) => String(message.content).includes(GOAL))).toBe(true);
  // What was read last is there in full.
  const after = leads.find((one) => one.headers['x-governor-call'] === '198');
  expect(String(after?.body.messages.findLast((message) => message.role === 'tool')?.content)).toContain('line 150: größe');

  checkpointBytes = sizeOfCheckpoints(world, waiting.thread_id);
  expect((await approve(operations, waiting.thread_id)).status).toBe('released');
});

test(`the checkpoints of ${STEPS} steps are less than 1 MB: none carries the run's history`, () => {
  expect(checkpointBytes).toBeGreaterThan(0);
  expect(checkpointBytes).toBeLessThan(1024 * 1024);
});

/** Is the one request the other and what was appended? */
function extendsTo(before: readonly unknown[], after: readonly unknown[]): boolean {
  return JSON.stringify(after.slice(0, before.length)) === JSON.stringify(before);
}

function sizeOfCheckpoints(from: World, threadId: string): number {
  const database = new Database(join(from.home, 'governor.sqlite'), { readonly: true });
  try {
    const row = database
      .prepare<[string], { bytes: number | null }>('SELECT sum(length(checkpoint)) AS bytes FROM checkpoints WHERE thread_id = ?')
      .get(threadId);
    return row?.bytes ?? Number.NaN;
  } finally {
    database.close();
  }
}
