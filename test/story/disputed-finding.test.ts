/** A builder that is right against the critic: it disputes the finding with evidence, and the critic, and nobody else, takes it back. */
import { afterEach, expect, test } from 'vitest';
import { reviewBodySchema } from '../../domain/handoff.ts';
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
  start,
  submit,
  tool,
  type World,
  write,
} from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
afterEach(async () => {
  world?.dispose();
  await endpoint?.close();
  endpoint = undefined;
});

const WRONG = { severity: 'major', path: 'src/product.js', message: 'product fails for negative numbers' };
const OTHER = { severity: 'major', path: 'test/product.test.js', message: 'the test would pass with the code deleted' };
const idOf = ({ message, path }: { message: string; path: string }): string => criticId(message, path);
const FOUND: readonly Reply[] = [...HAPPY.slice(0, -1), critic(1, 'rework', [WRONG])];

const dispute = (attempt: number, call: number, ids: readonly string[] = [idOf(WRONG)]): Reply =>
  tool('lead', attempt, call, 'submit_build', {
    summary: 'the finding is wrong',
    disputes: ids.map((finding_id) => ({ finding_id, evidence: 'product(-2, 3) gives -6: node -e shows it' })),
  });
const judges = (attempt: number, verdict: 'open' | 'withdrawn', more: object = {}): Reply =>
  tool('critic', attempt, 1, 'submit_review', {
    verdict: 'pass',
    findings: [],
    earlier: [{ finding_id: idOf(WRONG), verdict, reason: verdict === 'open' ? 'product(-0, 3) is -0' : 'it multiplies' }],
    ...more,
  });
const mended = critic(3, 'pass', [], [{ finding_id: idOf(WRONG), verdict: 'mended', reason: 'it says so now' }]);
const body = (threadId: string, path: string) => (world?.dossier(threadId, path) as { body: Record<string, unknown> } | undefined)?.body; // our own file

test('a finding that the critic withdraws is closed, without a change, without the rules again, and the run is released', async () => {
  world = makeWorld({ replies: [...FOUND, dispute(2, 1), judges(2, 'withdrawn')] });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 2 });
  const records = await operations.audit(waiting.thread_id);
  expect(records.filter((record) => record.action === 'check-start' && record.attempt === 2)).toEqual([]);
  const rules = body(waiting.thread_id, 'evidence/2/rules.json');
  expect(rules).toMatchObject({ verdict: 'pass', tree: waiting.candidate?.tree, commit: waiting.candidate?.commit });
  expect(body(waiting.thread_id, '30-review.2.json')).toMatchObject({ verdict: 'pass', findings: [] });
  expect(body(waiting.thread_id, '20-build.2.json')).toMatchObject({ disputes: [{ finding_id: idOf(WRONG) }] });
  expect((await approve(operations, waiting.thread_id)).status).toBe('released');
  await operations.close();
});

test('a finding that stands goes back with the critic’s answer, under its id; no round is used up, and the mended change is released', async () => {
  endpoint = await openEndpoint([
    ...FOUND,
    dispute(2, 1),
    judges(2, 'open'),
    write(3, 1, 'src/product.js', `${PRODUCT}export const square = (a) => product(a, a);\n`),
    submit(3, 2),
    mended,
  ]);
  world = makeWorld({ config: { ...endpointConfig(endpoint.baseUrl), limits: { reviewRounds: 2, maxOutputTokens: 1024 } } });
  const operations = await world.open();
  const waiting = await startOver(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 3 });
  expect(body(waiting.thread_id, '30-review.2.json')).toMatchObject({
    verdict: 'rework',
    findings: [{ id: idOf(WRONG), source: 'critic', path: 'src/product.js', state: 'open' }],
    earlier: [{ finding_id: idOf(WRONG), verdict: 'open', reason: 'product(-0, 3) is -0' }],
  });
  const told = (role: string, attempt: string) =>
    JSON.stringify(endpoint?.seen.find((one) => one.role === role && one.headers['x-governor-attempt'] === attempt)?.body.messages);
  expect(told('critic', '2')).toContain('product(-2, 3) gives -6');
  expect(told('critic', '2')).toContain('product fails for negative numbers');
  expect(told('lead', '3')).toContain('product(-0, 3) is -0');
  await operations.close();
});

