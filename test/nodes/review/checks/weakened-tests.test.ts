/** Every way of weakening a test is found, and honest changes of tests are not. */
import { describe, expect, test } from 'vitest';
import { weakenedTests } from '../../../../nodes/review/checks/weakened-tests.ts';
import { review } from './review.ts';

const TWO = "test('a', () => assert.equal(sum(1, 2), 3));\ntest('b', () => assert.equal(sum(0, 2), 2));\n// the end\n";
const PACKAGE = (scripts: Record<string, string>, more = {}): string => JSON.stringify({ name: 'x', scripts, ...more });
const CHECK = { checks: [{ id: 'ci', run: ['npm', 'run', 'ci'] }] };
type What = Parameters<typeof review>[1];

const told = async (what: What): Promise<string> => {
  const { findings } = await review(weakenedTests, what);
  for (const one of findings) expect(one).toMatchObject({ code: 'TESTS_WEAKENED', severity: 'blocker' });
  return findings.map((one) => one.message).join('\n');
};

const WEAKER: [title: string, before: string, after: string, says: RegExp][] = [
  ['a test removed', TWO, TWO.split('\n').slice(1).join('\n'), /2 tests before, 1 now/],
  ['an assertion removed', TWO, TWO.replace('assert.equal(sum(1, 2), 3)', 'sum(1, 2)'), /2 assertions before, 1 now/],
  ['a test commented out', TWO, TWO.replace("test('a'", "// test('a'"), /2 tests before, 1 now/],
  ['a file emptied', TWO, '', /emptied: it had 2 tests/],
  ['test.skip', TWO, TWO.replace("test('a'", "test.skip('a'"), /skipped/],
  ['it.only', TWO, `${TWO}it.only('c', () => assert(1));\n`, /run alone/],
  ['test.todo', TWO, `${TWO}test.todo('c');\n`, /todo/],
  ['describe.skip', TWO, `describe.skip('x', () => {\n${TWO}});\n`, /skipped/],
  ['xit', TWO, `${TWO}xit('c', () => assert(1));\n`, /skipped/],
  ['xdescribe', TWO, `xdescribe('x', () => {\n${TWO}});\n`, /skipped/],
  ['options with a name', TWO, TWO.replace("test('a',", "const later = { skip: true };\ntest('a', later,"), /skipped/],
  ['options in options', TWO, TWO.replace("test('a',", "const later = { todo: true };\ntest('a', { ...later },"), /skipped/],
  [
    'a way out before the assertion',
    TWO,
    TWO.replace('() => assert.equal(sum(1, 2), 3)', '() => { if (process.env.CI) return; assert.equal(sum(1, 2), 3); }'),
    /skipped/,
  ],
  [
    'a return that ends with its line',
    TWO,
    TWO.replace('() => assert.equal(sum(1, 2), 3)', 'async function () {\n  return\n  assert.equal(sum(1, 2), 3); }'),
    /skipped/,
  ],
  ['an option skip', TWO, TWO.replace("'a', (", "'a', { skip: true }, ("), /skipped/],
];

describe('in JavaScript', () => {
  test.each(WEAKER)('%s is found', async (_title, before, after, says) => {
    expect(await told({ base: { 'test/a.test.js': before }, candidate: { 'test/a.test.js': after } })).toMatch(says);
  });
});

test.each([
  ['test_a.py', 'def test_a():\n    assert f() == 1\n', '@pytest.mark.skip\ndef test_a():\n    assert f() == 1\n'],
  [
    'test_b.py',
    'def test_a(self):\n    self.assertEqual(1, f())\n',
    '@unittest.skip("x")\ndef test_a(self):\n    self.assertEqual(1, f())\n',
  ],
  ['test_c.py', 'def test_a():\n    assert f()\n', 'later = pytest.mark.skip\n\n\n@later\ndef test_a():\n    assert f()\n'],
  ['test_d.py', 'def test_a():\n    assert f()\n', 'pytestmark = [\n    pytest.mark.skip,\n]\n\n\ndef test_a():\n    assert f()\n'],
  ['test_e.py', 'def test_a():\n    assert f()\n', 'def test_a():\n    raise SkipTest("x")\n    assert f()\n'],
  ['test_f.py', 'def test_a():\n    assert f()\n', 'def test_a():\n    if os.environ.get("CI"):\n        return\n    assert f()\n'],
  ['test_g.py', 'def test_a():\n    assert f()\n', 'def test_a():\n    if CI: return None\n    assert f()\n'],
  ['a_test.go', 'func TestA(t *testing.T) {\n\tt.Fatal(1)\n}\n', 'func TestA(t *testing.T) {\n\tt.Skip("x")\n\tt.Fatal(1)\n}\n'],
  ['tests/a.rs', '#[test]\nfn a() { assert_eq!(1, f()); }\n', '#[test]\n#[ignore]\nfn a() { assert_eq!(1, f()); }\n'],
])('a skip in %s is found', async (path, before, after) => {
  expect(await told({ base: { [path]: before }, candidate: { [path]: after } })).toMatch(/skipped/);
});

