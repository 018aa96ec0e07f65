import { expect, test } from 'vitest';
import { mustFail } from '../../../../../nodes/review/checks/base/must-fail.ts';

const tests = mustFail({ thread: 't' });

test('is the same for the same seed, and another for another', () => {
  expect(mustFail({ thread: 't' }).word).toBe(tests.word);
  expect(mustFail({ thread: 'u' }).word).not.toBe(tests.word);
});

test.each([
  ['test/a.test.ts', "test('adds', () => expect(1).toBe(1));\n"],
  ['test_a.py', 'def test_adds():\n    assert 1\n'],
  ['a_test.go', 'package a\nimport "testing"\nfunc TestAdd(t *testing.T) { t.Error() }\n'],
])('is written for %s, under a name that its runner takes for a test', (path, text) => {
  expect(tests.for(path, text)).toMatch(new RegExp(`(?:test_|Test|\\('|Error\\(')${tests.word}`));
});

test.each([
  ['test/helper.js', 'export const help = () => 1;\n'],
  ['spec/a_spec.rb', "it 'adds' do\n  expect(1).to eq 1\nend\n"],
  ['src/a.ts', "test('adds', () => expect(1).toBe(1));\n"],
])('is not written for %s: it has no test, or no language that is known, or is none of the tests', (path, text) => {
  expect(tests.for(path, text)).toBeUndefined();
});

test('each file has a name of its own: those of a package of Go are compiled together', () => {
  const text = 'package a\nimport "testing"\nfunc TestAdd(t *testing.T) { t.Error() }\n';
  expect(tests.for('a_test.go', text)).not.toBe(tests.for('b_test.go', text));
  expect(tests.for('a_test.go', text)).toContain(`Test${tests.nameOf('a_test.go')}(`);
  expect(tests.nameOf('a_test.go')).toContain(tests.word);
  expect(tests.for('a_test.go', 'package a\nfunc ExampleAdd() { Add() }\n')).toBeUndefined();
});
