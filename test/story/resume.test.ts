/** A stop by an agent, its model or a review is no end: a person's words or another model let it go on, on the record. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { openOperations } from '../../runtime/operations.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import {
  approve,
  critic,
  criticId,
  HAPPY,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  type Reply,
  submit,
  tool,
  type World,
  write,
} from './world.ts';

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

const OTHER = 'other-model';
async function begin(replies: readonly Reply[], limits: object = {}, lead: object = {}) {
  endpoint = await openEndpoint(replies);
  const config = endpointConfig(endpoint.baseUrl, lead);
  world = makeWorld({
    config: { ...config, prices: { ...config.prices, [OTHER]: { input: 4, output: 16 } }, limits: { maxOutputTokens: 1024, ...limits } },
  });
  operations = await world.open();
  return { world, endpoint, operations };
}

const words = (comment: string, model = '') => ({ words: { comment, model } });
const reads = (role: 'planner' | 'lead', from: number, count: number): Reply[] =>
  Array.from({ length: count }, (_none, index) => tool(role, 1, from + index, 'read_file', { path: 'src/sum.js' }));
/** The work, from this call of the lead on. */
const work = (call: number): Reply[] => [
  write(1, call, 'src/product.js', PRODUCT),
  write(1, call + 1, 'test/product.test.js', PRODUCT_TEST),
  submit(1, call + 2),
  critic(1),
];
const textOf = (one: Endpoint['seen'][number] | undefined): string => JSON.stringify(one?.body.messages);
const countOf = (text: string, part: string): number => text.split(part).length - 1;

test('NO_PROGRESS of the lead: it reads a person’s words in its next request, and they approve nothing', async () => {
  const at = await begin([planReply(), ...reads('lead', 1, 5), ...work(6)]);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason).toMatchObject({ code: 'NO_PROGRESS', resumable: true });
  expect(stopped.reason?.next).toBe(`governor resume ${stopped.thread_id.slice(0, 8)} --comment "what to do instead"`);
  const asked = at.endpoint.count();
  const waiting = await at.operations.resume(stopped.thread_id, words('write src/product.js; "sum" is right'));
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.count()).toBe(asked + 4);
  const first = at.endpoint.seen[asked];
  expect(first?.body.messages.at(-1)).toMatchObject({ role: 'tool' });
  expect(String(first?.body.messages.at(-1)?.content)).toContain('write src/product.js; \\"sum\\" is right');
  const last = at.endpoint.seen.findLast((one) => one.role === 'lead');
  expect(countOf(textOf(last), 'write src/product.js; ')).toBe(1);
  expect(textOf(at.endpoint.seen.findLast((one) => one.role === 'critic'))).not.toContain('write src/product.js; ');
  const records = await at.operations.audit(stopped.thread_id);
  expect(records.filter((record) => record.action === 'run-resumed')).toMatchObject([
    {
      actor: at.operations.person.id,
      facts: { code: 'NO_PROGRESS', role: 'lead', attempt: 1, comment: 'write src/product.js; "sum" is right' },
    },
  ]);
  expect((await at.operations.pending()).map((row) => row.gate)).toEqual(['release']);
  await expect(at.operations.resume(stopped.thread_id, words('release it'))).rejects.toMatchObject({ name: 'UsageError' });
  expect((await approve(at.operations, stopped.thread_id)).status).toBe('released');
  expect((await at.operations.verifyAudit()).kind).toBe('whole');
});

test('NO_PROGRESS without a word goes on once, and the next three of the same stop it again', async () => {
  const at = await begin([planReply(), ...reads('lead', 1, 30)]);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.spend.model_calls).toBe(1 + 5);
  for (const calls of [9, 12]) {
    const again = await at.operations.resume(stopped.thread_id);
    expect(again.reason?.code).toBe('NO_PROGRESS');
    expect(again.spend.model_calls).toBe(calls);
  }
  const told = await at.operations.resume(stopped.thread_id, words('think'));
  expect(told.spend.model_calls).toBe(12 + 5);
});

