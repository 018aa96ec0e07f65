import { expect, test } from 'vitest';
import { repairer } from './repairer.ts';
import { LARGE } from './repairs-large.ts';
import { SMALL } from './repairs-small.ts';
import { evaluate } from './stand.ts';

test('x', async () => {
  const { card } = await evaluate(repairer([...SMALL, ...LARGE]), process.env['TASK'] === undefined ? {} : { task: process.env['TASK'] });
  console.log(
    card.runs
      .map((r) => `${r.task} ${r.solved} ${r.end} ${r.steps} ${r.wall_ms} ${r.tool_errors} ${r.problems.join('|').slice(0, 600)}`)
      .join('\n'),
  );
  console.log(JSON.stringify(card.overall));
  expect(card.overall.solved).toBe(card.overall.runs);
});
