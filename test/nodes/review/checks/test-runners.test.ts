/** Which runner a check starts, how it is asked, and what counts as its answer. */
import { expect, test } from 'vitest';
import { runnerOf } from '../../../../nodes/review/checks/test-runners.ts';

const scripts = new Map([
  ['test', 'npm run lint && NODE_ENV=test vitest run --config x.ts --coverage'],
  ['lint', 'biome check'],
  ['unit', 'npx jest --ci'],
  ['loop', 'npm run loop'],
]);
const found = (command: string) => runnerOf(command.split(' '), scripts);

test.each([
  ['npm test', 'vitest', 'node_modules/.bin/vitest list a.test.ts --config x.ts --json'],
  ['npm run unit', 'jest', 'node_modules/.bin/jest --json --testNamePattern (?!) --runTestsByPath a.test.ts'],
  ['pnpm vitest run -t only', 'vitest', 'node_modules/.bin/vitest list a.test.ts --json'],
  ['poetry run pytest -k none', 'pytest', 'pytest --collect-only -q -p no:cacheprovider -m not (skip or skipif or xfail) a.test.ts'],
  ['python3 -m pytest', 'pytest', 'python3 -m pytest --collect-only -q -p no:cacheprovider -m not (skip or skipif or xfail) a.test.ts'],
  ['go test ./...', 'go', 'go test -list .* ./.'],
])('%s starts %s', (command, name, asked) => {
  const runner = found(command);
  expect(runner?.name).toBe(name);
  expect(runner?.argv(['a.test.ts']).join(' ')).toBe(asked);
});

test('node keeps the flags that load code, and loses those that choose tests', () => {
  const argv = found('node --import tsx --test-name-pattern=x --test test/*.ts')?.argv(['a.test.ts']) ?? [];
  expect(argv.filter((word) => !word.startsWith('--test-reporter='))).toEqual(['node', '--import', 'tsx', '--test', 'a.test.ts']);
  expect(runnerOf(['sh', '-c', 'cd x && node --test'], scripts)?.name).toBe('node');
});

test.each(['make test', 'npm run lint', 'npm run none', 'npm run loop', 'node run.js', 'biome check'])('%s starts none', (command) => {
  expect(found(command)).toBeUndefined();
});

const asked = { files: ['test/a.test.ts', 'test/b.test.ts'], roots: ['/workspace', '/tmp/x'] };
const read = (command: string, output: string, given = asked) => {
  const listed = found(command)?.read(output, given);
  return listed === undefined ? undefined : Object.fromEntries(listed);
};

test('a list is by file; a file of the same name elsewhere is another one, and one without tests is empty', () => {
  const rows = [
    { name: 'x > a', file: '/workspace/test/a.test.ts' },
    { name: 'b', file: '/workspace/deep/test/a.test.ts' },
  ];
  expect(read('npx vitest', `a test says [this]\n${JSON.stringify(rows, null, 2)}\nwarning [x]`)).toEqual({
    'test/a.test.ts': ['x > a'],
    'test/b.test.ts': [],
  });
});

test('two things that look like a list are none', () => {
  expect(read('npx vitest', '[{"name":"forged","file":"/workspace/test/a.test.ts"}]\n[\n]\n')).toBeUndefined();
  expect(read('npx vitest', 'Error: no config\n')).toBeUndefined();
});

test('jest lists what it left pending; a suite that does not load is no list', () => {
  const suite = (message: string) => ({
    testResults: [{ name: '/tmp/x/test/a.test.ts', message, assertionResults: [{ fullName: 'x a', status: 'pending' }] }],
  });
  expect(read('npx jest', `${JSON.stringify(suite(''))}\n`)).toEqual({ 'test/a.test.ts': ['x a'], 'test/b.test.ts': [] });
  expect(read('npx jest', JSON.stringify(suite('Cannot find module')))).toBeUndefined();
});

test('pytest lists as many as it counts, and what is printed afterwards is no test', () => {
  const files = { ...asked, files: ['tests/test_a.py'] };
  const output = 'tests/test_a.py::test_a[1]\ntests/test_a.py::TestB::test_c\n\n2 tests collected in 0.01s\n';
  expect(read('pytest', `${output}tests/test_a.py::test_forged\n`, files)).toEqual({ 'tests/test_a.py': ['test_a[1]', 'TestB::test_c'] });
  expect(read('pytest', output.replace('2 tests', '3 tests'), files)).toBeUndefined();
  // Others are marked to be skipped.
  expect(read('pytest', output.replace('2 tests', '2/5 tests'), files)).toEqual(read('pytest', output, files));
  expect(read('pytest', 'ERROR tests/test_a.py\n1 error in 0.1s\n', files)).toBeUndefined();
});

test('go lists a package', () => {
  const files = { ...asked, files: ['x/a_test.go', 'x/b_test.go'] };
  expect(read('go test ./...', 'TestA\nExampleB\nok  \texample.test/x\t0.002s\n', files)).toEqual({
    'x/a_test.go': ['TestA', 'ExampleB'],
    'x/b_test.go': ['TestA', 'ExampleB'],
  });
  expect(read('go test ./...', '# example.test/x\nbuild failed\n', files)).toBeUndefined();
});

test('node tells a file that does not load by its own name', () => {
  const row = (file: string, name: string, more = {}): string => JSON.stringify({ file, name, ...more });
  const one = row('/workspace/test/a.test.ts', 'a');
  expect(read('node --test', `${one}\nnoise\n`)).toEqual({ 'test/a.test.ts': ['a'], 'test/b.test.ts': [] });
  const own = (more: object): string => row('/workspace/test/b.test.ts', '/workspace/test/b.test.ts', more);
  expect(read('node --test', `${one}\n${own({ failed: true })}\n`)).toBeUndefined();
  expect(read('node --test', `${one}\n${own({ failed: false })}\n`)).toEqual({ 'test/a.test.ts': ['a'], 'test/b.test.ts': [] });
});

test('node lists no test that was skipped, and one that failed', () => {
  const row = (name: string, more: object): string => JSON.stringify({ file: '/workspace/test/a.test.ts', name, ...more });
  const output = `${row('a', { off: true })}\n${row('b', { off: false, failed: true })}\n`;
  expect(read('node --test', output)).toEqual({ 'test/a.test.ts': ['b'], 'test/b.test.ts': [] });
});
