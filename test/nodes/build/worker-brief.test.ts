/** What a sub-agent is told beside its task. */
import { expect, test } from 'vitest';
import { configSchema } from '../../../domain/config.ts';
import { planBodySchema } from '../../../domain/handoff.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { workerBrief } from '../../../nodes/build/worker-brief.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';

const REF = { path: '10-plan.1.json', sha256: 'a'.repeat(64) };
const item = (id: string, paths: readonly string[], goal = `goal of ${id}`) => ({ id, title: id, goal, paths, done_when: [`${id} works`] });

const told = (items: readonly object[], paths: readonly string[] | undefined, checks: readonly object[] = []): Promise<string> =>
  workerBrief(
    fakeSession({
      facts: { threadId: 't', config: configSchema.parse({ version: 1, checks }) },
      places: {
        repository: only<Repository>('repository', {
          listTree: async () => ['src/a.js', 'src/b.js', 'docs/x.md'].map((path) => ({ path, mode: '100644', oid: '1' })),
        }),
      },
      stores: {
        dossier: {
          readVerified: async (threadId) => ({
            version: 1,
            kind: 'plan',
            thread_id: threadId,
            attempt: 1,
            made_at: '2026-01-01T00:00:00.000Z',
            made_by: 'agent:planner',
            inputs: [],
            body: planBodySchema.parse({ summary: 'the whole', items }),
          }),
        },
      },
    }),
    REF,
    { id: 'w1.1', task: { title: 'part', goal: 'do it', ...(paths === undefined ? {} : { paths: [...paths] }) }, base: 'tree' },
  );

test('the task first, then the plan’s summary, the items that its paths touch with their check, and the checks', async () => {
  const items = [{ ...item('code', ['src/**']), check: ['node', 'c.js'] }, item('docs', ['docs/**'])];
  expect((await told(items, ['src/a.js'], [{ id: 'test', run: ['node', '--test'] }])).split('\n\n')).toEqual([
    'You are w1.1. Your task: part\ndo it\nPaths you may write: src/a.js',
    'It is a part of this plan, which others work on too: the whole',
    'Item code: code\ngoal of code\nPaths of the item: src/**\nDone when: code works\nIts own check, which must pass: node c.js',
    'Checks that will be run: test (node --test).',
  ]);
});

test('a new file of an item touches it; a task or an item without paths touches all', async () => {
  const items = [item('code', ['src/**']), item('docs', ['docs/**']), item('any', [])];
  const named = async (paths: readonly string[] | undefined) =>
    [...(await told(items, paths)).matchAll(/^Item (\w+)/gm)].map(([, id]) => id);
  expect(await named(['src/new.js'])).toEqual(['code', 'any']);
  expect(await named(['docs/**'])).toEqual(['docs', 'any']);
  expect(await named(undefined)).toEqual(['code', 'docs', 'any']);
});

test('items that do not fit are named', async () => {
  const brief = await told(
    [1, 2, 3].map((number) => item(`i${number}`, [], 'x'.repeat(3900))),
    undefined,
  );
  expect(brief).toContain('Item i3: i3');
  expect(brief).not.toContain('i3 works');
  expect(Buffer.byteLength(brief)).toBeLessThan(9 * 1024);
});
