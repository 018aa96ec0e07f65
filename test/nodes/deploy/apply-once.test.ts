/** The commit of a release: it names its home, and one that was begun before releases did is finished as it was begun. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildBody } from '../../../domain/handoff.ts';
import { applyOnce } from '../../../nodes/deploy/apply-once.ts';
import type { Session } from '../../../nodes/session.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';
import { makeTargetWorld, type TargetWorld } from './target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const REF = 'refs/governor/t/release';

/** What is pinned as the release. `begun`: what the journal says that it is. */
async function planned(home: string | undefined, begun?: string): Promise<string> {
  const before = begun === undefined ? null : JSON.stringify({ commit: begun });
  const session = fakeSession({
    facts: {
      threadId: 't',
      createdAtSeconds: 1_700_000_000,
      fence: { threadId: 't', epoch: 1 },
      request: only<Session['facts']['request']>('request', { goal: 'go on' }),
      config: only<Session['facts']['config']>('config', { release: world.merge.release }),
    },
    stores: {
      audit: { home: async () => home },
      effects: {
        peek: async () => ({ state: 'started', result: null, before }),
        start: async () => ({ kind: 'done', result: '', before: null, after: null, requestDiffers: false }),
      },
    },
    places: { repository: world.repository },
  });
  const commit = world.git('rev-parse', 'work');
  const build = only<BuildBody>('build', { base: world.before, commit, tree: world.git('rev-parse', 'work^{tree}'), summary: 'done' });
  const ref = { path: 'p', sha256: 'd' };
  const refs = { plan: ref, build: ref, review: ref };
  expect(await applyOnce(session, { key: 'k', request: world.merge, build, approval: null, refs, attempt: 1 })).toBe('applied');
  return world.git('rev-parse', REF);
}

test('a release names its home and its thread, and is found by them', async () => {
  const commit = await planned('h'.repeat(64));
  world.git('branch', 'released', commit);
  expect(await world.repository.releases()).toEqual([{ commit, threadId: 't', home: 'h'.repeat(64) }]);
  expect(await world.repository.releases(world.before)).toEqual([]);
});

test('one that was begun without its home is finished as it was begun; any other commit in the journal is not taken over', async () => {
  const unnamed = await planned(undefined);
  const named = await planned('h'.repeat(64));
  expect(named).not.toBe(unnamed);
  expect(await planned('h'.repeat(64), unnamed)).toBe(unnamed);
  expect(await planned('h'.repeat(64), world.before)).toBe(named);
  world.git('branch', 'released', unnamed);
  expect(await world.repository.releases()).toEqual([{ commit: unnamed, threadId: 't', home: null }]);
});

test('a branch that leads nowhere hides no release, and a history that cannot be read stops no run', async () => {
  const commit = await planned('h'.repeat(64));
  world.git('branch', 'released', commit);
  writeFileSync(join(world.repo, '.git/refs/heads/broken'), `${'1'.repeat(40)}\n`);
  expect(await world.repository.releases()).toHaveLength(1);
  rmSync(join(world.repo, '.git/objects', world.before.slice(0, 2), world.before.slice(2)));
  await expect(world.repository.releases(commit)).resolves.toEqual([]);
});
