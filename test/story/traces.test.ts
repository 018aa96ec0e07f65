/** Honest work is let be, in the shapes that real agents have; loops are caught as early as ever. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { play } from '../../cli/play.ts';
import { loadScenarios } from '../../cli/scenario.ts';
import type { Operations } from '../../runtime/operations.ts';
import { FULL } from '../full.ts';
import { generated, PUBLIC, repliesOf, TRACE_FILES } from './traces.ts';
import { makeWorld, planReply, type Reply, start, tool, type World } from './world.ts';

let world: World;
let operations: Operations;
beforeAll(async () => {
  world = makeWorld({ files: TRACE_FILES, config: { checks: [{ id: 'test', run: ['node', 'check.mjs'], baseline: 'allow' }] } });
  operations = await world.open();
});
afterAll(async () => {
  await operations.close();
  world.dispose();
});

/** How a script ends, and what its agents were told on the way. */
async function replayed(replies: readonly Reply[]) {
  world.replies(replies);
  const result = await start(world, operations);
  const told = (await operations.audit(result.thread_id))
    .map((record) => record.action)
    .filter((action) => action === 'no-progress' || action === 'lean-start');
  return { status: result.status, code: result.reason?.code, told, calls: result.spend.model_calls };
}

describe('honest work is neither told nor made lean nor stopped', () => {
  const shapes = [...PUBLIC, ...Array.from({ length: 18 }, (_none, seed) => generated(seed))];
  // A fixed sample where time is short: the public ones, and every sixth of the generated.
  const played = FULL ? shapes : shapes.filter((_shape, index) => index < 6 || index % 6 === 0);

  test('the shapes are those of the published distribution', () => {
    const first = shapes.map((shape) => shape.indexOf('e')).toSorted((one, other) => one - other);
    expect([first[0], first[12], first.at(-1)]).toEqual([0, 4, 13]);
    expect(Math.max(...shapes.flatMap((shape) => shape.split('e').map((stretch) => stretch.length)))).toBe(15);
    expect(Math.max(...shapes.flatMap((shape) => shape.split(/[re]/).map((stretch) => stretch.length)))).toBe(5);
  });

  test.each(played)('%s', async (shape) => {
    expect(await replayed(repliesOf(shape))).toEqual({ status: 'waiting', code: undefined, told: [], calls: shape.length + 3 });
  });

  test('also a planner that reads the same three files three times', async () => {
    const reads = Array.from({ length: 9 }, (_none, index) => tool('planner', 1, index + 1, 'read_file', { path: `lib/f${index % 3}.js` }));
    const replies = [...reads, { ...planReply(), call: 10 }, ...repliesOf('e').slice(1)];
    expect(await replayed(replies)).toMatchObject({ status: 'waiting', told: [] });
  });
});

describe('a loop is told, then made lean, then stopped', () => {
  test.each([
    ['loop-stopped', 6],
    ['runaway-fan-out', 13],
    ['never-converges', 11],
  ])('the scenario %s, within %i model calls', async (name, calls) => {
    const scenario = loadScenarios(name)[0];
    if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
    const played = await play(scenario, { keep: false, path: process.env['PATH'] ?? '' });
    expect(played.differences).toEqual([]);
    expect(played.result.spend.model_calls).toBe(calls);
  });

  test('the same test run again and again, although it tells another time each time', async () => {
    const again = { ...tool('lead', 1, 1, 'run_command', { argv: ['node', 'check.mjs'] }), repeat: true };
    expect(await replayed([planReply(), again])).toEqual({
      status: 'stopped',
      code: 'NO_PROGRESS',
      told: ['no-progress', 'lean-start'],
      calls: 1 + 10,
    });
  });

  test('a planner that goes round three files for ever', async () => {
    const reads = Array.from({ length: 30 }, (_none, index) =>
      tool('planner', 1, index + 1, 'read_file', { path: `lib/f${index % 3}.js` }),
    );
    expect(await replayed(reads)).toEqual({ status: 'stopped', code: 'NO_PROGRESS', told: ['no-progress', 'lean-start'], calls: 19 });
  });

  test('a sub-agent: its end is a value, and the run goes on', async () => {
    const task = { title: 'look', goal: 'Look at it.', paths: ['src/look.js'] };
    const [plan, edit, hand, judge] = repliesOf('e');
    const replies = [
      plan,
      tool('lead', 1, 1, 'read_file', { path: 'lib/f0.js' }),
      tool('lead', 1, 2, 'delegate', { tasks: [task] }),
      { ...tool('worker', 1, 1, 'read_file', { path: 'lib/f0.js' }), agent: 'w2.1', repeat: true },
      { ...edit, call: 3 },
      { ...hand, call: 4 },
      judge,
    ] as Reply[];
    expect(await replayed(replies)).toEqual({
      status: 'waiting',
      code: undefined,
      told: ['no-progress', 'lean-start'],
      calls: 1 + 4 + 5 + 1,
    });
  });
});
