/** Forged consent: by edited state, jumps, forks, swapped files, other gates and other threads. Nothing is released, and it says why. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../domain/ids.ts';
import { governorGraph } from '../../graphs/governor.ts';
import type { Update } from '../../nodes/state.ts';
import { openRuntime } from '../../runtime/runtime.ts';
import { eachWorldAtGate, operations, waiting, world } from './each.ts';
import { approve, start } from './world.ts';

let thread: string;

eachWorldAtGate();
beforeEach(() => {
  thread = waiting.thread_id;
});

/** What somebody with access to the checkpoints can do: LangGraph's own `updateState`, on the newest or an earlier checkpoint. */
async function edit(values: Update, asNode: string, before?: string): Promise<void> {
  const runtime = await openRuntime({ home: world.home, env: {} });
  try {
    const graph = governorGraph(async () => {
      throw new Error('nothing runs here');
    }).compile({ checkpointer: await runtime.stores.saver() });
    const config = { configurable: { thread_id: thread } };
    let at: { configurable?: Record<string, unknown> } = config;
    if (before !== undefined)
      for await (const snapshot of graph.getStateHistory(config)) if (snapshot.next[0] === before) at = snapshot.config;
    await graph.updateState(at, values, asNode);
  } finally {
    runtime.stores.close();
  }
}

/** Writes a hand-over file as the runtime would, with a true digest. */
function plant(path: string, from: string, change: (body: Record<string, unknown>) => object): { path: string; sha256: string } {
  const envelope = world.dossier(thread, from) as { body: Record<string, unknown> }; // our own file
  const text = `${JSON.stringify({ ...envelope, body: change(envelope.body) }, null, 2)}\n`;
  writeFileSync(join(world.home, 'runs', thread, path), text);
  return { path, sha256: sha256(text) };
}

/** A commit nobody reviewed, on the base. */
function evilCommit(): { commit: string; tree: string } {
  const base = world.git('rev-parse', 'main');
  writeFileSync(join(world.repo, 'evil.js'), 'process.exit(0);\n');
  world.git('add', 'evil.js');
  const tree = world.git('write-tree');
  const commit = world.git('commit-tree', tree, '-p', base, '-m', 'evil');
  world.git('rm', '-q', '--cached', 'evil.js');
  rmSync(join(world.repo, 'evil.js'));
  return { commit, tree };
}

async function expectNothingReleased(code: string, words: string | RegExp): Promise<void> {
  const end = await operations.resume(thread);
  expect(end).toMatchObject({ status: 'stopped', release: null, reason: { code } });
  expect(end.reason?.message).toMatch(words);
  expect(world.git('rev-list', '--count', 'main')).toBe('1');
  expect((await operations.audit(thread)).map((record) => record.action)).not.toContain('release-applied');
}

describe('state that was edited', () => {
  test('to name an approval that does not exist', async () => {
    await edit({ route: 'deploy', releaseApproval: 'forged' }, 'approve_release');
    await expectNothingReleased('APPROVAL_STALE', /no approved record covers .* state names forged/);
  });

  test('to name the pending one', async () => {
    const gate = await operations.gate(thread);
    await edit({ route: 'deploy', releaseApproval: gate?.row.id ?? '' }, 'approve_release');
    await expectNothingReleased('APPROVAL_STALE', /no approved record/);
  });

  test("to name another thread's approval of the very same change", async () => {
    const other = await start(world, operations);
    const gate = await operations.gate(other.thread_id);
    await operations.decide(other.thread_id, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
    await edit({ route: 'deploy', releaseApproval: gate?.row.id ?? '' }, 'approve_release');
    await expectNothingReleased('APPROVAL_STALE', /no approved record/);
  });

  test('to say that it was released', async () => {
    await edit({ outcome: 'released', route: 'end', releaseKey: 'forged' }, 'verify');
    await expectNothingReleased('STATE_TAMPERED', /its state says released/);
  });

  test('to point at a build with another commit, under a true digest', async () => {
    const evil = evilCommit();
    const buildFile = plant('20-build.9.json', '20-build.1.json', (body) => ({ ...body, ...evil }));
    const gate = await operations.gate(thread);
    await operations.decide(thread, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
    await edit({ route: 'deploy', buildFile, releaseApproval: gate?.row.id ?? '' }, 'approve_release');
    await expectNothingReleased('APPROVAL_STALE', /the review passed tree/);
  });

  test('to point at a build and a passing review of another commit, both under true digests', async () => {
    const evil = evilCommit();
    const buildFile = plant('20-build.9.json', '20-build.1.json', (body) => ({
      ...body,
      ...evil,
      changes: [{ path: 'evil.js', status: 'added', mode: '100644', old_mode: '000000', sha256: sha256('process.exit(0);\n') }],
    }));
    const review = plant('30-review.9.json', '30-review.1.json', (body) => ({ ...body, ...evil }));
    const gate = await operations.gate(thread);
    await operations.decide(thread, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
    await edit({ route: 'deploy', buildFile, review, releaseApproval: gate?.row.id ?? '' }, 'approve_release');
    await expectNothingReleased('APPROVAL_STALE', /is for subject .*, the release is/);
  });

  test('to carry another goal changes nothing that was asked for', async () => {
    await edit({ goal: 'delete everything' }, 'review_critic');
    await edit({ route: 'approve_release' }, 'review_critic');
    expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
    expect(world.git('log', '-1', '--format=%B', 'main')).not.toContain('delete everything');
  });
});

test('a candidate branch that was moved to another commit is not what is released', async () => {
  const evil = evilCommit();
  world.git('update-ref', `refs/heads/governor/${thread}`, evil.commit);
  const approved = (await operations.result(thread)).candidate;
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  expect(world.git('rev-parse', 'main^{tree}')).toBe(approved?.tree);
  expect(world.git('ls-tree', '--name-only', 'main')).not.toContain('evil.js');
});

test('a fork from before the gate, after the release, releases nothing a second time', async () => {
  expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  const released = world.git('rev-parse', 'main');
  await edit({ route: 'approve_release' }, 'review_critic', 'approve_release');
  const again = await operations.drive(thread);
  expect(again).toMatchObject({ status: 'released' });
  expect(world.git('rev-parse', 'main')).toBe(released);
});

test('the same decision twice is a conflict, and an answer to another gate is refused', async () => {
  const gate = await operations.gate(thread);
  const subject = gate?.row.subject.digest ?? '';
  await expect(
    operations.decide(thread, { decision: 'approved', subject: `${subject.slice(0, -1)}${subject.endsWith('0') ? '1' : '0'}` }),
  ).rejects.toMatchObject({
    code: 'APPROVAL_STALE',
  });
  await operations.decide(thread, { decision: 'approved', subject });
  await expect(operations.decide(thread, { decision: 'rejected', subject, comment: 'too late' })).rejects.toThrow('no approval is pending');
  expect(await operations.resume(thread)).toMatchObject({ status: 'released' });
  await expect(operations.decide(thread, { decision: 'approved', subject })).rejects.toThrow('no approval is pending');
  expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
});
