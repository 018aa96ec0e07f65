/** The deterministic repairer solves the shipped suite, working as real agents do: it reads, runs, edits wrongly, sees why, and mends. */

import { expect, test } from 'vitest';
import { z } from 'zod';
import { reportCardSchema } from '../../domain/report-card.ts';
import shipped from '../../governor-eval.schema.json' with { type: 'json' };
import type { Recorded } from '../dialects/server.ts';
import { FULL } from '../full.ts';
import { repairer } from './repairer.ts';
import { LARGE } from './repairs-large.ts';
import { SMALL } from './repairs-small.ts';
import { type Evaluated, evaluate } from './stand.ts';

/** CI makes one run a task; with CI_FULL=1 three, so that every interval has bounds. */
const REPEAT = FULL ? 3 : 1;

const LETTERS: Readonly<Record<string, string>> = {
  search_files: 'r',
  list_files: 'r',
  read_file: 'r',
  run_command: 't',
  write_file: 'e',
  edit_file: 'e',
  delete_file: 'e',
  submit_build: '.',
};

const callsSchema = z.looseObject({
  messages: z.array(z.looseObject({ tool_calls: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).optional() })),
});

/** What the lead of a thread did, a letter a call: r reads, t runs a command, e edits; of its last request, so without the hand-over. */
function shapeOf(requests: readonly Recorded[], threadId: string): string {
  const own = requests.filter(({ headers }) => headers['x-governor-thread'] === threadId && headers['x-governor-role'] === 'lead');
  const { messages } = callsSchema.parse(own.at(-1)?.body);
  return messages
    .flatMap((message) => message.tool_calls ?? [])
    .map((call) => LETTERS[call.function.name] ?? '?')
    .join('');
}

const trapsOf = ({ card }: Evaluated) => {
  const traps = card.tasks.filter(({ tags }) => tags.includes('trap')).map(({ id }) => id);
  return card.runs.filter(({ task }) => traps.includes(task));
};

test('at least 10 of 12 are solved, each trap after a wrong edit that a check refused, and the card keeps to its schema', async () => {
  const evaluated = await evaluate(repairer([...SMALL, ...LARGE]), { repeat: REPEAT });
  const { card, requests } = evaluated;
  const told = card.runs.filter((run) => !run.solved).map((run) => `${run.task} (${run.repeat}): ${run.problems.join('; ')}`);
  const solved = card.tasks.filter((task) => task.solved === REPEAT);
  expect(card.tasks).toHaveLength(12);
  expect(solved.length, told.join('\n')).toBeGreaterThanOrEqual(10);
  expect(card).toMatchObject({ complete: true, not_run: [], overall: { runs: 12 * REPEAT } });
  expect(trapsOf(evaluated)).toHaveLength(6 * REPEAT);
  for (const run of trapsOf(evaluated)) {
    const shape = shapeOf(requests, run.thread_id);
    // It looks and runs, edits, runs and sees red, looks again, edits again, and runs to the end.
    expect(shape, `${run.task}: ${shape}`).toMatch(/^r+t+r[re]*et+r[re]*et+$/);
  }
  expect(reportCardSchema.parse(card)).toEqual(card);
  expect(z.fromJSONSchema(shipped as Parameters<typeof z.fromJSONSchema>[0]).safeParse(card)).toMatchObject({ success: true }); // JSON of ours
});
