/** A report card as a table of at most 100 columns. */
import { visible } from '../domain/access.ts';
import type { Measured, ReportCard } from '../domain/report-card.ts';
import { dollars } from './print.ts';

/** Widest line, in characters. */
const COLUMNS = 100;
const NAME_COLUMNS = 24;
/** Of the columns behind the name. */
const WIDTHS = [7, 10, 11, 7, 10, 6, 7];

const percent = (value: number): string => `${Math.round(value * 100)}%`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const HEAD = row(['task', 'solved', '95 %', 'cost', 'steps', 'wall', 'cache', 'errors']);

export function evalTable(card: ReportCard): string {
  const lines = [
    ...wrapped(
      `suite ${card.suite.path} (${card.suite.tasks} tasks, ${card.suite.sha256.slice(0, 12)}), each ${card.repeat} time(s), sandbox ${card.sandbox}`,
    ),
    ...wrapped(
      `models: ${Object.entries(card.models)
        .map(([role, name]) => `${role} ${name}`)
        .join(', ')}`,
    ),
    '',
    HEAD,
    ...card.tasks.filter((task) => task.runs > 0).map((task) => measured(task.id, task)),
    measured('all', card.overall),
    '',
    ...wrapped(`ends: ${told(card.overall.ends)}`),
    ...(Object.keys(card.overall.stops).length === 0 ? [] : wrapped(`stops by reason: ${told(card.overall.stops)}`)),
    ...means(card.overall),
    ...card.runs
      .filter((run) => !run.solved)
      .flatMap((run) => wrapped(`not solved: ${run.task} (${run.repeat}): ${run.problems.join('; ')}`)),
    ...(card.complete
      ? []
      : wrapped(
          `NOT COMPLETE (${card.not_run[0]?.why ?? ''}): ${card.not_run.length} run(s) were not made${card.failure === null ? '' : `: ${card.failure}`}`,
        )),
    ...wrapped(`spent ${dollars(card.cost_micro_usd)} of at most ${dollars(card.max_micro_usd ?? card.worst_case_micro_usd)}`),
  ];
  return `${lines.map((line) => visible(line).trimEnd()).join('\n')}\n`;
}

function measured(name: string, of: Measured): string {
  return row([
    name,
    `${of.solved}/${of.runs}`,
    `${percent(of.success.low)}-${percent(of.success.high)}`,
    dollars(of.cost_micro_usd.mean),
    of.steps.mean.toFixed(1),
    seconds(of.wall_ms.mean),
    of.cache_share === null ? '-' : percent(of.cache_share),
    of.tool_errors.mean.toFixed(1),
  ]);
}

function row([name = '', ...cells]: readonly string[]): string {
  return `${name.slice(0, NAME_COLUMNS).padEnd(NAME_COLUMNS)} ${cells.map((cell, index) => cell.padStart(WIDTHS[index] ?? 0)).join(' ')}`;
}

/** Of the means over all runs, where there are bounds. */
function means({ cost_micro_usd: cost, steps, wall_ms: wall }: Measured): string[] {
  if (cost.low === null || cost.high === null || steps.low === null || steps.high === null || wall.low === null || wall.high === null)
    return [];
  return wrapped(
    `95 % of the means: cost ${dollars(cost.low)}-${dollars(cost.high)}, steps ${steps.low.toFixed(1)}-${steps.high.toFixed(1)}, wall ${seconds(wall.low)}-${seconds(wall.high)}`,
  );
}

const told = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');

/** At spaces, the further lines indented; a word that is too long is cut. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const short = word.slice(0, COLUMNS - 2);
    if (line !== '' && line.length + 1 + short.length > COLUMNS) {
      lines.push(line);
      line = `  ${short}`;
    } else line = line === '' ? short : `${line} ${short}`;
  }
  return [...lines, line];
}
