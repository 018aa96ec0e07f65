/** What counts as a test, a skip and an assertion: calls and definitions, never words. */
import { expect, test } from 'vitest';
import { countTests } from '../../../../nodes/review/checks/test-counts.ts';

const js = (text: string) => countTests('test/a.test.ts', text);

test.each<[string, string]>([
  ['an option of another call', "test('a', () => list({ skip: 1, take: 2 }));"],
  ['a key of an object', "test('a', () => { const plan = { todo: ['x'], only: 2, skip: true }; use(plan); });"],
  ['a method of another object', "test('a', () => { model.fit(x); cursor.skip(3); row.only(); page.it('x'); });"],
  [
    'words in strings and comments',
    "test('a', () => say('it.skip()', \"xit('b')\", `test.todo('c')`)); // test.only('d')\n/* it.skip('e') */",
  ],
  ['a regular expression', "test('a', () => expect(text).toMatch(/xit('b')|test.skip\\(/));"],
  ['an option that is off', "test('a', { skip: false }, () => {});"],
  [
    'a method that is called like one',
    'class A { fit(x) { return x; } }\nconst b = { xit(y: number): void {} };\ntest("a", () => new A().fit(1));',
  ],
  ['hooks and fixtures', "test.beforeEach(() => {}); test.extend({}); test('a', () => {});"],
  ['division beside quotes', "test('a', () => half(n / 2, \"it.skip('b')\" + m / 2));"],
])('%s is no skip and no test', (_title, text) => {
  expect(js(text)).toMatchObject({ tests: 1, skips: 0 });
});

test.each<[string, string, number]>([
  ['it.skip', "it.skip('a', () => {});", 1],
  ['describe.only, with a test that is left out', "describe.only('x', () => { it('a', () => {}); it.todo('b'); });", 2],
  ['xit and fdescribe', "fdescribe('x', () => { xit('a', () => {}); });", 2],
  ['a chain over lines', "test\n  .concurrent\n  .skip\n  ('a', () => {});", 1],
  ['skipIf', "test.skipIf(process.env['CI'])('a', () => {});", 1],
  ['an option', "test('a', { timeout: 5, skip: 'later' }, () => {});", 1],
  ['a short option', "const skip = true; test('a', { skip }, () => {});", 1],
  ['the context', "test('a', (ctx) => { ctx.skip(); });", 1],
  ['the context by another name, later', "test('a', async function (assert) { if (slow) assert.skip(); });", 1],
  ['a part of the context', "test('a', ({ skip }) => { skip(); });", 1],
  ['this', "it('a', function () { this.skip(); });", 1],
  ['after a template with a hole', `const a = \`x \${b ? \`y\` : 'z'}\`; it.skip('a', () => {});`, 1],
  ['an expected failure', "test.fails('a', () => {});", 1],
])('%s is a skip', (_title, text, skips) => {
  expect(js(text).skips).toBe(skips);
});

test.each<[string, string, number, number]>([
  ['a table that is written out', 'test.each([[1, 2], [3, 4]])("adds %i", (a, b) => { expect(a).toBe(b); });', 2, 2],
  [
    'a table with a name',
    "const cases = [{ a: 1 }, { a: 2 }, { a: 3 }];\ntest.each(cases)('x', ({ a }) => { assert.equal(a, 1); });",
    3,
    3,
  ],
  ['a table in a template', `test.each\`a | b\n\${1} | \${2}\n\${3} | \${4}\`('x', ({ a }) => { expect(a).toBe(1); });`, 2, 2],
  ['a table of groups', "describe.each([1, 2])('x', (n) => { it('a', () => expect(n)); it('b', () => expect(n)); });", 4, 4],
  ['an empty table', "test.each([])('x', () => { expect(1).toBe(1); });", 0, 0],
  ['a table that is not known', "test.each(load())('x', (a) => { expect(a).toBe(1); });", 1, 1],
  ['tests of a test', "test('a', async (t) => { await t.test('b', () => t.assert.ok(1)); });", 2, 1],
])('%s counts by its rows', (_title, text, tests, assertions) => {
  expect(js(text)).toMatchObject({ tests, assertions });
});

test.each<[string, string, object]>([
  [
    'test_a.py',
    '@pytest.mark.parametrize("a, b", [\n    (1, 2),  # one\n    (3, 4),\n])\ndef test_a(a, b):\n    """def test_x(): assert 0"""\n    assert a < b\n',
    { tests: 2, skips: 0, assertions: 2 },
  ],
  [
    'test_b.py',
    'class TestB:\n    @pytest.mark.skip\n    def test_c(self):\n        self.assertEqual(1, f("pytest.skip("))\n',
    { tests: 1, skips: 1 },
  ],
  ['test_c.py', 'pytestmark = pytest.mark.skip\n\n\ndef test_d():\n    list(skip=1)\n', { tests: 1, skips: 1 }],
  [
    'a_test.go',
    'var s = `\nfunc TestX(`\n// t.Skip()\nfunc TestA(t *testing.T) { t.Fatal("t.Skip(") }\nfunc TestB(b *testing.T) { b.Skip("x") }\n',
    { tests: 2, skips: 1, assertions: 1 },
  ],
  ['tests/a.rs', '#[tokio::test]\nasync fn a() { assert_eq!(1, f("#[ignore]")); }\n// #[test]\n', { tests: 1, skips: 0, assertions: 1 }],
  ['src/ATest.java', '// @Test\n@Test @Disabled void a() { assertEquals(1, f("@Test")); }\n', { tests: 1, skips: 1, assertions: 1 }],
  ['a_test.rb', "# it 'x'\nit 'adds' do\n  expect(f('xit')).to eq 1\nend\nxit 'b' do\nend\n", { tests: 1, skips: 1, assertions: 1 }],
])('%s is read in its own language', (path, text, counts) => {
  expect(countTests(path, text)).toMatchObject(counts);
});

test('what is no program ends, and what is no test file has no tests', () => {
  expect(js(`test('a', () => { ${'`${'.repeat(20_000)}`).tests).toBe(1);
  expect(js(`<p>it's</p>\nit.skip('a', () => {});`)).toMatchObject({ tests: 1, skips: 1 });
  expect(countTests('src/a.ts', "test('a', () => {});").tests).toBe(0);
});

test.each<[string, string, string]>([
  ['tests in tests', 'a.test.js', "test('a', (t) => {"],
  ['tables of a constant', 'a.test.js', 'const x = [1]; test.each(x)('],
  ['open quotes', 'a.test.js', "'\\"],
  ['ways out', 'a.test.js', "test('a', () => { return; "],
  ['raw strings', 'tests/a.rs', 'r#"'],
  ['open brackets of a table', 'test_a.py', '@parametrize("a", [\n'],
])('%s without an end are read in no time', (_title, path, piece) => {
  const text = piece.repeat(600_000 / piece.length);
  const before = performance.now();
  expect(countTests(path, text).skips).toBe(0);
  // Of what grows with the square it is minutes.
  expect(performance.now() - before).toBeLessThan(30_000);
});
