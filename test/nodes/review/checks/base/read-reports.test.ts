/** What runners wrote, as they wrote it: recorded of vitest 4, jest 30, mocha 11, node 20, pytest 7, rspec 3, go 1.19 and cargo 1.9x. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readReports } from '../../../../../nodes/review/checks/base/read-reports.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return readReports(folder, '', ['/workspace']);
};
const FOUR = (name: (title: string) => string, file: string) => [
  { file, name: name('adds'), end: 'passed' },
  { file, name: name('sk'), end: 'off' },
  { file, name: name('later'), end: 'off' },
  { file, name: 'red', end: 'failed' },
];

test('vitest and jest', () => {
  const row = (fullName: string, status: string) => ({ ancestorTitles: ['d'], fullName, status, title: fullName, failureMessages: [] });
  for (const skipped of ['skipped', 'pending']) {
    const tests = [row('d adds', 'passed'), row('d sk', skipped), row('d later', 'todo'), row('red', 'failed')];
    const told = read(
      '7.json',
      JSON.stringify({ testResults: [{ assertionResults: tests, name: '/workspace/test/a.test.js', status: 'failed' }] }),
    );
    expect(told).toEqual(FOUR((title) => `d ${title}`, 'test/a.test.js'));
  }
});

test('a file that did not load is told without a name', () => {
  const suite = { assertionResults: [], name: '/workspace/test/a.test.js', status: 'failed', message: "Cannot find module 'x'" };
  expect(read('7.json', JSON.stringify({ testResults: [suite] }))).toEqual([{ file: 'test/a.test.js', name: '', end: 'failed' }]);
});

test('mocha', () => {
  const row = (fullTitle: string) => ({ title: fullTitle, fullTitle, file: '/workspace/mo/a.js', currentRetry: 0, err: {} });
  const [red, adds, sk, later] = ['red', 'd adds', 'd sk', 'd later'].map(row);
  const told = read(
    '7.json',
    JSON.stringify({ stats: { suites: 1 }, tests: [adds, sk, later, red], pending: [sk, later], failures: [red], passes: [adds] }),
  );
  expect(told).toEqual(FOUR((title) => `d ${title}`, 'mo/a.js'));
});

test('node --test, and a file of its own name is no test', () => {
  const row = (name: string, passed: boolean, off = false) => JSON.stringify({ file: '/workspace/test/a.test.js', name, passed, off });
  const lines = [
    row('adds', true),
    row('sk', true, true),
    row('later', true, true),
    row('red', false),
    row('/workspace/test/a.test.js', true),
    '',
  ];
  expect(read('9.node', lines.join('\n'))).toEqual(FOUR((title) => title, 'test/a.test.js'));
  expect(read('9.node', row('/workspace/test/a.test.js', false))).toEqual([{ file: 'test/a.test.js', name: '', end: 'failed' }]);
});

test('pytest', () => {
  const xml = `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="2" tests="6" time="0.023"><testcase classname="test_a" name="test_adds" file="test_a.py" line="1" time="0.000" /><testcase classname="test_a" name="test_red" file="test_a.py" line="2" time="0.000"><failure message="assert 1 == 2">&gt;   def test_red(): assert 1 == 2
E   assert 1 == 2</failure></testcase><testcase classname="test_a" name="test_skip" file="test_a.py" line="3" time="0.000"><skipped type="pytest.skip" message="unconditional skip">/tmp/test_a.py:4: unconditional skip</skipped></testcase><testcase classname="test_a" name="test_x" file="test_a.py" line="5" time="0.000"><skipped type="pytest.xfail" message="" /></testcase><testcase classname="test_a.TestB" name="test_p[x&quot;&lt;y&#955;&#x3bb;&#x110000;]" file="test_a.py" line="8" time="0.000" /></testsuite></testsuites>`;
  expect(read('pytest.xml', xml)).toEqual([
    { file: 'test_a.py', name: 'test_a > test_adds', end: 'passed' },
    { file: 'test_a.py', name: 'test_a > test_red', end: 'failed' },
    { file: 'test_a.py', name: 'test_a > test_skip', end: 'off' },
    { file: 'test_a.py', name: 'test_a > test_x', end: 'off' },
    { file: 'test_a.py', name: 'test_a.TestB > test_p[x"<yλλ&#x110000;]', end: 'passed' },
  ]);
});

test('rspec', () => {
  const row = (full_description: string, status: string) => ({
    id: './spec/a_spec.rb[1:1]',
    full_description,
    status,
    file_path: './spec/a_spec.rb',
  });
  const examples = [row('d adds', 'passed'), row('d sk', 'pending'), row('d later', 'pending'), row('red', 'failed')];
  expect(read('rspec.json', JSON.stringify({ version: '3.12.0', examples }))).toEqual(FOUR((title) => `d ${title}`, 'spec/a_spec.rb'));
});

test('go and cargo print them', () => {
  const go = [
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"run","Package":"example.test/a","Test":"TestAdd"}',
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"output","Package":"example.test/a","Test":"TestAdd","Output":"--- PASS: TestAdd (0.00s)\\n"}',
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"pass","Package":"example.test/a","Test":"TestAdd/one","Elapsed":0}',
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"skip","Package":"example.test/a","Test":"TestSkip","Elapsed":0}',
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"fail","Package":"example.test/a","Test":"TestRed","Elapsed":0}',
    '{"Time":"2026-11-29T02:37:48.2Z","Action":"fail","Package":"example.test/a","Elapsed":0.003}',
  ].join('\n');
  const cargo =
    '     Running unittests src/lib.rs (target/debug/deps/ab-6f968e5a8c8582ce)\n\nrunning 3 tests\ntest tests::it_works ... ok\ntest tests::slow ... ignored\ntest tests::red ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out\n';
  expect(readReports(folder, go, [])).toEqual([
    { file: 'example.test/a', name: 'TestAdd/one', end: 'passed' },
    { file: 'example.test/a', name: 'TestSkip', end: 'off' },
    { file: 'example.test/a', name: 'TestRed', end: 'failed' },
  ]);
  expect(readReports(folder, cargo, [])).toEqual([
    { file: 'src/lib.rs', name: 'tests::it_works', end: 'passed' },
    { file: 'src/lib.rs', name: 'tests::slow', end: 'off' },
    { file: 'src/lib.rs', name: 'tests::red', end: 'failed' },
  ]);
});

test('nothing that is no report, is cut off, or leads elsewhere', () => {
  symlinkSync('/etc/passwd', join(folder, 'a.json'));
  writeFileSync(join(folder, 'b.json'), '{"testResults":[{"name":"x"');
  writeFileSync(join(folder, 'c.json'), '[null, 7]');
  writeFileSync(join(folder, 'd.txt'), '{"testResults":[]}');
  expect(readReports(folder, 'test with words ... ok?\n{"Time":"x"}\n', [])).toEqual([]);
});

test('a folder that the command took away holds no report', () => {
  rmSync(folder, { recursive: true });
  expect(readReports(folder, '', [])).toEqual([]);
});
