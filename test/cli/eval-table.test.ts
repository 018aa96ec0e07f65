/** A report card as text fits 100 columns, whatever its suite and its models are called. */
import { expect, test } from 'vitest';
import { evalTable } from '../../cli/eval-table.ts';
import type { EvalRun, ReportCard } from '../../domain/report-card.ts';
import { measuredOf } from '../../runtime/eval/summary.ts';
import { runOf } from '../runtime/eval/rested.ts';

const card = (runs: readonly EvalRun[], over: Partial<ReportCard> = {}): ReportCard => ({
  version: 1,
  governor: '0.1.0',
  started_at: '2026-01-01T00:00:00.000Z',
  suite: { path: '/suites/mine', tasks: 2, sha256: 'a'.repeat(64) },
  models: { planner: 'openai:x', lead: 'openai:x', worker: 'openai:x', critic: 'openai:x' },
  repeat: 2,
  sandbox: 'bwrap',
  worst_case_micro_usd: 4_000_000,
  max_micro_usd: null,
  cost_micro_usd: 40_000,
  complete: true,
  not_run: [],
  failure: null,
  overall: measuredOf(runs),
  tasks: ['one', 'two'].map((id) => ({ id, goal: 'halve', tags: ['bug'], ...measuredOf(runs.filter((run) => run.task === id)) })),
  runs: [...runs],
  ...over,
});

const RUNS = [
  runOf({ cost_micro_usd: 10_000, wall_ms: 2000 }),
  runOf({ repeat: 2, cost_micro_usd: 12_000, wall_ms: 3000, tool_errors: 1 }),
  runOf({ task: 'two', steps: 20 }),
  runOf({
    task: 'two',
    repeat: 2,
    solved: false,
    end: 'stopped NO_PROGRESS',
    code: 'NO_PROGRESS',
    problems: ['ended stopped NO_PROGRESS, not released'],
  }),
];

test('each task has its line, then all; ends, stops, bounds and what was not solved follow', () => {
  const lines = evalTable(card(RUNS)).split('\n');
  expect(lines.find((line) => line.startsWith('one'))).toMatch(/^one +2\/2 +34%-100% +\$0\.0110 +10\.0 +2\.5 s +40% +0\.5$/);
  expect(lines.find((line) => line.startsWith('two'))).toMatch(/^two +1\/2 +9%-91% /);
  expect(lines.find((line) => line.startsWith('all'))).toMatch(/^all +3\/4 +30%-95% /);
  expect(lines).toContain('ends: released 3, stopped NO_PROGRESS 1');
  expect(lines).toContain('stops by reason: NO_PROGRESS 1');
  expect(lines).toContain('not solved: two (2): ended stopped NO_PROGRESS, not released');
  expect(lines.some((line) => /^95 % of the means: cost \$\d\.\d{4}-\$\d\.\d{4}, steps 4\.5-20\.5/.test(line))).toBe(true);
  expect(lines).toContain('spent $0.0400 of at most $4.0000');
});

test('a card that was cut short says so; a task that was not run has no line', () => {
  const text = evalTable(card(RUNS.slice(0, 1), { complete: false, not_run: [{ task: 'two', repeat: 1, why: 'max-usd' }] }));
  expect(text).toContain('NOT COMPLETE (max-usd): 1 run(s) were not made');
  const failed = evalTable(card(RUNS, { complete: false, failure: 'no space left', not_run: [{ task: 'two', repeat: 3, why: 'failed' }] }));
  expect(failed).toContain('NOT COMPLETE (failed): 1 run(s) were not made: no space left');
  expect(text).not.toMatch(/^two/m);
  expect(text).not.toContain('95 % of the means');
});

test('no line is wider than 100 columns, and nothing moves the cursor', () => {
  const long = runOf({ task: 'two', solved: false, problems: [`\u001b[2Jhidden ${'x'.repeat(400)} ${'said '.repeat(80)}`] });
  const wide = card([...RUNS, long], {
    suite: { path: `/${'suite/'.repeat(30)}`, tasks: 2, sha256: 'a'.repeat(64) },
    models: Object.fromEntries(['planner', 'lead', 'worker', 'critic'].map((role) => [role, `openai:${'m'.repeat(60)}`])),
  });
  const text = evalTable(wide);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(text).not.toContain('\u001b');
});
