/** Where an agent stands, as checkpoints of earlier versions tell it. */
import { expect, test } from 'vitest';
import { NO_WARNING, progressAfter } from '../../domain/progress.ts';
import { agentOf, FRESH_AGENT } from '../../nodes/state.ts';

const CALL = { name: 'read_file', arguments: '{"path":"a"}', outcome: 'ok', result: 'x', before: 't' } as const;

test.each([
  ['with signatures instead of progress', { signatures: ['a'] }],
  ['with lists in its progress', { progress: { calls: ['a'], trees: ['b'], idle: 1, warned: 0 } }],
  ['with calls and trees alone', { progress: { calls: 'deadbeef', trees: 'deadbeef', idle: 3, warned: 1 } }],
  ['of this version', { progress: NO_WARNING }],
])('an agent %s goes on', (_what, kept) => {
  const at = { head: 'h', calls: 4, phase: 'tools', invalid: 1, told: true, cut: 0, tree: 't', submission: null } as const;
  // As a checkpoint holds it: of no type of ours.
  const agent = agentOf(JSON.parse(JSON.stringify({ ...at, ...kept })));
  expect(agent).toMatchObject({ ...at, delegation: null, parts: [] });
  const { progress, verdict } = progressAfter(agent.progress, { calls: [CALL], idleLimit: 8 });
  expect(verdict.kind).toBe('on');
  expect(Object.keys(progress).toSorted()).toEqual(Object.keys(FRESH_AGENT.progress).toSorted());
});
