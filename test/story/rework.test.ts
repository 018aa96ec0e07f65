/** A second attempt sees what it did and what was found; its answers are judged one by one; no secret of the base is shown on the way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findingId } from '../../domain/findings.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { critic, makeWorld, PRODUCT, PRODUCT_TEST, planReply, type Reply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
afterEach(async () => {
  await endpoint?.close();
  world?.dispose();
  endpoint = undefined;
  world = undefined;
});

const SECRET = 'AKIAIOSFODNN7ABCDEFG';
const keys = (value: number): string => `export const a = 1;\nexport const key = '${SECRET}';\nexport const b = ${value};\n`;
const FINDING = { severity: 'major', path: 'src/product.js', line: 1, message: 'null is multiplied as if it were 0' };
const ID = findingId('C', {
  source: 'critic',
  code: 'REVIEW_REJECTED',
  path: FINDING.path,
  anchor: PRODUCT.trimEnd(),
  what: FINDING.message,
});
const ANSWER = 'null throws now';
const MENDED = { finding_id: ID, verdict: 'mended', reason: 'the guard is there' };

const REPLIES: readonly Reply[] = [
  planReply(),
  write(1, 1, 'src/product.js', PRODUCT),
  write(1, 2, 'test/product.test.js', PRODUCT_TEST),
  tool('lead', 1, 3, 'run_command', { shell: `sed -i 's/b = 1/b = 2/' src/keys.js` }),
  submit(1, 4, 'a product of two numbers'),
  critic(1, 'rework', [FINDING]),
  write(
    2,
    1,
    'src/product.js',
    `const no = () => {\n  throw new TypeError('null');\n};\nexport const product = (a, b) => (a === null ? no() : a * b);\n`,
  ),
  tool('lead', 2, 2, 'submit_build', { summary: 'null throws', answers: [{ finding_id: ID, answer: ANSWER }] }),
  critic(2),
  tool('critic', 2, 2, 'submit_review', { verdict: 'pass', findings: [], earlier: [MENDED] }),
];

const requestOf = (role: string, attempt: number, call: number): string => {
  const one = endpoint?.seen.find(
    (each) => each.role === role && each.headers['x-governor-attempt'] === `${attempt}` && each.headers['x-governor-call'] === `${call}`,
  );
  return (one?.body.messages ?? []).map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content))).join('\n');
};

test('the lead sees its difference, its words and the finding at its line; the critic must judge its own finding', {
  timeout: 60_000,
}, async () => {
  endpoint = await openEndpoint(REPLIES);
  world = makeWorld({ config: endpointConfig(endpoint.baseUrl), files: { 'src/keys.js': keys(1) } });
  const operations = await world.open();
  const waiting = await startOver(world, operations);
  expect(waiting).toMatchObject({ status: 'waiting', attempt: 2, reason: null });
  const thread = waiting.thread_id;

  const second = requestOf('lead', 2, 1);
  expect(second).toContain('Your summary of the last attempt: "a product of two numbers"');
  expect(second).toContain('+export const product = (a, b) => a * b;');
  expect(second).toContain(`${ID} major REVIEW_REJECTED src/product.js:1 (new): ${FINDING.message}`);
  expect(requestOf('lead', 1, 1)).not.toContain('difference since the base');

  const judged = requestOf('critic', 2, 1);
  expect(judged).toContain(`${ID} major REVIEW_REJECTED src/product.js: ${FINDING.message}\n  First told in attempt 1.`);
  expect(judged).toContain(`The builder answers (not evidence): "${ANSWER}"`);
  expect(requestOf('critic', 1, 1)).not.toContain(ID);
  expect(requestOf('critic', 2, 2)).toContain(`${ID} must be judged too`);

  expect(world.dossier(thread, '30-review.2.json')).toMatchObject({
    body: {
      verdict: 'pass',
      findings: [],
      earlier: [{ ...MENDED, round: 2, source: 'critic', path: 'src/product.js', message: FINDING.message }],
    },
  });
  const folder = join(world.home, 'runs', thread);
  expect(readFileSync(join(folder, '30-review.2.md'), 'utf8')).toContain(`${ID} mended in attempt 2, src/product.js`);
  expect(readFileSync(join(folder, '30-review.1.md'), 'utf8')).toContain(`## ${ID} major REVIEW_REJECTED src/product.js:1 (new)`);

  // The secret stands in the context of the difference, and nowhere that is shown or stored.
  const shown = [
    ...endpoint.seen.map(({ body }) => JSON.stringify(body)),
    ...[1, 2].map((attempt) => readFileSync(join(folder, `20-build.${attempt}.patch`), 'utf8')),
    (await operations.gate(thread))?.diff ?? '',
    await operations.diff(thread),
  ];
  await operations.close();
  for (const text of shown) expect(text).not.toContain(SECRET);
  expect(shown.at(-1)).toContain(" export const key = '[REDACTED]';\n-export const b = 1;\n+export const b = 2;");
  expect(judged).toContain("export const key = '[REDACTED]';");
  expect(readFileSync(join(world.home, 'governor.sqlite')).includes(SECRET)).toBe(false);
  expect(world.git('show', `governor/${thread}:src/keys.js`)).toContain(SECRET);
});

const failing = (comment: string, expected: number): string => `${comment}${PRODUCT_TEST.replace('6)', `${expected})`)}`;

test('a failure that only moved to another line is no progress', { timeout: 60_000 }, async () => {
  world = makeWorld({
    replies: [
      planReply(),
      write(1, 1, 'src/product.js', PRODUCT),
      write(1, 2, 'test/product.test.js', failing('', 7)),
      submit(1, 3),
      write(2, 1, 'test/product.test.js', failing('// one line more\n', 7)),
      submit(2, 2),
    ],
  });
  const operations = await world.open();
  const stopped = await start(world, operations);
  await operations.close();
  expect(stopped).toMatchObject({ attempt: 2, reason: { code: 'NO_PROGRESS' } });
  expect(world.dossier(stopped.thread_id, '30-review.2.json')).toMatchObject({
    body: { findings: [{ source: 'test', state: 'open', round: 1 }] },
  });
});

test('a failure with another value is progress: the next attempt may mend it', { timeout: 60_000 }, async () => {
  world = makeWorld({
    replies: [
      planReply(),
      write(1, 1, 'src/product.js', PRODUCT),
      write(1, 2, 'test/product.test.js', failing('', 7)),
      submit(1, 3),
      write(2, 1, 'test/product.test.js', failing('', 8)),
      submit(2, 2),
      write(3, 1, 'test/product.test.js', failing('', 6)),
      submit(3, 2),
      critic(3),
    ],
  });
  const operations = await world.open();
  const waiting = await start(world, operations);
  await operations.close();
  expect(waiting).toMatchObject({ status: 'waiting', attempt: 3, reason: null });
  const findings = (attempt: number) => world?.dossier(waiting.thread_id, `30-review.${attempt}.json`);
  expect(findings(2)).toMatchObject({ body: { findings: [{ source: 'test', state: 'changed', round: 1 }] } });
  expect(findings(3)).toMatchObject({ body: { findings: [], earlier: [{ source: 'test', verdict: 'mended', round: 3 }] } });
});

test('of very many findings of one rule a review keeps the first, and one that stands for the others; of few it keeps each', async () => {
  const keys = (last: number): Reply =>
    tool('lead', 1, 1, 'run_command', { shell: `for i in $(seq 101 ${last}); do echo AKIAQ3EGRM5XLT2ZV$i; done > src/keys.txt` });
  for (const [last, count] of [
    [400, 201],
    [103, 3],
  ] as const) {
    world?.dispose();
    world = makeWorld({ config: { limits: { reviewRounds: 1, maxOutputTokens: 1024 } }, replies: [planReply(), keys(last), submit(1, 2)] });
    const operations = await world.open();
    const stopped = await start(world, operations);
    await operations.close();
    expect(stopped.reason?.code).toBe('SECRET_FOUND');
    const { findings } = (
      world.dossier(stopped.thread_id, '30-review.1.json') as { body: { findings: { message: string; severity: string }[] } }
    ).body; // our own file
    expect(findings).toHaveLength(count);
    expect(findings.at(-1)).toMatchObject({
      severity: 'blocker',
      message: last === 400 ? '100 more findings of this rule are not listed; the first 200 are' : expect.stringContaining('aws'),
    });
  }
});
