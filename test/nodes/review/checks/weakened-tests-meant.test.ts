/** Changes of tests that the plan names are a person's to waive, not the builder's to undo; a pattern names no deletion. */
import { describe, expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { verdictOf } from '../../../../nodes/review/checks/verdict.ts';
import { weakenedTests } from '../../../../nodes/review/checks/weakened-tests.ts';
import { review, sh } from './review.ts';

type What = Parameters<typeof review>[1];
const OLD = "test('is old', () => assert.equal(old(), 1));\n";
const TWO = `${OLD}test('is older', () => assert.equal(old(), 1));\n`;
const base = { 'src/old.js': 'x\n', 'test/old.test.js': TWO };
const told = async (what: What, check = weakenedTests) => {
  const { findings, results } = await review(check, what);
  return {
    verdict: verdictOf(results, findings),
    open: findings.filter((one) => one.needs_waiver === true).map((one) => one.path),
    findings,
  };
};

describe('named by its path', () => {
  test.each<[string, What['candidate']]>([
    ['deleted with its feature', { 'src/old.js': null, 'test/old.test.js': null }],
    ['shorter', { 'test/old.test.js': OLD }],
  ])('a test that is %s is left to a person', async (_title, candidate) => {
    expect(await told({ base, candidate, paths: ['src/old.js', 'test/old.test.js'] })).toMatchObject({
      verdict: 'pass',
      open: ['test/old.test.js'],
      findings: [{ code: 'TESTS_WEAKENED', severity: 'major' }],
    });
  });

  test('a snapshot that is updated is left to a person, and so is a configuration', async () => {
    const path = 'src/__snapshots__/a.test.js.snap';
    for (const named of [path, '**/*.snap'])
      expect(await told({ base: { [path]: 'x\n' }, candidate: { [path]: 'y\n' }, paths: [named] })).toMatchObject({
        verdict: 'pass',
        open: [path],
      });
    expect(
      await told({ base: { 'vitest.config.ts': 'x\n' }, candidate: { 'vitest.config.ts': 'y\n' }, paths: ['vitest.config.ts'] }),
    ).toMatchObject({ verdict: 'pass', open: ['vitest.config.ts'] });
  });
});

describe('not named', () => {
  test.each([[['src/**', 'test/**']], [['**']], [['src/old.js', 'test/older.test.js']]])(
    'a deleted test under %s blocks',
    async (paths) => {
      expect(await told({ base, candidate: { 'src/old.js': null, 'test/old.test.js': null }, paths })).toMatchObject({
        verdict: 'rework',
        open: [],
      });
    },
  );

  test('a snapshot under ** blocks, and one that is deleted blocks under a pattern', async () => {
    const files = { 'a.snap': 'x\n' };
    expect(await told({ base: files, candidate: { 'a.snap': 'y\n' }, paths: ['**'] })).toMatchObject({ verdict: 'rework' });
    expect(await told({ base: files, candidate: { 'a.snap': null }, paths: ['*.snap'] })).toMatchObject({ verdict: 'rework' });
  });

  test('a test that is switched off blocks although the plan names its file: who means it to go removes it', async () => {
    const candidate = { 'test/old.test.js': TWO.replace('test(', 'test.skip(') };
    expect(await told({ base, candidate, paths: ['test/old.test.js'] })).toMatchObject({ verdict: 'rework', open: [] });
  });

  test('a new test file that runs alone blocks although the plan names it', async () => {
    const candidate = { 'test/new.test.js': "it.only('a', () => assert(1));\n" };
    expect(await told({ base, candidate, paths: ['test/new.test.js'] })).toMatchObject({ verdict: 'rework', open: [] });
  });

  test('a script of the tests blocks although the plan names package.json: it names no script', async () => {
    const scripts = (run: string): string => JSON.stringify({ scripts: { test: run } });
    const what = {
      base: { 'package.json': scripts('node --test') },
      candidate: { 'package.json': scripts('true') },
      paths: ['package.json'],
    };
    expect(await told(what)).toMatchObject({ verdict: 'rework', open: [] });
  });
});

describe("the base's own tests fail", () => {
  const STRICT = '. ./src/a.sh; test "$A" = 1\n';
  const what = {
    base: { 'src/a.sh': 'A=1\n', 'test/a.py': STRICT },
    candidate: { 'src/a.sh': 'A=2\n', 'test/a.py': '. ./src/a.sh; test "$A" = 2\n' },
    config: { checks: [sh('test', 'sh test/a.py')] },
  };

  test('a plan of test/** means those tests: no blocker, and a person must waive it', async () => {
    expect(await told({ ...what, paths: ['src/**', 'test/**'] }, baseTests)).toMatchObject({
      verdict: 'pass',
      findings: [{ code: 'BASE_TEST_FAILS', severity: 'major', needs_waiver: true }],
    });
  });

  test('a plan of ** means none', async () => {
    expect(await told({ ...what, paths: ['**'] }, baseTests)).toMatchObject({ verdict: 'rework', open: [] });
  });
});

test.each<[string, string, string]>([
  [
    'options of other calls',
    TWO,
    `${TWO}test('new', () => { assert.equal(list({ skip: 1, take: 2 }), 1); use({ todo: 1, only: 2 }); model.fit(x); });\n`,
  ],
  ['tests folded into a table', TWO, "test.each([['is old', 1], ['is older', 1]])('%s', (name, n) => assert.equal(old(), n));\n"],
])('%s are no weakening, whatever the plan says', async (_title, before, after) => {
  expect(await told({ base: { 'test/a.test.js': before }, candidate: { 'test/a.test.js': after } })).toMatchObject({
    verdict: 'pass',
    findings: [],
  });
});
