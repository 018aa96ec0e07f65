/** What the governor tells agents of their work place, from what is recorded. */
import { expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import type { RequestBody } from '../../nodes/session.ts';
import { workingConditions } from '../../nodes/working-conditions.ts';
import { only } from '../fakes/only.ts';
import { fakeSession } from '../fakes/session.ts';

interface Recorded {
  readonly config?: object;
  readonly sandbox?: 'bwrap' | 'unsafe';
  readonly baseline?: object;
}

const linesOf = async ({ config = {}, sandbox = 'bwrap', baseline }: Recorded): Promise<string[]> => {
  const ref = { path: 'evidence/0/baseline.json', sha256: 'a'.repeat(64) };
  const envelope = {
    version: 1,
    kind: 'baseline',
    thread_id: 't',
    attempt: 1,
    made_at: '',
    made_by: 'governor',
    inputs: [],
    body: baseline,
  };
  const session = fakeSession({
    facts: { threadId: 't', config: configSchema.parse({ version: 1, ...config }), request: only<RequestBody>('request', { sandbox }) },
    stores: {
      dossier: {
        read: async (_threadId, path) => (baseline === undefined || path !== ref.path ? undefined : { ref, bytes: Buffer.alloc(0) }),
        readVerified: async () => envelope,
      },
    },
  });
  return (await workingConditions(session)).split('\n');
};

const CHECKS = [
  { id: 'test', run: ['npm', 'test'] },
  { id: 'slow', run: ['npm', 'run', 'slow'] },
];
const result = (id: string, status: string, durationMs: number) => ({ id, status, exit_code: 0, duration_ms: durationMs, evidence: 'e' });

test('sandbox, links, scratch, setup, programs, and each check with how it went and about how long it took', async () => {
  const lines = await linesOf({
    config: {
      checks: CHECKS,
      workspace: { link: ['node_modules'], scratch: ['.cache'], setup: [{ run: ['npm', 'ci'] }] },
    },
    baseline: { tree: 't', checks: [result('test', 'pass', 1234), result('slow', 'fail', 400_000)], programs: ['node', 'rg'] },
  });
  expect(lines).toEqual([
    '- Commands run in a sandbox: the files of your tree, no network, no git data, no secrets.',
    '- One command may take 10 minutes and print 32 KiB a stream; the middle of more is left out.',
    '- Shared read-only from the repository: node_modules.',
    '- Writable and thrown away after each command: .cache.',
    '- Prepared before you came, read-only: what npm ci made.',
    '- Programs: node, rg.',
    '- Check test: npm test (on the base: pass, in less than 30 s)',
    '- Check slow: npm run slow (on the base: fail, in about 7 min)',
  ]);
});

test('some seconds more or less on the base change no word', async () => {
  const at = (durationMs: number) =>
    linesOf({ config: { checks: CHECKS }, baseline: { tree: 't', checks: [result('test', 'pass', durationMs)] } });
  expect(await at(510)).toEqual(await at(9000));
  expect(await at(510)).not.toEqual(await at(40_000));
});

test('without a baseline, as where a builder runs alone, the checks are named without a time; an unsafe level is called so', async () => {
  const lines = await linesOf({ config: { checks: CHECKS }, sandbox: 'unsafe' });
  expect(lines).toEqual([
    '- Commands run without a sandbox (level unsafe). Behave as in one: your tree alone, no network; there is no git data.',
    '- One command may take 10 minutes and print 32 KiB a stream; the middle of more is left out.',
    '- Check test: npm test',
    '- Check slow: npm run slow',
  ]);
});

test('a baseline of an earlier version, which knew no programs, is read', async () => {
  expect(await linesOf({ baseline: { tree: 't', checks: [] } })).toHaveLength(2);
});
