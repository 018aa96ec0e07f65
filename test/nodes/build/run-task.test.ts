/** How a sub-agent's steps end, as a value for who delegated: in time or not, stopped for itself or for the whole run. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { configSchema } from '../../../domain/config.ts';
import { FencedError, StopError } from '../../../domain/errors.ts';
import type { ReasonCode } from '../../../domain/reasons.ts';
import type { Repository, WorkTree } from '../../../domain/workspace.ts';
import type { AgentRun, Delegates, MakeAgentGraph } from '../../../nodes/agent-run.ts';
import type { Job } from '../../../nodes/build/job.ts';
import { runTask } from '../../../nodes/build/run-task.ts';
import { FRESH_AGENT, type Stop } from '../../../nodes/state.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMITS = configSchema.parse({ version: 1 }).limits;
const STOOD = { ...FRESH_AGENT, head: 'h', calls: 3, submission: '{"status":"done","summary":"made"}' };

const jobAt = (signal: AbortSignal, depth = 1): Job => ({
  id: 'w1.1',
  parent: 'lead',
  task: { title: 'a', goal: 'make a' },
  index: 1,
  answer: 'r',
  base: 't',
  commit: 'c',
  attempt: 1,
  plan: null,
  depth,
  above: [],
  within: [],
  signal,
});

/** `steps`: what the graph comes to, given the signal that its steps look at. 20 s of machine time are left. */
function task(steps: (signal: AbortSignal) => Promise<Partial<AgentRun>>, { above = new AbortController(), depth = 1 } = {}) {
  const session = fakeSession({
    facts: { limits: { ...LIMITS, depth: 2, machineTime: 60_000 } },
    places: { repository: only<Repository>('repository', {}), workTrees: new Map([['build-1-w1.1', only<WorkTree>('workTree', {})]]) },
    machineMs: async () => 40_000,
  });
  let mayDelegate = false;
  const make: MakeAgentGraph = (_find, _role, at, delegates) => ({
    invoke: async (input) => {
      mayDelegate = delegates !== undefined;
      const { signal } = await at.specOf(session, { ...input, agent: STOOD });
      if (signal === undefined) throw new Error('its steps look at no signal');
      return { ...input, agent: STOOD, ...(await steps(signal)) };
    },
  });
  const delegates = () => only<Delegates>('delegates', {});
  const ended = runTask({ session, make, config: {}, delegates }, jobAt(above.signal, depth));
  return { ended, mayDelegate: () => mayDelegate };
}

const stop = (code: ReasonCode, message = 'why'): { stop: Stop } => ({ stop: { code, message, stage: 'build', evidence: [], facts: {} } });
/** Steps that never end by themselves. */
const hang = (signal: AbortSignal) =>
  new Promise<{ stop: Stop }>((ended) => {
    signal.addEventListener('abort', () => ended(stop('TIME_LIMIT', (signal.reason as Error).message))); // a StopError
  });

describe('a task', () => {
  test('that is handed over is what the sub-agent says, with where it stood', async () => {
    expect(await task(async () => ({})).ended).toEqual({ end: { status: 'done', summary: 'made' }, agent: STOOD });
  });

  test('has half of the machine time that is left, and then is a timeout, not a failure of the run', async () => {
    const { ended } = task(hang);
    let end: unknown;
    void ended.then((value) => {
      end = value;
    });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(end).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(end).toEqual({
      end: { status: 'timeout', code: 'TIME_LIMIT', summary: '10 s, its part of limits.machineTime, are over' },
      agent: STOOD,
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('whose parent is out of time is none of its own: the reason goes up', async () => {
    const above = new AbortController();
    const { ended } = task(hang, { above });
    const over = new StopError('TIME_LIMIT', 'the parent has no time left');
    await vi.advanceTimersByTimeAsync(1);
    above.abort(over);
    await expect(ended).rejects.toBe(over);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that was handed over before its parent was out of time is kept', async () => {
    const above = new AbortController();
    const late = async () => {
      above.abort(new StopError('TIME_LIMIT', 'late'));
      return {};
    };
    expect((await task(late, { above }).ended).end.status).toBe('done');
  });

  test.each([
    ['BUDGET_EXHAUSTED', 'limit'],
    ['STEP_LIMIT', 'limit'],
    ['PROVIDER_REFUSED', 'failed'],
    ['INTERNAL', 'failed'],
  ] as const)('stopped with %s is a value: %s', async (code, status) => {
    expect((await task(async () => stop(code)).ended).end).toEqual({ status, code, summary: 'why' });
  });

  test.each(['DISK_LIMIT', 'SANDBOX_UNAVAILABLE', 'STATE_TAMPERED', 'HANDOFF_MISSING'] as const)(
    'stopped with %s stops the run: every sibling would meet it',
    async (code) => {
      await expect(task(async () => stop(code)).ended).rejects.toMatchObject({ code, message: 'why' });
    },
  );

  test('throws what its graph throws', async () => {
    const lost = new FencedError('t', 1);
    await expect(task(() => Promise.reject(lost)).ended).rejects.toBe(lost);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    [1, true],
    [2, false],
  ])('at depth %d of limits.depth 2 it may delegate: %s', async (depth, may) => {
    const { ended, mayDelegate } = task(async () => ({}), { depth });
    await ended;
    expect(mayDelegate()).toBe(may);
  });
});
