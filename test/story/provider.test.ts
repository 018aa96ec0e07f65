/** The same stories over HTTP: provider `openai` against an endpoint that shares no code with Governor. */
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { CALL_MICRO_USD, type Endpoint, endpointConfig, type Fault, HEADERS, openEndpoint, startOver } from './endpoint.ts';
import { approve, critic, HAPPY, makeWorld, PRODUCT, PRODUCT_TEST, planReply, type Reply, submit, type World, write } from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
let operations: Operations | undefined;
afterEach(async () => {
  await operations?.close();
  await endpoint?.close();
  world?.dispose();
  operations = undefined;
  endpoint = undefined;
  world = undefined;
});

async function begin(replies: readonly Reply[]): Promise<{ world: World; endpoint: Endpoint; operations: Operations }> {
  endpoint = await openEndpoint(replies);
  world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
  operations = await world.open();
  return { world, endpoint, operations };
}

test('a goal is released over HTTP; every request names its cause and its limit, and the bill is usage times price', async () => {
  const at = await begin(HAPPY);
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const released = await approve(at.operations, waiting.thread_id);
  expect(released).toMatchObject({ status: 'released', reason: null });
  expect(at.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  expect(at.endpoint.seen.map((one) => one.status)).toEqual(HAPPY.map(() => 200));
  expect(released.spend.model_calls).toBe(HAPPY.length);
  expect(released.spend.cost_micro_usd).toBe(HAPPY.length * CALL_MICRO_USD);
  for (const one of at.endpoint.seen) {
    expect(one.path).toBe('/v1/chat/completions');
    for (const name of HEADERS) expect(one.headers[name], name).toMatch(/./);
    expect(one.headers['x-governor-thread']).toBe(waiting.thread_id);
    const limit = one.body.max_completion_tokens ?? one.body.max_tokens;
    expect(limit).toBeGreaterThan(0);
    expect(limit).toBeLessThanOrEqual(1024);
    expect(one.body.tools?.length).toBeGreaterThan(0);
  }
  expect(at.endpoint.seen.map((one) => [one.role, one.headers['x-governor-agent'], one.headers['x-governor-call']])).toEqual(
    HAPPY.map((reply) => [reply.role, reply.role === 'lead' ? 'lead' : '-', String(reply.call)]),
  );
  expect((await at.operations.verifyAudit()).kind).toBe('whole');
});

test('work whose tests fail goes back to the builder, and the second attempt is released', async () => {
  const wrong = 'export const product = (a, b) => a + b;\n';
  const replies = [
    planReply(),
    write(1, 1, 'src/product.js', wrong),
    write(1, 2, 'test/product.test.js', PRODUCT_TEST),
    submit(1, 3),
    write(2, 1, 'src/product.js', PRODUCT),
    submit(2, 2),
    critic(2),
  ];
  const at = await begin(replies);
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null, attempt: 2 });
  expect(at.endpoint.seen.map((one) => `${one.role} ${one.headers['x-governor-attempt']}.${one.headers['x-governor-call']}`)).toEqual(
    replies.map((reply) => `${reply.role} ${reply.attempt}.${reply.call}`),
  );
  const second = at.endpoint.seen.find((one) => one.role === 'lead' && one.headers['x-governor-attempt'] === '2');
  expect(JSON.stringify(second?.body.messages)).toContain('CHECK_FAILED');
  expect((await approve(at.operations, waiting.thread_id)).status).toBe('released');
  expect(at.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
});

test('a builder that claims work it did not do is stopped before the critic is asked', async () => {
  const at = await begin([planReply(), ...[1, 2, 3].flatMap((attempt) => [submit(attempt, 1, 'all done, tests pass'), critic(attempt)])]);
  const base = at.world.git('rev-parse', 'main');
  const result = await startOver(at.world, at.operations);
  expect(result.reason?.code).toBe('BUILDER_NO_ARTIFACT');
  expect(at.endpoint.count('lead')).toBeGreaterThan(0);
  expect(at.endpoint.count('critic')).toBe(0);
  expect(at.world.git('rev-parse', 'main')).toBe(base);
});

/** The lead's first call fails once. */
const once =
  (fault: Fault): Endpoint['fault'] =>
  ({ nth }) =>
    nth === 2 ? fault : undefined;

test('a 429 is tried once more after the time the endpoint asked for, and is not charged', async () => {
  const at = await begin(HAPPY);
  at.endpoint.fault = once({ status: 429, headers: { 'retry-after': '1' } });
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.count()).toBe(HAPPY.length + 1);
  const [, failed, again] = at.endpoint.seen;
  expect(failed?.status).toBe(429);
  expect((again?.at ?? 0) - (failed?.at ?? 0)).toBeGreaterThanOrEqual(999);
  expect(again?.body).toEqual(failed?.body);
  expect(again?.headers['x-governor-call']).toBe(failed?.headers['x-governor-call']);
  expect(waiting.spend.cost_micro_usd).toBe(HAPPY.length * CALL_MICRO_USD);
});

test('a 500 is tried once more and is not charged', async () => {
  const at = await begin(HAPPY);
  at.endpoint.fault = once({ status: 500 });
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.seen.map((one) => one.status)).toEqual([200, 500, ...HAPPY.slice(1).map(() => 200)]);
  expect(waiting.spend.cost_micro_usd).toBe(HAPPY.length * CALL_MICRO_USD);
});

test('an answer cut in the middle is tried once more, and booked at its worst case because it may be billed', async () => {
  const at = await begin(HAPPY);
  at.endpoint.fault = once('cut');
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.count()).toBe(HAPPY.length + 1);
  const errors = (await at.operations.audit(waiting.thread_id)).filter((record) => record.action === 'model-error');
  expect(errors).toHaveLength(1);
  const booked = Number((errors[0]?.facts?.['booked'] as { costMicroUsd?: number } | undefined)?.costMicroUsd);
  expect(booked).toBeGreaterThan(0);
  expect(waiting.spend.cost_micro_usd).toBe(HAPPY.length * CALL_MICRO_USD + booked);
});

test('a 401 is not tried again', async () => {
  const at = await begin(HAPPY);
  at.endpoint.fault = () => ({ status: 401 });
  const result = await startOver(at.world, at.operations);
  expect(result.reason?.code).toBe('PROVIDER_REFUSED');
  expect(at.endpoint.count()).toBe(1);
  expect(result.spend.cost_micro_usd).toBe(0);
});

test('an endpoint that is down stops the run, resumable; when it is up again the same run is released', async () => {
  const at = await begin(HAPPY);
  const { port } = at.endpoint;
  await at.endpoint.close();
  const down = await startOver(at.world, at.operations);
  expect(down.reason).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', resumable: true });
  expect(down.spend.cost_micro_usd).toBe(0);
  expect(at.endpoint.count()).toBe(0);
  endpoint = await openEndpoint(HAPPY, port);
  const waiting = await at.operations.resume(down.thread_id);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null, thread_id: down.thread_id });
  expect((await approve(at.operations, down.thread_id)).status).toBe('released');
  expect(endpoint.count()).toBe(HAPPY.length);
  expect(waiting.spend.cost_micro_usd).toBe(HAPPY.length * CALL_MICRO_USD);
});
