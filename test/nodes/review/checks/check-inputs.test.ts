/** What a check goes by is changed: a person says whether that was meant. What looks like it and is read by no check is no finding. */
import { describe, expect, test } from 'vitest';
import { checkInputs } from '../../../../nodes/review/checks/check-inputs.ts';
import { verdictOf } from '../../../../nodes/review/checks/verdict.ts';
import { review } from './review.ts';

const checks = (...run: string[]) => ({ checks: [{ id: 'all', run }] });
const told = async (what: Parameters<typeof review>[1]) => {
  const { findings, results } = await review(checkInputs, what);
  expect(verdictOf(results, findings)).toBe('pass');
  return findings.map(({ code, path, needs_waiver: open }) => `${code} ${path}${open === true ? '' : ' not open'}`);
};
const FOUND = (path: string): string[] => [`CHECK_INPUT_CHANGED ${path}`];
const manifest = (more: object): string =>
  `${JSON.stringify({ scripts: { test: 'npm run lint && node --test', lint: 'eslint .' }, ...more })}\n`;

describe('rules that a program reads', () => {
  test.each([
    ['make', 'Makefile', ['make', 'test']],
    ['an included makefile', 'build/flags.mk', ['make', 'test']],
    ['a linter', 'src/.eslintrc.json', ['npm', 'test']],
    ['a compiler', 'tsconfig.build.json', ['npx', 'tsc', '-p', '.']],
    ['python', 'ruff.toml', ['sh', '-c', 'ruff check . && pytest']],
    ['go', '.golangci.yml', ['golangci-lint', 'run']],
  ])('%s: changed, added, deleted and renamed away', async (_what, path, run) => {
    const base = { 'package.json': manifest({}), [path]: 'strict\n' };
    const config = checks(...run);
    expect(await told({ base, candidate: { [path]: 'lax\n' }, config })).toEqual(FOUND(path));
    expect(await told({ base, candidate: { [path]: null }, config })).toEqual(FOUND(path));
    expect(await told({ base: { 'package.json': manifest({}) }, candidate: { [path]: 'lax\n' }, config })).toEqual(FOUND(path));
    expect(await told({ base, candidate: { [path]: null, 'old/rules.txt': 'strict\n' }, config })).toEqual(FOUND('old/rules.txt'));
  });

  test('of a program that no check runs are none', async () => {
    const base = { 'package.json': manifest({}), Makefile: 'all:\n', 'ruff.toml': 'strict\n', 'tsconfig.json': '{}\n' };
    const candidate = { Makefile: 'none:\n', 'ruff.toml': 'lax\n', 'tsconfig.json': '{ }\n' };
    expect(await told({ base, candidate, config: checks('npm', 'test') })).toEqual([]);
    expect(await told({ base, candidate: { 'src/makefile.js': 'x\n', 'docs/eslintrc.md': 'x\n' }, config: checks('make') })).toEqual([]);
  });
});

test('a member of package.json that checks go by; a dependency, a version and another script are none', async () => {
  const base = { 'package.json': manifest({ imports: { '#a': './a.js' } }) };
  const config = checks('npm', 'test');
  const changed = async (more: object) => told({ base, candidate: { 'package.json': manifest(more) }, config });
  expect(await changed({ imports: { '#a': './fake.js' } })).toEqual(FOUND('package.json'));
  expect(await changed({ imports: { '#a': './a.js' }, eslintConfig: { rules: {} } })).toEqual(FOUND('package.json'));
  expect(await changed({ imports: { '#a': './a.js' }, version: '2.0.0', dependencies: { zod: '4.0.0' } })).toEqual([]);
});

test('a script that a check’s script takes in, also by way of another one; a script beside it is none', async () => {
  const base = {
    'ci/check.sh': '#!/bin/sh\n. "$(dirname "$0")/lib.sh"\nrun\n',
    'ci/lib.sh': 'source ci/deep.sh\n',
    'ci/deep.sh': 'run() { node --test; }\n',
    'ci/other.sh': 'x\n',
  };
  const config = checks('sh', './ci/check.sh');
  for (const path of ['ci/lib.sh', 'ci/deep.sh'])
    expect(await told({ base, candidate: { [path]: 'exit 0\n' }, config })).toEqual(FOUND(path));
  expect(await told({ base, candidate: { 'ci/other.sh': 'exit 0\n' }, config })).toEqual([]);
});

test('inputs that the configuration names; a file beside them is none', async () => {
  const base = { 'schemas/a.json': '{}\n', 'src/a.js': 'x\n' };
  const config = { checks: [{ id: 'all', run: ['true'], inputs: ['schemas'] }] };
  expect(await told({ base, candidate: { 'schemas/a.json': '{ }\n' }, config })).toEqual(FOUND('schemas/a.json'));
  expect(await told({ base, candidate: { 'src/a.js': 'y\n' }, config })).toEqual([]);
});
