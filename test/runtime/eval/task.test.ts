/** Tasks are read whole or refused by file, line and key. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageError } from '../../../domain/errors.ts';
import { loadSuite } from '../../../runtime/eval/task.ts';
import { makeSuites, type Suites, TASK, taskFiles } from './suite-world.ts';

let suites: Suites;
beforeEach(() => {
  suites = makeSuites();
});
afterEach(() => suites.dispose());

const refusal = (only?: string): string => {
  try {
    loadSuite(suites.folder, only);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('it was not refused');
};

test('tasks come in the order of their names, with their configuration; folders without a task are none', () => {
  suites.put({ ...taskFiles('b-two'), ...taskFiles('a-one'), 'notes/README.md': 'no task' });
  const suite = loadSuite(suites.folder);
  expect(suite.tasks.map(({ id }) => id)).toEqual(['a-one', 'b-two']);
  expect(suite.tasks[0]?.config.limits.costUsd).toBe(500_000);
  expect(loadSuite(suites.folder, 'b-two').tasks.map(({ id }) => id)).toEqual(['b-two']);
});

test('the digest tells one suite from another, down to a hidden check', () => {
  suites.put(taskFiles('one'));
  const before = loadSuite(suites.folder).sha256;
  expect(loadSuite(suites.folder).sha256).toBe(before);
  suites.put({ 'one/hidden/half.mjs': '// nothing\n' });
  expect(loadSuite(suites.folder).sha256).not.toBe(before);
});

test('a suite that is not there, is empty, or lacks the task that was named says so', () => {
  expect(() => loadSuite(join(suites.folder, 'nowhere'))).toThrow(/nowhere: there is no such folder/);
  expect(refusal()).toMatch(/no folder in it has a task\.yaml; see docs\/eval\.md/);
  suites.put(taskFiles('one'));
  expect(refusal('two')).toMatch(/--task "two".*choose one of one$/);
});

test.each([
  ['an unknown key', { goals: 'x' }, /task\.yaml:\d+: goals: unknown key/],
  ['an end that is none', { expect: [{ end: 'won' }] }, /task\.yaml:\d+: expect\.0/],
  ['a code that is none', { expect: [{ end: 'stopped', codes: ['NOPE'] }] }, /is not a reason code/],
  ['a change that nothing checks', { hidden: [] }, /hidden: a task that ends with a change needs a hidden check/],
  [
    'a hidden check that says no more than a count',
    { hidden: [{ id: 'a', run: ['true'], says: ['# pass 12', 'ok 12'] }] },
    /hidden\.0\.says: .*every count.*12 letters/,
  ],
  ['a hidden check that says nothing', { hidden: [{ id: 'a', run: ['true'] }] }, /hidden\.0\.says/],
])('%s is refused', (_name, task, message) => {
  suites.put(taskFiles('one', { task }));
  expect(refusal()).toMatch(message);
});

test('a task that shall change nothing needs no hidden check', () => {
  suites.put({ 'one/task.yaml': { ...TASK, expect: [{ end: 'unchanged' }], hidden: [] } });
  const { 'one/repo/governor.yaml': config = '' } = taskFiles('one');
  suites.put({ 'one/repo/governor.yaml': config });
  expect(loadSuite(suites.folder).tasks[0]?.hidden).toEqual([]);
});

test('a repository without a configuration, or that would push somewhere, is refused', () => {
  suites.put({ 'one/task.yaml': TASK });
  expect(refusal()).toMatch(/repo\/governor\.yaml: there is none/);
  suites.put(taskFiles('one', { config: { release: { target: 'push' } } }));
  expect(refusal()).toMatch(/release\.target push.*use merge/);
});

test('a rule whose own example it does not match is refused before anything is run', () => {
  const protect = [{ id: 'money', paths: ['payments/**'], reason: 'money', match: ['src/half.js'] }];
  suites.put(taskFiles('one', { config: { protect } }));
  expect(refusal()).toMatch(/repo\/governor\.yaml: .*src\/half\.js/);
});

test('a link is no file of a task: it could lead out of it', () => {
  suites.put(taskFiles('one'));
  symlinkSync('/etc/hostname', join(suites.folder, 'one/hidden/link'));
  expect(refusal()).toMatch(/hidden\/link: is no plain file/);
});

test.each(['.git/hooks/pre-commit', 'packages/a/.git', '.GIT/config'])(
  'git data in a repository would run what it says: %s is refused',
  (path) => {
    suites.put(taskFiles('one'));
    suites.put({ [`one/repo/${path}`]: '#!/bin/sh\n' });
    expect(refusal()).toMatch(/task file .*git data is not taken/);
  },
);

test('files about git are files, and one line of a check may be told as a text', () => {
  const hidden = [{ id: 'a', run: ['true'], says: 'ok 1 - halves what is given' }];
  suites.put(taskFiles('one', { task: { hidden } }));
  suites.put({ 'one/repo/.gitignore': 'x\n', 'one/repo/.github/ci.yml': 'on: push\n', 'one/repo/src/a.git': 'x\n' });
  expect(loadSuite(suites.folder).tasks[0]?.hidden).toMatchObject([{ says: ['ok 1 - halves what is given'] }]);
});