test('NO_PROGRESS of the planner: what it asked before is not paid again, also after a second stop', async () => {
  const at = await begin([...reads('planner', 1, 10), { ...planReply(), call: 11 }, ...work(1)]);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason?.code).toBe('NO_PROGRESS');
  const again = await at.operations.resume(stopped.thread_id, words('hand over'));
  expect(again.reason?.code).toBe('NO_PROGRESS');
  expect(at.endpoint.count('planner')).toBe(10);
  const waiting = await at.operations.resume(stopped.thread_id, words('now hand over'));
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.seen.map((one) => one.headers['x-governor-call']).slice(0, 11)).toEqual(
    Array.from({ length: 11 }, (_none, index) => String(index + 1)),
  );
  const last = textOf(at.endpoint.seen[10]);
  expect([countOf(last, '(resume 1,'), countOf(last, '(resume 2,')]).toEqual([1, 1]);
});

test('another model answers from there on, at its own price; one without a price is refused before anything', async () => {
  const at = await begin([planReply(), ...reads('lead', 1, 5), ...work(6)]);
  const stopped = await startOver(at.world, at.operations);
  const before = await at.operations.audit(stopped.thread_id);
  await expect(at.operations.resume(stopped.thread_id, words('', 'no-such-model'))).rejects.toMatchObject({ name: 'UsageError' });
  expect(await at.operations.audit(stopped.thread_id)).toHaveLength(before.length);
  expect(at.endpoint.count()).toBe(6);
  const waiting = await at.operations.resume(stopped.thread_id, words('', OTHER));
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(at.endpoint.seen.slice(6).map((one) => [one.role, one.body.model])).toEqual([
    ['lead', OTHER],
    ['lead', OTHER],
    ['lead', OTHER],
    ['critic', 'gpt-5.4-mini'],
  ]);
  expect(waiting.spend.cost_micro_usd - stopped.spend.cost_micro_usd).toBe(3 * (1000 * 4 + 100 * 16) + (1000 * 2 + 100 * 8));
  const call = (await at.operations.audit(stopped.thread_id)).filter((record) => record.action === 'model-call');
  expect(call.map((record) => record.facts?.['model']).filter((model) => model === OTHER)).toHaveLength(3);
});

test('who is no operator brings no other model', async () => {
  const at = await begin([planReply(), ...reads('lead', 1, 5)]);
  const stopped = await startOver(at.world, at.operations);
  await at.operations.close();
  writeFileSync(join(at.world.home, 'operator.yaml'), `version: 1\npeople: { "${at.operations.person.id}": [approver] }\n`);
  operations = await openOperations({ home: at.world.home, env: { PATH: process.env['PATH'] ?? '' } });
  await expect(operations.resume(stopped.thread_id, words('', OTHER))).rejects.toMatchObject({ code: 'APPROVER_NOT_ALLOWED' });
});

test('an endpoint that did not answer is asked the very same again when it is back: its agent did nothing wrong', async () => {
  const at = await begin(HAPPY);
  at.endpoint.fault = ({ role, call }) => (role === 'lead' && call === 2 ? { status: 401 } : undefined);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason).toMatchObject({ code: 'PROVIDER_REFUSED', resumable: true });
  at.endpoint.fault = () => undefined;
  expect(await at.operations.resume(stopped.thread_id)).toMatchObject({ status: 'waiting', reason: null });
  const [before, after] = at.endpoint.seen.filter((one) => one.role === 'lead' && one.headers['x-governor-call'] === '2');
  expect([before?.status, after?.status]).toEqual([401, 200]);
  expect(after?.body).toEqual(before?.body);
});

test('a model that refused is asked again, also without a word; an endpoint that refused is too', async () => {
  const refusal = { role: 'lead', attempt: 1, call: 1, text: 'no', finish: 'content_filter' } as const;
  const at = await begin([planReply(), refusal]);
  const refused = await startOver(at.world, at.operations);
  expect(refused.reason).toMatchObject({ code: 'PROVIDER_REFUSED', resumable: true });
  at.endpoint.replies = HAPPY.slice(1);
  at.endpoint.fault = () => ({ status: 403 });
  expect((await at.operations.resume(refused.thread_id)).reason?.code).toBe('PROVIDER_REFUSED');
  at.endpoint.fault = () => undefined;
  expect(await at.operations.resume(refused.thread_id, words('it is a test'))).toMatchObject({ status: 'waiting', reason: null });
  expect(textOf(at.endpoint.seen.findLast((one) => one.role === 'lead'))).toContain('it is a test');
});

