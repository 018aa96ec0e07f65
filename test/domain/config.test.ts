/** What a configuration may say of appeals and of setup. */
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';

const problems = (config: object): string[] =>
  (configSchema.safeParse({ version: 1, ...config }).error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);

describe('workspace.setup[].update', () => {
  const step = { run: ['npm', 'ci'], network: true, update: ['npm', 'install', '--package-lock-only'] };

  test('needs the files that it may change', () => {
    expect(problems({ workspace: { setup: [step] } })).toEqual([
      'workspace.setup.0.inputs: names no file; with "update" it must name the manifest and the lock file, such as [package.json, package-lock.json]',
    ]);
  });

  test('is taken with them, and a step without it needs none', () => {
    expect(problems({ workspace: { setup: [{ ...step, inputs: ['package.json', 'package-lock.json'] }, { run: ['make'] }] } })).toEqual([]);
  });
});

test('limits.appeals is 2 where nothing is said, may be 0, and is no more than 20', () => {
  expect(configSchema.parse({ version: 1 }).limits.appeals).toBe(2);
  expect(problems({ limits: { appeals: 0 } })).toEqual([]);
  expect(problems({ limits: { appeals: -1 } })).toEqual(['limits.appeals: must be 0 or more']);
  expect(problems({ limits: { appeals: 21 } })).toHaveLength(1);
});