test.each([
  ['test_a.py', 'def test_a():\n    assert f() == 1\n\ndef test_b():\n    assert f() == 2\n', 'def test_a():\n    assert f() == 1\n'],
  ['a_test.go', 'func TestA(t *testing.T) {\n}\nfunc TestB(t *testing.T) {\n}\n', 'func TestA(t *testing.T) {\n}\n'],
  ['tests/a.rs', '#[test]\nfn a() {}\n#[test]\nfn b() {}\n', '#[test]\nfn a() {}\n'],
])('a test removed from %s is found', async (path, before, after) => {
  expect(await told({ base: { [path]: before }, candidate: { [path]: after } })).toMatch(/2 tests before, 1 now/);
});

describe('files', () => {
  test('a test file deleted, renamed away, or made a link to an empty one is found', async () => {
    const base = { 'test/a.test.js': TWO, 'src/none.js': '' };
    expect(await told({ base, candidate: { 'test/a.test.js': null } })).toMatch(/with 2 tests is deleted/);
    expect(await told({ base, candidate: { 'test/a.test.js': null, 'src/a.js': TWO } })).toMatch(/renamed away to src\/a.js/);
    // In a folder of tests runners may go by the name alone.
    expect(await told({ base, candidate: { 'test/a.test.js': null, 'test/a.js': TWO } })).toMatch(/renamed away to test\/a.js/);
    expect(await told({ base, candidate: { 'test/a.test.js': { link: '../src/none.js' } } })).toMatch(/emptied/);
  });

  test('an assertion that goes from a helper of the tests is found', async () => {
    const helper = 'export const check = (a, b) => {\n  assert.equal(a, b);\n};\n// used by every test of this folder\n';
    const gone = helper.replace('  assert.equal(a, b);\n', '');
    expect(await told({ base: { 'test/helper.js': helper }, candidate: { 'test/helper.js': gone } })).toMatch(/1 assertions before, 0 now/);
  });

  test('a changed snapshot and a changed or added test configuration are found', async () => {
    expect(await told({ base: { 'a.snap': 'x\n' }, candidate: { 'a.snap': 'y\n' } })).toMatch(/a snapshot is modified/);
    expect(await told({ base: {}, candidate: { 'jest.config.js': 'x' } })).toMatch(/configuration of the tests is added/);
    for (const path of ['vitest.config.ts', '.mocharc.yml', 'ava.config.js', 'pytest.ini', 'tox.ini'])
      expect(await told({ base: { [path]: 'x\n' }, candidate: { [path]: 'y\n' } }), path).toMatch(/configuration of the tests is modified/);
  });

  test.each([
    ['pyproject.toml', '[project]\nname = "x"\n[tool.pytest.ini_options]\naddopts = ""\n', 'addopts = ""', 'addopts = "-k none"'],
    ['vite.config.ts', 'export default { test: { include: [1] } };\n', '[1]', '[]'],
    ['.npmrc', 'script-shell=sh\n', 'sh\n', 'true\n'],
  ])('test settings in %s are found', async (path, before, old, now) => {
    expect(await told({ base: { [path]: before }, candidate: { [path]: before.replace(old, now) } })).toMatch(/settings of the tests/);
  });

  test('what such a file says beside them may change', async () => {
    const before = '[project]\nname = "x"\n[tool.pytest.ini_options]\naddopts = ""\n';
    expect(await told({ base: { 'pyproject.toml': before }, candidate: { 'pyproject.toml': before.replace('"x"', '"y"') } })).toBe('');
  });

  test('a program that the test script starts is found when it changes', async () => {
    const base = { 'package.json': '{"scripts":{"test":"node --enable-source-maps ./run.mjs"}}', 'run.mjs': 'x\n' };
    expect(await told({ base, candidate: { 'run.mjs': 'y\n' } })).toMatch(/run.mjs: is what the tests run/);
  });

  test('a test file that the test script names may gain a test', async () => {
    const base = { 'package.json': '{"scripts":{"test":"node --test test/a.test.js"}}', 'test/a.test.js': TWO };
    expect(await told({ base, candidate: { 'test/a.test.js': `${TWO}test('c', () => assert(1));\n` } })).toBe('');
  });

  test('the file that a check runs is found when it changes', async () => {
    const config = { checks: [{ id: 'test', run: ['node', './run.js'] }] };
    expect(await told({ base: { 'run.js': 'x\n' }, candidate: { 'run.js': 'y\n' }, config })).toMatch(/is what a check runs/);
  });
});

