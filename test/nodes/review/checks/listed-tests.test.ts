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
