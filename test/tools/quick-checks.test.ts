/** Quick checks after an edit: what fails is told under the edit's answer, which stands in any case, and no file is changed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StopError } from '../../domain/errors.ts';
import { editFile } from '../../tools/edit-file.ts';
import { diagnostics } from '../../tools/quick-checks.ts';
import type { QuickCheck, ToolContext } from '../../tools/tool.ts';
import { makeRepo, type TestRepo } from './repo.ts';

let repo: TestRepo;
let context: ToolContext;
beforeEach(async () => {
  repo = makeRepo();
  repo.put('a.mjs', 'export const a = 1;\n');
  const repository = await repo.open();
  const workTree = await repository.checkout(await repository.treeOf(repo.commit('base')), join(repo.root, 'work'));
  context = {
    workTree,
    folder: workTree.folder,
    sandbox: repo.sandbox,
    links: [],
    scratch: [],
    commandTimeoutMs: 10_000,
    outputBytes: 32 * 1024,
    signal: new AbortController().signal,
    redact: (text) => text.replaceAll('hunter2', '***'),
    difference: async () => '',
    quickChecks: [],
  };
});
afterEach(() => repo.remove());

const shell = (script: string, more: Partial<QuickCheck> = {}): QuickCheck => ({
  id: 'quick',
  run: ['sh', '-c', script],
  timeout: 10_000,
  ...more,
});
const told = (...quickChecks: QuickCheck[]): Promise<string> => diagnostics({ ...context, quickChecks });

test('a check that fails is told with the end of its output, and the edit stands', async () => {
  const answer = await editFile.execute(
    { path: 'a.mjs', old_text: '1;', new_text: '1;;(' },
    { ...context, quickChecks: [{ id: 'syntax', run: ['node', '--check', 'a.mjs'], timeout: 10_000 }] },
  );
  expect(answer).toMatch(/^edited a\.mjs\n\nThe edit stands\. The quick check "syntax" \(node --check a\.mjs\) ended with exit code 1:\n/);
  expect(answer).toContain('SyntaxError');
  expect(readFileSync(join(context.folder, 'a.mjs'), 'utf8')).toBe('export const a = 1;;(\n');
});

test('a check that passes is not told', async () => {
  expect(await told(shell('echo fine'))).toBe('');
  expect(await told()).toBe('');
});

test('each check that fails is told, also one that runs too long or is not there', async () => {
  const words = await told(shell('exit 3'), shell('sleep 60', { timeout: 1000 }), shell('true'), {
    id: 'gone',
    run: ['no-such-program'],
    timeout: 1000,
  });
  expect(words).toContain('ended with exit code 3:\n(no output)');
  expect(words).toContain('was ended after 1 s');
  expect(words).toContain('The quick check "gone" (no-such-program) ended with exit code');
});

test('what a check writes into the tree is thrown away', async () => {
  await told(shell('echo broken > a.mjs; echo new > b.js'));
  expect(readFileSync(join(context.folder, 'a.mjs'), 'utf8')).toBe('export const a = 1;\n');
  expect(existsSync(join(context.folder, 'b.js'))).toBe(false);
});

test('its output is masked and then cut at 4000 characters', async () => {
  const words = await told(shell('i=0; while [ $i -lt 2000 ]; do echo hunt""er2; i=$((i+1)); done; exit 1'));
  expect(words).not.toContain('hunter2');
  expect(words.length).toBeLessThan(4300);
  expect(words).toMatch(/\[\d+ characters left out\]/);
});

test('a sandbox that does not work is told and blocks nothing; a run that is ended ends', async () => {
  const broken: ToolContext = {
    ...context,
    quickChecks: [shell('true')],
    sandbox: { ...repo.sandbox, run: () => Promise.reject(new StopError('SANDBOX_UNAVAILABLE', 'no bwrap')) },
  };
  expect(await diagnostics(broken)).toContain('The quick check "quick" could not be run: no bwrap');
  await expect(diagnostics({ ...broken, signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow('cancelled');
});