describe('package.json', () => {
  const change = (before: string, after: string | { link: string }, more: Partial<What> = {}): Promise<string> =>
    told({ base: { 'package.json': before, 'other.json': PACKAGE({ test: 'true' }) }, candidate: { 'package.json': after }, ...more });

  test('a changed test script or test configuration is found', async () => {
    expect(await change(PACKAGE({ test: 'node --test' }), PACKAGE({ test: 'true' }))).toMatch(/script "test" is changed/);
    expect(await change(PACKAGE({}), PACKAGE({ pretest: 'rm test' }))).toMatch(/"pretest" is added/);
    expect(await change(PACKAGE({}), PACKAGE({}, { jest: { bail: 1 } }))).toMatch(/configuration "jest"/);
  });

  test('a script that a check names is found, whatever it is called', async () => {
    expect(await change(PACKAGE({ ci: 'node --test' }), PACKAGE({ ci: 'true' }), { config: CHECK })).toMatch(/script "ci" is changed/);
  });

  test('a script that the test script runs is found', async () => {
    const before = PACKAGE({ test: 'npm run unit', unit: 'node --test' });
    expect(await change(before, before.replace('node --test', 'true'))).toMatch(/script "unit" is changed/);
  });

  test('a link in its place is found', async () => {
    expect(await change(PACKAGE({ test: 'node --test' }), { link: 'other.json' })).toMatch(/package.json/);
  });

  test('a dependency or another script is not', async () => {
    expect(await change(PACKAGE({ test: 'x' }), PACKAGE({ test: 'x', start: 'y' }, { dependencies: { a: '1' } }))).toBe('');
  });
});

test.each([
  ['a test added', { 'test/a.test.js': `${TWO}test('c', () => assert(1));\n` }],
  ['a test file added', { 'test/b.test.js': TWO }],
  ['a helper with one more assertion', { 'test/helper.js': 'export const check = (a) => assert.ok(a);\n' }],
  [
    'a test that gives back what it waits for, and leaves functions of its own',
    {
      'test/a.test.js': `${TWO}test('c', () => {\n  list.forEach((one) => { if (!one) return; use(one); });\n  const f = function () { return; };\n  if (f()) { return assert.rejects(g()); }\n  assert.ok(1);\n  return;\n});\n`,
    },
  ],
  ['a test file renamed to another one', { 'test/a.test.js': null, 'test/c.test.js': TWO }],
  ['a value changed', { 'test/a.test.js': TWO.replace('3)', '4)') }],
  ['a test file moved to another folder', { 'test/a.test.js': null, 'test/unit/a.spec.js': TWO }],
  ['a source file changed', { 'src/a.js': 'x' }],
])('%s is no weakening', async (_title, candidate) => {
  expect(await told({ base: { 'test/a.test.js': TWO }, candidate })).toBe('');
});

test('a Python test may give back a value, and functions in it may return', async () => {
  const before = 'def test_a():\n    assert f()\n';
  const more =
    'def test_b():\n    def g():\n        return\n    assert g() is None\n    return\n\n\ndef helper():\n    return\n\n\ndef test_c():\n    assert 1\n';
  expect(await told({ base: { 'test_a.py': before }, candidate: { 'test_a.py': `${before}\n\n${more}` } })).toBe('');
});
