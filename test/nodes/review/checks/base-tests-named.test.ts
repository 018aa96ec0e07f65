/** Tests of the base by name, with real runners: the published ways to a false green, and honest changes that look like them. */
import { describe, expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { weak } from '../../../../nodes/review/checks/check.ts';
import { codes, LEVEL, type Reviewed, review } from './review.ts';

const SUM = `exports.sum = (a, b) => a + b;\n`;
const TEST = `const { test } = require('node:test');
const assert = require('node:assert');
const { sum } = require('../src/sum.js');
test('adds', () => assert.equal(sum(1, 2), 3));
test('adds nothing', () => assert.equal(sum(1, 0), 1));
`;
const NODE = { checks: [{ id: 'test', run: ['node', '--test', 'test'] }] };
const base = { 'src/sum.js': SUM, 'test/sum.test.js': TEST };

const OTHER = "require('node:test').test('is there', () => require('node:assert').ok(1));\n";

const severities = ({ findings }: Reviewed) =>
  findings.map(({ code, severity, needs_waiver }) => [code, needs_waiver === true ? 'person' : severity]);

describe('published ways to a false green', () => {
  const offences: readonly (readonly [string, string, RegExp])[] = [
    ['process.exit(0) in the source', `${SUM}process.exit(0);\n`, /none of the 2 tests|did not run/],
    [
      'an exit once the first test ran',
      `let n = 0; exports.sum = (a, b) => { if (n++ > 0) process.exit(0); return a + b; };\n`,
      /none of the 2 tests|did not run/,
    ],
    [
      'an exit code set at the end',
      `exports.sum = () => 7;\nprocess.on('exit', () => { process.exitCode = 0; });\n`,
      /adds \(fails\), adds nothing \(fails\)/,
    ],
    [
      'a patched assertion library',
      `const assert = require('node:assert');\nfor (const name of ['equal', 'strictEqual']) assert[name] = () => {};\nexports.sum = () => 7;\n`,
      /must fail passes/,
    ],
    [
      'assertions of one kind patched, and sums that are right',
      `require('node:assert').deepStrictEqual = () => {};\n${SUM}`,
      /must fail passes/,
    ],
    ['a runner that is taken over', `require('node:test').test = () => {};\nexports.sum = () => 7;\n`, /adds \(fails\)|must fail passes/],
  ];

  test.each(offences)('%s', async (_name, source, says) => {
    const outcome = await review(baseTests, { base, candidate: { 'src/sum.js': source }, config: NODE });
    expect(severities(outcome).every(([code, who]) => code === 'BASE_TEST_FAILS' && who === 'blocker')).toBe(true);
    expect(outcome.findings.map(({ message }) => message).join('\n')).toMatch(says);
    expect(outcome.results.map(({ status }) => status)).toEqual(['fail']);
    expect(outcome.left).toBe(outcome.candidate);
  });
});

describe('honest changes', () => {
  const honest = {
    'another way to add': { 'src/sum.js': 'exports.sum = (a, b) => b + a;\n' },
    'a test more': { 'test/more.test.js': TEST.replaceAll("'adds", "'more adds") },
    'more in a test, all that was there stays': { 'test/sum.test.js': `${TEST}test('adds more', () => assert.equal(sum(2, 2), 4));\n` },
    'a source that ends its process when it is started itself': {
      'src/cli.js': "const { sum } = require('./sum.js');\nif (require.main === module) process.exit(sum(1, 1) === 2 ? 0 : 1);\n",
    },
  };

  test.each(Object.entries(honest))('%s: no finding, and the count stands in the result', async (_name, candidate) => {
    const outcome = await review(baseTests, { base, candidate, config: NODE });
    expect(codes(outcome)).toEqual([]);
    expect(outcome.results).toMatchObject([{ id: 'base-test', status: 'pass', tests: { by: 'name', base: 2, candidate: 2 } }]);
  });

  const META = `${TEST}test('each module has a test', () => {
  const { readdirSync, readFileSync } = require('node:fs');
  for (const name of readdirSync('src')) assert.match(readFileSync('test/' + name.replace('.js', '.test.js'), 'utf8'), /assert/);
});
`;
  const withTwice = { 'src/twice.js': 'exports.twice = (a) => 2 * a;\n' };
  const NUMBERED = { checks: [{ id: 'test', run: ['sh', '-c', 'NODE_OPTIONS= node --test test'] }] };

  test.each([
    ['by name', NODE],
    ['by number', NUMBERED],
  ])('a test of the base may look for the test of a new module: %s', async (_how, config) => {
    const candidate = { ...withTwice, 'test/twice.test.js': OTHER, 'test/sum.test.js': `${META}test('more', () => {});\n` };
    const outcome = await review(baseTests, { base: { ...base, 'test/sum.test.js': META }, candidate, config });
    expect(codes(outcome)).toEqual([]);
    expect(outcome.left).toBe(outcome.candidate);
  });

  test.each([
    ['by name', NODE],
    ['by number', NUMBERED],
  ])('but where it is not there the test of the base fails: %s', async (_how, config) => {
    const candidate = { ...withTwice, 'test/other.test.js': OTHER, 'test/sum.test.js': TEST };
    const outcome = await review(baseTests, { base: { ...base, 'test/sum.test.js': META }, candidate, config });
    expect(outcome.findings.map(({ code }) => code)).toEqual(['BASE_TEST_FAILS']);
    expect(outcome.findings[0]?.message).toMatch(/each module has a test/);
  });

  test('a test that fails now and then on the base is none that must pass', async () => {
    const flaky = `${TEST}test('by chance', () => assert.ok(require('node:fs').existsSync('/tmp/never') || Date.now() % 2 === 3));\ntest('at ' + process.hrtime.bigint(), () => {});\n`;
    const outcome = await review(baseTests, {
      base: { ...base, 'test/sum.test.js': flaky },
      candidate: { 'src/sum.js': 'exports.sum = (a, b) => b + a;\n' },
      config: NODE,
    });
    expect(codes(outcome)).toEqual([]);
    expect(outcome.results).toMatchObject([{ status: 'pass', tests: { by: 'name', base: 2, candidate: 2 } }]);
  });

  test('a base whose test of its own name fails asks nothing of it', async () => {
    const outcome = await review(baseTests, {
      base: { ...base, 'test/sum.test.js': `${TEST}test('red', () => assert.equal(1, 2));\n` },
      candidate: { 'src/sum.js': 'exports.sum = (a, b) => b + a;\n' },
      config: NODE,
    });
    expect(codes(outcome)).toEqual([]);
  });
});

describe('a behaviour that changes', () => {
  const candidate = {
    'src/sum.js': 'exports.sum = (a, b) => a + b + 1;\n',
    'test/sum.test.js': TEST.replace(', 3)', ', 4)').replace(', 1)', ', 2)'),
  };

  test('is for a person to waive where the plan names the tests', async () => {
    const outcome = await review(baseTests, { base, candidate, config: NODE, paths: ['src/**', 'test/sum.test.js'] });
    expect(severities(outcome)).toEqual([['BASE_TEST_FAILS', 'person']]);
    expect(outcome.findings[0]).toMatchObject({ path: 'test/sum.test.js' });
    expect(outcome.results).toMatchObject([{ status: 'skipped', tests: { base: 2, candidate: 0 } }]);
  });

  test('goes back to the builder where it does not', async () => {
    const outcome = await review(baseTests, { base, candidate, config: NODE, paths: ['src/**'] });
    expect(severities(outcome)).toEqual([['BASE_TEST_FAILS', 'blocker']]);
  });

  test('is asked about once where its test is weakened too', async () => {
    const weakened = weak('test/sum.test.js: the test file is deleted', 'test/sum.test.js', true);
    const gone = {
      base: { ...base, 'test/other.test.js': OTHER },
      candidate: { 'test/sum.test.js': null, 'src/sum.js': null },
      config: NODE,
    };
    const paths = ['src/**', 'test/sum.test.js', 'test/other.test.js'];
    const outcome = await review(baseTests, { ...gone, paths, findings: [weakened] });
    expect(severities(outcome)).toEqual([['BASE_TEST_FAILS', 'minor']]);
    expect(outcome.results).toMatchObject([{ status: 'skipped' }]);
    expect(severities(await review(baseTests, { ...gone, paths }))).toEqual([['BASE_TEST_FAILS', 'person']]);
  });

  test('that nothing was run is asked about by itself, also where a test is weakened, and says what was printed', async () => {
    const weakened = weak('test/sum.test.js: 1 assertions before, 0 now', 'test/sum.test.js', true);
    const candidate = { 'src/sum.js': `console.log('on its way out'); process.exit(0);\n`, 'test/sum.test.js': `${TEST}\n// changed\n` };
    const outcome = await review(baseTests, { base, candidate, config: NODE, paths: ['src/**', 'test/sum.test.js'], findings: [weakened] });
    expect(severities(outcome)).toEqual([['BASE_TEST_FAILS', 'person']]);
    expect(outcome.findings[0]?.message).toMatch(/^none of the 2 tests of the base was run: .*\n[\s\S]*on its way out/);
  });

  test('of a helper beside the tests is for a person where the plan names the helper', async () => {
    const help = (word: string) => `exports.word = '${word}';\n`;
    const uses = `const { word } = require('./help.js');\nrequire('node:test').test('greets', () => require('node:assert').equal(require('../src/greet.js')(word), 'hi ' + word));\n`;
    const greeted = {
      base: { 'src/greet.js': "module.exports = (word) => 'hi ' + word;\n", 'test/help.js': help('a'), 'test/greet.test.js': uses },
      config: NODE,
    };
    const candidate = {
      'src/greet.js': "module.exports = (word) => 'hi ' + word.text;\n",
      'test/help.js': "exports.word = { text: 'a', toString: () => 'a' };\n",
    };
    expect(severities(await review(baseTests, { ...greeted, candidate, paths: ['src/**', 'test/help.js'] }))).toEqual([
      ['BASE_TEST_FAILS', 'person'],
    ]);
    expect(severities(await review(baseTests, { ...greeted, candidate, paths: ['src/**'] }))).toEqual([['BASE_TEST_FAILS', 'blocker']]);
  });

  test('waives nothing in a file that the change does not touch', async () => {
    const other = { ...base, 'test/other.test.js': TEST.replaceAll("'adds", "'other adds") };
    const outcome = await review(baseTests, { base: other, candidate, config: NODE, paths: ['**', 'test/**'] });
    expect(severities(outcome)).toHaveLength(2);
    expect(severities(outcome).map(([, who]) => who)).toEqual(expect.arrayContaining(['blocker', 'person']));
  });
});

describe('while checks run', () => {
  test('code under test cannot change the tests', async () => {
    // All that must fail stays as it is: only the tests of the base hold no more.
    const source = `const { writeFileSync, readFileSync, readdirSync, renameSync } = require('node:fs');
for (const name of readdirSync('test')) {
  const text = readFileSync('test/' + name, 'utf8').replaceAll('assert.equal(sum', 'void (sum');
  try { writeFileSync('test/' + name, text); } catch {}
  try { renameSync('test/' + name, 'test/old'); writeFileSync('test/' + name, text); } catch {}
}
exports.sum = () => 7;\n`;
    const names = { 'test/a.test.js': "require('../src/sum.js');\n", 'test/z.test.js': TEST };
    const outcome = await review(baseTests, {
      base: { ...base, ...names },
      candidate: { 'src/sum.js': source },
      config: { checks: [{ id: 'test', run: ['node', '--test', '--test-concurrency=1', 'test'] }] },
    });
    expect(LEVEL).toBe('bwrap');
    expect(outcome.findings.map(({ message }) => message).join('\n')).toContain('test/z.test.js: tests of the base pass there and not');
  });

  test('a test that writes beside itself may', async () => {
    const writes = `${TEST}test('writes', () => { const fs = require('node:fs'); fs.mkdirSync('test/tmp', { recursive: true }); fs.writeFileSync('test/tmp/x', ''); fs.writeFileSync('test/y.txt', ''); });\n`;
    const outcome = await review(baseTests, {
      base: { ...base, 'test/sum.test.js': writes },
      candidate: { 'src/sum.js': 'exports.sum = (a, b) => b + a;\n' },
      config: NODE,
    });
    expect(outcome.results).toMatchObject([{ status: 'pass', tests: { base: 3, candidate: 3 } }]);
  });
});