test('CONTEXT_EXCEEDED: a model with a larger window goes on', async () => {
  const at = await begin([planReply(), ...work(1)], {}, { contextTokens: 4096 });
  const stopped = await startOver(at.world, at.operations, `Add a product function. ${'Be careful. '.repeat(600)}`);
  expect(stopped).toMatchObject({ stage: 'build', reason: { code: 'CONTEXT_EXCEEDED', resumable: true } });
  expect((await at.operations.resume(stopped.thread_id)).reason?.code).toBe('CONTEXT_EXCEEDED');
  expect(await at.operations.resume(stopped.thread_id, words('', OTHER))).toMatchObject({ status: 'waiting', reason: null });
});

test('REVIEW_EXHAUSTED: a person’s words give one more round each, and stand in the brief of the next attempt', async () => {
  const attempt = (n: number): Reply[] => [write(n, 1, 'src/product.js', `${PRODUCT}// ${n}\n`), submit(n, 2)];
  const mended = (n: number) => ({ finding_id: criticId(`finding ${n}`), verdict: 'mended', reason: 'seen' });
  const rework = (n: number): Reply =>
    critic(n, 'rework', [{ severity: 'major', message: `finding ${n}` }], n === 1 ? [] : [mended(n - 1)]);
  const at = await begin(
    [
      planReply(),
      ...[1, 2, 3, 4].flatMap(attempt),
      write(1, 3, 'test/product.test.js', PRODUCT_TEST),
      rework(1),
      rework(2),
      rework(3),
      critic(4, 'pass', [], [mended(3)]),
    ],
    { reviewRounds: 2 },
  );
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason).toMatchObject({ code: 'REVIEW_EXHAUSTED', resumable: true });
  const asked = at.endpoint.count();
  expect((await at.operations.resume(stopped.thread_id)).reason?.code).toBe('REVIEW_EXHAUSTED');
  expect(at.endpoint.count()).toBe(asked);
  const third = await at.operations.resume(stopped.thread_id, words('use integers'));
  expect(third).toMatchObject({ attempt: 3, reason: { code: 'REVIEW_EXHAUSTED' } });
  expect(textOf(at.endpoint.seen[asked])).toContain('use integers');
  const fourth = await at.operations.resume(stopped.thread_id, words('never mind', OTHER));
  expect(fourth).toMatchObject({ status: 'waiting', attempt: 4, reason: null });
  const leads = at.endpoint.seen.filter((one) => one.role === 'lead' && one.headers['x-governor-attempt'] === '4');
  expect(leads.map((one) => one.body.model)).toEqual([OTHER, OTHER]);
  expect(textOf(leads[0])).toContain('never mind');
  expect(textOf(leads[0])).not.toContain('use integers');
});

test('what a person says after a cancel is in the next request', async () => {
  const at = await begin(HAPPY);
  const abort = new AbortController();
  at.endpoint.fault = ({ role, call }) => {
    if (role === 'lead' && call === 2) abort.abort();
    return undefined;
  };
  const created = await at.operations.create({ goal: 'Add a product function with a test', repo: at.world.repo });
  const cancelled = await at.operations.drive(created.threadId, { signal: abort.signal });
  expect(cancelled.status).toBe('cancelled');
  const waiting = await at.operations.resume(created.threadId, words('with a test'));
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const leads = at.endpoint.seen.filter((one) => one.role === 'lead').slice(2);
  expect(leads.map((one) => countOf(textOf(one), 'Their words, which approve nothing'))).toEqual([1, 1, 1]);
});

test('words that are not in the audit trail are nobody’s', async () => {
  const at = await begin([planReply(), ...reads('lead', 1, 20)]);
  const stopped = await startOver(at.world, at.operations);
  await at.operations.resume(stopped.thread_id, words('think'));
  const file = join(at.world.home, 'runs', stopped.thread_id, 'resumes.json');
  const list = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...list, body: [{ ...list.body[0], id: 'another', comment: 'release it' }] }));
  expect((await at.operations.resume(stopped.thread_id)).reason?.code).toBe('STATE_TAMPERED');
});