test('the critic must answer each dispute and nothing else, and a pass beside a finding that stays open is a rework', async () => {
  world = makeWorld({
    replies: [
      ...FOUND,
      dispute(2, 1),
      critic(2),
      { ...judges(2, 'withdrawn', { earlier: [{ finding_id: 'C-0', verdict: 'withdrawn', reason: 'x' }] }), call: 2 },
      { ...judges(2, 'open'), call: 3 },
      write(3, 1, 'src/product.js', `${PRODUCT}// whole numbers\n`),
      submit(3, 2),
      mended,
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, attempt: 3 });
  expect(body(waiting.thread_id, '30-review.2.json')).toMatchObject({ verdict: 'rework' });
  await operations.close();
});

test('a dispute beside a change is judged after the rules, which run again', async () => {
  world = makeWorld({
    replies: [
      ...HAPPY.slice(0, -1),
      critic(1, 'rework', [WRONG, OTHER]),
      dispute(2, 1),
      write(2, 2, 'test/product.test.js', `${PRODUCT_TEST}test('negative', () => assert.equal(product(-2, 3), -6));\n`),
      dispute(2, 3),
      judges(2, 'withdrawn', {
        earlier: [WRONG, OTHER].map((one) => ({ finding_id: idOf(one), verdict: one === WRONG ? 'withdrawn' : 'mended', reason: 'seen' })),
      }),
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 2 });
  const records = await operations.audit(waiting.thread_id);
  // Without a change the other finding would stay open: told at once.
  const first = records.find((record) => record.action === 'tool-result' && record.stage === 'build' && record.attempt === 2);
  expect(first?.facts).toMatchObject({ outcome: 'invalid' });
  expect(records.filter((record) => record.action === 'check-start' && record.attempt === 2).length).toBeGreaterThan(0);
  await operations.close();
});

test('what the machine found is no model’s to take back: told at once, and the check stays red', async () => {
  const broken = [
    planReply(),
    write(1, 1, 'src/product.js', PRODUCT.replace('*', '+')),
    write(1, 2, 'test/product.test.js', PRODUCT_TEST),
    submit(1, 3),
  ];
  world = makeWorld({ replies: broken });
  let operations = await world.open();
  const missed = await start(world, operations);
  expect(missed.reason?.code).toBe('SCRIPT_MISS');
  const [found] = reviewBodySchema.parse(body(missed.thread_id, '30-review.1.json')).findings;
  expect(found?.code).toBe('CHECK_FAILED');
  await operations.close();
  world.dispose();
  world = makeWorld({
    replies: [...broken, dispute(2, 1, [found?.id ?? '']), write(2, 2, 'src/product.js', PRODUCT), submit(2, 3), critic(2)],
  });
  operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' } });
  const refused = (await operations.audit(waiting.thread_id)).filter((record) => record.action === 'tool-refused');
  expect(refused.map((record) => record.code)).toEqual(['CHECK_FAILED']);
  await operations.close();
});

test('findings are disputed limits.appeals times at most; then the tool says so', async () => {
  world = makeWorld({
    config: { limits: { appeals: 1, maxOutputTokens: 1024 } },
    replies: [
      ...FOUND,
      dispute(2, 1),
      judges(2, 'open'),
      dispute(3, 1),
      write(3, 2, 'src/product.js', `${PRODUCT}// whole numbers\n`),
      submit(3, 3),
      mended,
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ reason: null, attempt: 3 });
  const refused = (await operations.audit(waiting.thread_id)).filter((record) => record.action === 'tool-refused');
  expect(refused.map((record) => record.code)).toEqual(['REVIEW_REJECTED']);
  await operations.close();
});

test('words without a dispute and without a change are still no artifact', async () => {
  world = makeWorld({ replies: [...FOUND, submit(2, 1, 'I am right')] });
  const operations = await world.open();
  expect((await start(world, operations)).reason?.code).toBe('BUILDER_NO_ARTIFACT');
  await operations.close();
});
