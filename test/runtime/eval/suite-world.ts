/** Small suites of tasks in a folder of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';

export interface Suites {
  /** Removed at the end. */
  readonly folder: string;
  /** Writes files below `folder`; what is no text is written as YAML. */
  put(files: Readonly<Record<string, string | object>>): void;
  dispose(): void;
}

export function makeSuites(): Suites {
  const folder = mkdtempSync(join(tmpdir(), 'governor-suites-'));
  return {
    folder,
    put: (files) => {
      for (const [path, what] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), typeof what === 'string' ? what : stringify(what));
      }
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const TASK = {
  version: 1,
  goal: 'Make half() halve.',
  tags: ['bug'],
  expect: [{ end: 'released' }],
  forbidden: ['test/**'],
  hidden: [
    { id: 'halves', run: ['node', '--test-reporter=tap', 'hidden-checks/half.mjs'], says: ['# pass 1', 'ok 1 - halves what is given'] },
  ],
};
export const CONFIG = {
  version: 1,
  models: { lead: { provider: 'script', model: 'scripted' } },
  prices: { scripted: 'free' },
  checks: [{ id: 'test', run: ['node', '--test'], timeout: '1m' }],
  limits: { costUsd: 0.5 },
};
const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";

/** The files of a task that asks for `half`. */
export const taskFiles = (name: string, over: { task?: object; config?: object } = {}): Record<string, string | object> => ({
  [`${name}/task.yaml`]: { ...TASK, ...over.task },
  [`${name}/hidden/half.mjs`]: `${HEAD}import { half } from '../src/half.js';\n\ntest('halves what is given', () => assert.equal(half(6), 3));\n`,
  [`${name}/repo/governor.yaml`]: { ...CONFIG, ...over.config },
  [`${name}/repo/package.json`]: '{ "type": "module" }\n',
  [`${name}/repo/src/half.js`]: 'export const half = (number) => number;\n',
  [`${name}/repo/test/half.test.js`]: `${HEAD}import { half } from '../src/half.js';\n\ntest('of nothing', () => assert.equal(half(0), 0));\n`,
});
