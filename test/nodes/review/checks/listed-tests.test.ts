/** The runner that a check starts lists the tests of base and candidate; where it cannot, what stands in the files decides. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { weakenedTests } from '../../../../nodes/review/checks/weakened-tests.ts';
import { review, sh } from './review.ts';

type What = Parameters<typeof review>[1];
const told = async (what: What) => {
  const reviewed = await review(weakenedTests, what);
  expect(reviewed.left).toBe(reviewed.candidate);
  const listed = [...reviewed.evidence.keys()].filter((path) => /list-.*\.json$/.test(path));
  return { said: reviewed.findings.map((one) => one.message).join('\n'), listed };
};

describe('node --test', () => {
  const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";
  const THREE = `${HEAD}for (const n of [1, 2, 3]) test(\`is \${n}\`, () => assert.equal(n, n));\n`;
  const EACH = `${HEAD}test('is 1', () => assert.equal(1, 1));\ntest('is 2', () => assert.equal(2, 2));\ntest('is 3', () => assert.equal(3, 3));\n`;
  const node = { checks: [{ id: 'test', run: ['npm', 'test'] }] };
  const files = (text: string) => ({
    'package.json': '{ "type": "module", "scripts": { "test": "node --test" } }',
    'test/a.test.js': text,
  });

  test('tests folded into a loop are as many as before', async () => {
    const { said, listed } = await told({ base: files(EACH), candidate: files(THREE), config: node });
    expect(said).toBe('');
    expect(listed).toEqual(['evidence/1/list-base-node.json', 'evidence/1/list-candidate-node.json']);
  });

  test('rows taken out of a loop are tests taken out, by their names', async () => {
    const { said } = await told({ base: files(THREE), candidate: files(THREE.replace('[1, 2, 3]', '[1]')), config: node });
    expect(said).toMatch(/3 tests before, 1 now, as node lists them \(gone: is 2, is 3\)/);
  });

  test('assertions taken out while folding are found', async () => {
    const twice = EACH.replaceAll(/assert\.equal\((.), .\)/g, '{ assert.equal($1, $1); assert.ok($1); }');
    const { said } = await told({ base: files(twice), candidate: files(THREE), config: node });
    expect(said).toMatch(/6 assertions before, 3 now/);
  });

  test('a test that skips itself when it runs is one less; one that skipped itself before is none', async () => {
    const none = `${HEAD}import { none } from './none.js';\ntest('is 1', none, () => assert.equal(1, 1));\ntest('is 2', () => assert.ok(2));\n`;
    const of = (options: string, more = '') => ({ ...files(none + more), 'test/none.js': `export const none = ${options};\n` });
    const { said } = await told({ base: of('{}'), candidate: { ...of('{ skip: true }'), 'test/a.test.js': `${none}// \n` }, config: node });
    expect(said).toMatch(/2 tests before, 1 now, as node lists them \(gone: is 1\)/);
    const skipped = of('{ skip: true }', "test('is 3', () => assert.ok(3));\n");
    expect((await told({ base: of('{ skip: true }'), candidate: skipped, config: node })).said).toBe('');
  });

  test('a candidate that does not load is judged by what stands in it', async () => {
    const { said } = await told({
      base: files(EACH),
      candidate: files(`import './none.js';\n${EACH.replace("test('is 3'", "// test('is 3'")}`),
      config: node,
    });
    expect(said).toMatch(/3 tests before, 2 now; /);
  });
});

test('pytest lists parameters', async () => {
  const config = { checks: [{ id: 'test', run: ['python3', '-m', 'pytest', '-q'] }] };
  const table = (rows: string): string =>
    `import pytest\nROWS = [${rows}]\n\n\n@pytest.mark.parametrize('n', ROWS)\ndef test_n(n):\n    assert n\n`;
  const { said, listed } = await told({
    base: { 'tests/test_n.py': table('1, 2, 3') },
    candidate: { 'tests/test_n.py': table('1') },
    config,
  });
  // Where the machine has no pytest, the table is not known and nothing is less in the text.
  if (listed.length === 2) expect(said).toMatch(/3 tests before, 1 now, as pytest lists them/);
  else expect(said).toBe('');
});

describe('a tool of the project itself', () => {
  const config = { checks: [{ id: 'test', run: ['npx', 'vitest', 'run'] }] };
  const links = { node_modules: join(import.meta.dirname, '../../../../node_modules') };
  const rows = (list: string): string =>
    `import { expect, test } from 'vitest';\nconst load = () => ${list};\ntest.each(load())('is %i', (n) => expect(n).toBe(n));\n`;
  const what = { base: { 'a.test.ts': rows('[1, 2]') }, candidate: { 'a.test.ts': rows('[1]') } };

  test('is run from the linked folder, and its words decide', async () => {
    expect((await told({ ...what, config, links })).said).toMatch(/2 tests before, 1 now, as vitest lists them \(gone: is 2\)/);
    expect((await told({ ...what, config })).said).toBe('');
  });

  test('is not run for a change that carries a secret, nor for a check that is no runner', async () => {
    const secret = { id: 'F', source: 'secrets', severity: 'blocker', code: 'SECRET_FOUND', message: 'x' } as const;
    expect((await told({ ...what, links, config, findings: [secret] })).listed).toEqual([]);
    expect((await told({ ...what, links, config: { checks: [sh('test', 'make test')] } })).listed).toEqual([]);
  });
});

test('pytest lists no test that a mark of another file skips', async () => {
  const config = { checks: [{ id: 'test', run: ['python3', '-m', 'pytest', '-q'] }] };
  const tests = 'from tests.marks import slow\n\n\n@slow\ndef test_a():\n    assert 1\n\n\ndef test_b():\n    assert 1\n';
  const of = (mark: string, more = '') => ({
    'tests/__init__.py': '',
    'tests/marks.py': `import pytest\nslow = pytest.mark.${mark}\n`,
    'tests/test_a.py': tests + more,
  });
  const { said, listed } = await told({ base: of('usefixtures()'), candidate: of("skip(reason='later')", '\n'), config });
  if (listed.length === 2) expect(said).toMatch(/2 tests before, 1 now, as pytest lists them \(gone: test_a\)/);
  expect(said).toMatch(/marks.py: 1 test\(s\) are skipped/);
  const more = of("skip(reason='later')", '\n\ndef test_c():\n    assert 1\n');
  expect((await told({ base: of("skip(reason='later')"), candidate: more, config })).said).toBe('');
});
