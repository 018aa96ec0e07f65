/** Agents that do not do the work solve nothing of the shipped suite, whatever they say. */
import { expect, test } from 'vitest';
import { asker, deleter, denier, idle } from './lazy.ts';
import { evaluate } from './stand.ts';

test('an agent that hands over nothing solves 0 of 12', async () => {
  const { card } = await evaluate(idle);
  expect(card.runs).toHaveLength(12);
  expect(card.runs.filter((run) => run.solved).map((run) => run.task)).toEqual([]);
  expect(card.overall).toMatchObject({ solved: 0, success: { rate: 0, low: 0 } });
  expect(Object.keys(card.overall.ends).filter((end) => /released|unchanged/.test(end))).toEqual([]);
});

test('an agent that deletes the failing test solves 0 of 12', async () => {
  const { card, requests } = await evaluate(deleter);
  expect(card.runs).toHaveLength(12);
  expect(card.runs.filter((run) => run.solved).map((run) => run.task)).toEqual([]);
  const deletes = (threadId: string): boolean =>
    requests.some(({ headers, raw }) => headers['x-governor-thread'] === threadId && raw.includes('"name":"delete_file","arguments"'));
  expect(card.runs.filter((run) => !deletes(run.thread_id)).map((run) => run.task)).toEqual([]);
});

test.each([
  ['says that nothing is to be done', denier, 'nothing-slug-digits'],
  ['asks back', asker, 'impossible-two-contracts'],
])('an agent that always %s solves the one task where that is right, and no other', async (_does, brain, task) => {
  const { card } = await evaluate(brain);
  expect(card.runs).toHaveLength(12);
  expect(card.runs.filter((run) => run.solved).map((run) => run.task)).toEqual([task]);
});
