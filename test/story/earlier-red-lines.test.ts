/** A run that waits since a version without red lines by default: it goes on as it was asked about, and what is judged anew asks a person. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { approve, critic, makeWorld, planReply, start, submit, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => {
  vi.doUnmock('../../tools/red-lines.ts');
  vi.resetModules();
  world?.dispose();
});

/** A build that has none of them. */
async function openEarlierBuild(of: World): Promise<Operations> {
  vi.resetModules();
  vi.doMock('../../tools/red-lines.ts', async (original) => ({
    ...(await original<typeof import('../../tools/red-lines.ts')>()),
    defaultRules: () => () => [],
    redLinesOf: async () => ({ of: () => [] }),
  }));
  const { openOperations } = await import('../../runtime/operations.ts');
  return openOperations({ home: of.home, env: { PATH: process.env['PATH'] ?? '' } });
}

/** At the release gate of that build, with a pipeline in its candidate. */
async function waiting(): Promise<{ world: World; thread: string }> {
  world = makeWorld({
    replies: [planReply(1, ['**']), write(1, 1, '.github/workflows/ci.yml', 'on: push\n'), submit(1, 2), critic(1), critic(2)],
  });
  const earlier = await openEarlierBuild(world);
  const { thread_id: thread, waiting: gate } = await start(world, earlier);
  expect([gate?.gate, (await earlier.gate(thread))?.redLines]).toEqual(['release', []]);
  await earlier.close();
  vi.doUnmock('../../tools/red-lines.ts');
  vi.resetModules();
  return { world, thread };
}

test('what it asked about is released when a person approves it', async () => {
  const { world: at, thread } = await waiting();
  const operations = await at.open();
  expect(await approve(operations, thread)).toMatchObject({ status: 'released', reason: null });
  await operations.close();
});

test('on a base that moved it is judged anew, and waits at a gate that names the red line', async () => {
  const { world: at, thread } = await waiting();
  at.git('commit', '-q', '--allow-empty', '-m', 'another');
  const operations = await at.open();
  expect(await approve(operations, thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, reason: null });
  expect((await operations.gate(thread))?.redLines.map(({ rule_id }) => rule_id)).toEqual(['default:ci']);
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  await operations.close();
});
