/** The node door: what becomes a stop, what passes through, and that the session hears of every leaving. */
import { GraphInterrupt, isGraphDrained } from '@langchain/langgraph';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FencedError, StopError } from '../../domain/errors.ts';
import { onFailpoint } from '../../domain/failpoint.ts';
import { type DoorSession, nodeDoor } from '../../nodes/node-door.ts';
import { DrainedError } from '../../runtime/drive/drained.ts';

const STATE = { goal: 'g', repo: '/r' };
let heard: string[];
let abort: AbortController;
let session: DoorSession;

beforeEach(() => {
  heard = [];
  abort = new AbortController();
  session = {
    signal: abort.signal,
    doors: { redact: (text) => text.replaceAll('hunter2', '***') },
    checkpointReached: async (stage) => {
      heard.push(`reached ${stage}`);
    },
    left: async () => {
      heard.push('left');
    },
  };
  onFailpoint((point) => heard.push(point));
});
afterEach(() => onFailpoint(undefined));

/** A node that does what the test says, and tells how it stopped. */
const node = (run: () => Promise<unknown>, sideBySide = false) =>
  nodeDoor<DoorSession, typeof STATE, unknown>(async () => session, {
    stage: 'build',
    name: 'lead',
    sideBySide,
    run,
    stopped: (_session, stop, state) => ({ stop, goal: state.goal }),
  })(STATE, { configurable: { thread_id: 't' } });

const failing = (error: unknown) => () => Promise.reject(error);

describe('a node', () => {
  test('works between its two crash points, after the drain was asked for and before the session is left', async () => {
    const update = await node(async () => {
      heard.push('work');
      return { route: 'plan' };
    });
    expect(update).toEqual({ route: 'plan' });
    expect(heard).toEqual(['reached build', 'node:lead:enter', 'work', 'node:lead:exit', 'left']);
  });

  test('does not begin when a drain stops it', async () => {
    session = { ...session, checkpointReached: () => Promise.reject(new Error('drained')) };
    await expect(node(async () => heard.push('work'))).rejects.toThrow('drained');
    expect(heard).toEqual(['left']);
  });

  test('that stops returns its stop as a value, masked and cut', async () => {
    const error = new StopError('DISK_LIMIT', `hunter2 ${'x'.repeat(5000)}`, { evidence: ['e.json'], facts: { cap: 1 } });
    expect(await node(failing(error))).toEqual({
      goal: 'g',
      stop: { code: 'DISK_LIMIT', message: `*** ${'x'.repeat(3996)}`, stage: 'build', evidence: ['e.json'], facts: { cap: 1 } },
    });
    expect(heard.at(-1)).toBe('left');
  });

  test('throws a fault of this program as it is', async () => {
    await expect(node(failing(new TypeError('ours')))).rejects.toThrow(TypeError);
    expect(heard.at(-1)).toBe('left');
  });
});

describe('one of several side by side', () => {
  test('does not begin when a drain stops it, and throws what LangGraph takes for one, which leaves its siblings alone', async () => {
    session = { ...session, checkpointReached: () => Promise.reject(new DrainedError()) };
    await expect(node(async () => heard.push('work'), true)).rejects.toSatisfy(isGraphDrained);
    expect(heard).toEqual(['left']);
  });

  test('makes every failure of its own a stop', async () => {
    expect(await node(failing(new TypeError('ours')), true)).toMatchObject({ stop: { code: 'INTERNAL', message: 'ours' } });
    expect(await node(failing(new StopError('STEP_LIMIT', 'used')), true)).toMatchObject({ stop: { code: 'STEP_LIMIT', message: 'used' } });
  });
});

describe.each([false, true])('side by side: %s; the door throws', (sideBySide) => {
  test('what LangGraph throws to itself', async () => {
    const interrupt = new GraphInterrupt([]);
    await expect(node(failing(interrupt), sideBySide)).rejects.toBe(interrupt);
  });

  test('a lost lease, also after an abort', async () => {
    abort.abort(new Error('aborted'));
    await expect(node(failing(new FencedError('t', 1)), sideBySide)).rejects.toBeInstanceOf(FencedError);
  });

  test('the reason of an abort instead of what it broke', async () => {
    abort.abort(new StopError('CANCELLED', 'by a person'));
    await expect(node(failing(new StopError('INTERNAL', 'broken')), sideBySide)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(heard.at(-1)).toBe('left');
  });
});
