/** A sub-agent's own sub-agents: one node each, which never throws its siblings away, and a place in line that goes to them and back. */
import { GraphDrained } from '@langchain/langgraph';
import { beforeEach, describe, expect, test } from 'vitest';
import { configSchema } from '../../../domain/config.ts';
import { FencedError, StopError } from '../../../domain/errors.ts';
import type { TranscriptRow } from '../../../domain/ports.ts';
import { type AgentRun, freshRun } from '../../../nodes/agent-run.ts';
import { delegatesOf } from '../../../nodes/build/fan-out.ts';
import type { Job } from '../../../nodes/build/job.ts';
import { createLine } from '../../../nodes/line.ts';
import { FRESH_AGENT, type PartRef } from '../../../nodes/state.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';

const TASKS = [
  { title: 'one', goal: 'make one', paths: ['src/a/one.js'] },
  { title: 'two', goal: 'make two' },
];
const asked = only<TranscriptRow>('row', {
  message: { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'delegate', arguments: JSON.stringify({ tasks: TASKS }) }] },
});
const DELEGATING: AgentRun = {
  ...freshRun(1, {}),
  agent: { ...FRESH_AGENT, head: 'h', calls: 2, phase: 'delegate', tree: 'now', delegation: { callId: 'c', answer: 'r', tasks: 2 } },
};

let told: string[];
let jobs: Job[];
beforeEach(() => {
  told = [];
  jobs = [];
});

function parent(part: () => Promise<PartRef>) {
  const session = fakeSession({
    facts: { threadId: 't', limits: configSchema.parse({ version: 1 }).limits },
    doors: { redact: (text) => text },
    stores: { transcripts: { chain: async () => [asked] } },
    checkpointReached: async () => undefined,
    left: async () => undefined,
  });
  const place = { lend: () => told.push('lent'), back: async () => void told.push('back') };
  const job = only<Job>('job', {
    id: 'w1.1',
    attempt: 1,
    base: 'base',
    depth: 1,
    task: { title: 'top', goal: 'make the top', paths: ['src/a/**'] },
    above: [],
    within: [],
  });
  return delegatesOf(async () => ({ ...session, line: createLine(1) }), {
    job,
    place,
    part: (below) => {
      jobs.push(below);
      told.push('worked');
      return part();
    },
  });
}

const REF = { id: 'w1.1.2.2', ref: { path: 'parts/1/w1.1.2.2.json', sha256: 'x' } };
const CONFIG = { configurable: { thread_id: 't' } };

describe('a sub-agent of a sub-agent', () => {
  test('works in the place that its parent lends, from the files and within the paths of its parent', async () => {
    const { subAgent } = parent(async () => REF);
    expect(await subAgent({ ...DELEGATING, task: 2 }, CONFIG)).toEqual({ parts: [REF] });
    expect(told).toEqual(['lent', 'worked']);
    expect(jobs[0]).toMatchObject({
      id: 'w1.1.2.2',
      parent: 'w1.1',
      base: 'now',
      depth: 2,
      task: { title: 'two', paths: ['src/a/**'] },
      above: [{ id: 'agent:build:1:w1.1' }],
      within: [['src/a/**']],
    });
  });

  test.each([
    ['the parent’s time is over', new StopError('TIME_LIMIT', 'over'), 'TIME_LIMIT'],
    ['a fault', new TypeError('ours'), 'INTERNAL'],
  ])('ends as a stop of the parent’s state, so that its siblings come to rest: %s', async (_name, thrown, code) => {
    expect(await parent(() => Promise.reject(thrown)).subAgent({ ...DELEGATING, task: 1 }, CONFIG)).toMatchObject({ stop: { code } });
  });

  test.each([new FencedError('t', 1), new GraphDrained()])('throws %s', async (thrown) => {
    await expect(parent(() => Promise.reject(thrown)).subAgent({ ...DELEGATING, task: 1 }, CONFIG)).rejects.toBe(thrown);
  });

  test('that no task stands for is a stop', async () => {
    const update = await parent(async () => REF).subAgent({ ...DELEGATING, task: 3 }, CONFIG);
    expect(update).toMatchObject({ stop: { code: 'STATE_TAMPERED', message: 'w1.1.2.3: the delegation has no such task' } });
    expect(told).toEqual([]);
  });
});

test('nothing is merged, and no place is waited for, where a sub-agent stopped the parent', async () => {
  const stop = { code: 'TIME_LIMIT', message: 'over', stage: 'build', evidence: [], facts: {} } as const;
  expect(await parent(async () => REF).merge({ ...DELEGATING, stop }, CONFIG)).toEqual({});
  expect(told).toEqual([]);
});
