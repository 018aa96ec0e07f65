/** The steps of an agent's graph: after the abort of its own signal they tell why, whatever that broke. */
import { GraphInterrupt } from '@langchain/langgraph';
import { describe, expect, test } from 'vitest';
import { FencedError, StopError } from '../../domain/errors.ts';
import { type AgentAt, actNode, apart, freshRun } from '../../nodes/agent-run.ts';
import type { AgentSpec } from '../../nodes/agent-spec.ts';
import { only } from '../fakes/only.ts';
import { fakeSession } from '../fakes/session.ts';

interface Given {
  readonly own?: AbortController;
  /** Happens before it breaks. */
  readonly first?: () => void;
  readonly sideBySide?: boolean;
}

/** Acts on the calls of an answer, which breaks. */
function act(broken: Error, { own = new AbortController(), first, sideBySide = true }: Given = {}) {
  let begun = false;
  const session = fakeSession({
    facts: { threadId: 't' },
    doors: { redact: (text) => text },
    stores: {
      transcripts: {
        chain: async () => {
          begun = true;
          first?.();
          throw broken;
        },
      },
    },
    checkpointReached: async () => undefined,
    left: async () => undefined,
  });
  const at: AgentAt = {
    stage: 'build',
    sideBySide,
    specOf: async () => only<AgentSpec>('spec', { session, signal: own.signal }),
  };
  const ended = actNode(async () => session, 'worker_tools', at)(freshRun(1, {}), { configurable: { thread_id: 't' } });
  return { ended, begun: () => begun };
}

const over = new StopError('TIME_LIMIT', '8 s are over');
const ENOENT = new Error('ENOENT');

describe('a step of an agent with a signal of its own', () => {
  test('does not begin after its abort, and stops with the reason', async () => {
    const own = new AbortController();
    own.abort(over);
    const { ended, begun } = act(ENOENT, { own });
    expect(await ended).toMatchObject({ stop: { code: 'TIME_LIMIT', message: '8 s are over' } });
    expect(begun()).toBe(false);
  });

  test('stops with the reason of an abort, not with what that broke', async () => {
    const own = new AbortController();
    const { ended } = act(ENOENT, { own, first: () => own.abort(over) });
    expect(await ended).toMatchObject({ stop: { code: 'TIME_LIMIT' } });
  });

  test('without an abort it stops with what broke; where nothing works beside it that is thrown', async () => {
    expect(await act(ENOENT).ended).toMatchObject({ stop: { code: 'INTERNAL', message: 'ENOENT' } });
    await expect(act(ENOENT, { sideBySide: false }).ended).rejects.toBe(ENOENT);
  });

  test.each([new FencedError('t', 1), new GraphInterrupt([])])('throws %s also after an abort', async (thrown) => {
    const own = new AbortController();
    await expect(act(thrown, { own, first: () => own.abort(over) }).ended).rejects.toBe(thrown);
  });
});

test('a graph apart has the place in the flow, and no signal that its siblings have', () => {
  const shared = new AbortController();
  shared.abort();
  const config = {
    configurable: { thread_id: 't', checkpoint_ns: 'build:1|worker:2', __pregel_abort_signals: { composedAbortSignal: shared.signal } },
    signal: shared.signal,
  };
  const own = apart(config);
  expect(own.configurable).toEqual({ thread_id: 't', checkpoint_ns: 'build:1|worker:2' });
  expect(own.signal.aborted).toBe(false);
});
