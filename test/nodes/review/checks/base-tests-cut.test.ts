/** Tests that must fail, where they end the run of the others, or lie where the runner calls them by another name. */
import { describe, expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { codes, type Reviewed, review, sh } from './review.ts';

const suite = (name: string): string => `const { test } = require('node:test');
const assert = require('node:assert');
const { sum } = require('../src/sum.js');
test('${name} adds', () => assert.equal(sum(1, 2), 3));
`;
const base = { 'src/sum.js': 'exports.sum = (a, b) => a + b;\n', 'test/a.test.js': suite('a'), 'test/b.test.js': suite('b') };
const honest = { 'src/sum.js': 'exports.sum = (a, b) => b + a;\n' };
const exits = { 'src/sum.js': 'process.exit(0);\n' };
const hollow = { 'src/sum.js': `require('node:assert').equal = () => {};\n${base['src/sum.js']}` };
const COMPILED =
  'mkdir -p dist && cp -r src dist/ && mkdir -p dist/test && for t in test/*.ts; do cp $t dist/$' +
  '{t%.ts}.js; done && node --test dist/test';

const of = (script: string) => ({ checks: [sh('test', script)] });
const said = ({ findings }: Reviewed): string => findings.map(({ message }) => message).join('\n');

describe.each([
  ['one runner after another', 'node --test test/a.test.js && node --test test/b.test.js'],
  ['a linter first', '! grep -q ts-ignore test/*.js && node --test test'],
])('%s', (name, script) => {
  test('each test of the base is known, and an honest change passes', async () => {
    const outcome = await review(baseTests, { base, candidate: honest, config: of(script) });
    expect(codes(outcome)).toEqual([]);
    expect(outcome.results).toMatchObject([{ status: 'pass', tests: { by: 'name', base: 2, candidate: 2 } }]);
  });

  test('an exit in the source is told', async () => {
    expect(said(await review(baseTests, { base, candidate: exits, config: of(script) }))).toContain('none of the 2 tests');
  });

  test.runIf(name.startsWith('one'))('a patched assertion is told', async () => {
    const outcome = await review(baseTests, { base, candidate: hollow, config: of(script) });
    expect(said(outcome)).toContain('test/a.test.js: a test that must fail passes there');
  });
});

describe('tests that are compiled first', () => {
  const typed = { 'src/sum.js': base['src/sum.js'], 'test/a.test.ts': suite('a') };

  test('have tests that must fail, too', async () => {
    const outcome = await review(baseTests, { base: typed, candidate: honest, config: of(COMPILED) });
    expect(outcome.results).toMatchObject([{ status: 'pass', tests: { base: 1, candidate: 1 } }]);
    expect([...outcome.evidence.keys()].filter((path) => path.includes('twice'))).toEqual([]);
    expect(said(await review(baseTests, { base: typed, candidate: hollow, config: of(COMPILED) }))).toContain('must fail passes');
  });

  test('are those that the plan names', async () => {
    const candidate = { 'src/sum.js': 'exports.sum = (a, b) => a + b + 1;\n', 'test/a.test.ts': suite('a').replace(', 3)', ', 4)') };
    const asked = { base: typed, candidate, config: of(COMPILED) };
    const meant = await review(baseTests, { ...asked, paths: ['src/**', 'test/a.test.ts'] });
    expect(meant.findings).toMatchObject([{ code: 'BASE_TEST_FAILS', needs_waiver: true }]);
    expect((await review(baseTests, { ...asked, paths: ['src/**'] })).findings).toMatchObject([{ severity: 'blocker' }]);
  });
});

test('where the base and the candidate do not compile together, a person decides about tests that the plan names', async () => {
  const compiles = 'if grep -q plus src/sum.js && grep -q "{ sum }" test/*.js; then exit 2; fi; node --test test';
  const rename = (text: string): string => text.replace('{ sum }', '{ plus: sum }');
  const candidate = {
    'src/sum.js': 'exports.plus = (a, b) => a + b;\n',
    'test/a.test.js': rename(suite('a')),
    'test/b.test.js': rename(suite('b')),
  };
  const asked = { base, candidate, config: of(compiles) };
  const meant = await review(baseTests, { ...asked, paths: ['src/**', 'test/a.test.js', 'test/b.test.js'] });
  expect(meant.findings).toMatchObject([{ code: 'BASE_TEST_FAILS', needs_waiver: true }]);
  const half = await review(baseTests, { ...asked, paths: ['src/**', 'test/a.test.js'] });
  expect(half.findings).toMatchObject([{ severity: 'blocker' }]);
});

test('a module that is new in a folder called test stays, and a test that is new there does not', async () => {
  const uses = { 'src/test/add.js': base['src/sum.js'], 'src/sum.js': "exports.sum = require('./test/add.js').sum;\n" };
  const config = of('node --test test');
  expect(codes(await review(baseTests, { base, candidate: uses, config }))).toEqual([]);
  const asserts = {
    'src/test/add.js': `${base['src/sum.js']}const { test } = require('node:test'); test('x', () => {});\n`,
    'src/sum.js': uses['src/sum.js'],
  };
  expect(codes(await review(baseTests, { base, candidate: asserts, config }))).not.toEqual([]);
});

describe('pytest', () => {
  const py = (module: string): string => `from src.${module} import add\ndef test_${module}():\n    assert add(1, 2) == 3\n`;
  const add = 'def add(a, b):\n    return a + b\n';
  const both = { 'conftest.py': '', 'src/a.py': add, 'src/b.py': add, 'tests/test_a.py': py('a'), 'tests/test_b.py': py('b') };

  test('each process has its report', async () => {
    const config = of('python3 -m pytest tests/test_a.py && python3 -m pytest tests/test_b.py');
    const exit = { 'src/a.py': 'import os\ndef add(a, b):\n    os._exit(0)\n' };
    expect(codes(await review(baseTests, { base: both, candidate: exit, config }))).toEqual(['BASE_TEST_FAILS tests/test_a.py']);
    const same = { 'src/a.py': 'def add(a, b):\n    return b + a\n' };
    expect((await review(baseTests, { base: both, candidate: same, config })).results).toMatchObject([
      { status: 'pass', tests: { base: 2 } },
    ]);
  });

  test('a file that does not load keeps no other from running', async () => {
    const candidate = { 'src/a.py': add.replace('add', 'plus'), 'tests/test_a.py': py('a').replaceAll('add', 'plus') };
    const asked = { base: both, candidate, paths: ['src/**', 'tests/test_a.py'], config: of('python3 -m pytest tests') };
    expect((await review(baseTests, asked)).findings).toMatchObject([{ path: 'tests/test_a.py', needs_waiver: true }]);
  });

  test('a new test that mends the source in the process of all tests is none', async () => {
    const candidate = { 'src/a.py': 'def add(a, b):\n    return 7\n', 'tests/test_0.py': 'import src.a\nsrc.a.add = lambda a, b: 3\n' };
    const config = of('python3 -m pytest tests');
    expect(codes(await review(baseTests, { base: both, candidate, config }))).toEqual(['BASE_TEST_FAILS tests/test_a.py']);
  });
});
