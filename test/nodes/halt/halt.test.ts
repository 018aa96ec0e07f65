/** `halt` never takes a run that strayed for one that ended as it should. */
import { describe, expect, test } from 'vitest';
import { endOf } from '../../../nodes/halt/halt.ts';
import type { Stop } from '../../../nodes/state.ts';

const stop: Stop = { code: 'TIME_LIMIT', message: 'the time is over', stage: 'build', evidence: [], facts: {} };

describe('halt', () => {
  test.each(['', 'nonsense', 'constructor'])('a route that is no edge (%j) is a defect, and is named', (route) => {
    for (const outcome of [null, 'unchanged'] as const)
      expect(endOf({ stop: null, outcome, route })).toMatchObject({
        outcome: 'stopped',
        stop: { code: 'INTERNAL', stage: 'halt', message: `no edge is named ${JSON.stringify(route)}` },
      });
  });

  test('a plan without a change ends unchanged, by the edge that its gate chose', () => {
    expect(endOf({ stop: null, outcome: 'unchanged', route: 'halt' })).toEqual({ outcome: 'unchanged', stop: null });
  });

  test('a stop keeps its reason and its stage, whatever stands in route', () => {
    for (const route of ['halt', 'nonsense']) expect(endOf({ stop, outcome: null, route })).toEqual({ outcome: 'stopped', stop });
  });
});
