/** A feature that goes with its test, as a plan may mean it or not. */
import { critic, planReply, type Reply, submit, tool } from './world.ts';

export const OLD = {
  'src/old.js': 'export const old = () => 1;\n',
  'test/old.test.js':
    "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { old } from '../src/old.js';\n\ntest('is old', () => assert.equal(old(), 1));\n",
};

/** A person need not be asked for anything else. */
export const QUIET = { plan: { approval: 'never' }, release: { approval: 'on-red-line' } };

export const remove = (attempt: number, call: number, path: string): Reply => tool('lead', attempt, call, 'delete_file', { path });

export const REMOVAL = [remove(1, 1, 'src/old.js'), remove(1, 2, 'test/old.test.js'), submit(1, 3), critic(1)];

/** The plan names both files. */
export const MEANT = { files: OLD, config: QUIET, replies: [planReply(1, ['src/old.js', 'test/old.test.js']), ...REMOVAL] };
