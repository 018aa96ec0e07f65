/** Sums runs up: rates and means with their intervals, and how often each end was reached. */
import { mean, meanInterval, wilson } from '../../domain/interval.ts';
import type { EvalRun, Measured } from '../../domain/report-card.ts';

export function measuredOf(runs: readonly EvalRun[]): Measured {
  const solved = runs.filter((run) => run.solved).length;
  const sum = (pick: (run: EvalRun) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const input = sum((run) => run.input_tokens);
  return {
    runs: runs.length,
    solved,
    success: { rate: runs.length === 0 ? 0 : solved / runs.length, ...wilson(solved, runs.length) },
    cost_micro_usd: meanOf(runs.map((run) => run.cost_micro_usd)),
    steps: meanOf(runs.map((run) => run.steps)),
    wall_ms: meanOf(runs.map((run) => run.wall_ms)),
    tool_errors: meanOf(runs.map((run) => run.tool_errors)),
    cache_share: input === 0 ? null : Math.min(1, sum((run) => run.cached_input_tokens) / input),
    ends: tally(runs.map((run) => run.end)),
    stops: tally(runs.flatMap((run) => run.code ?? [])),
  };
}

function meanOf(values: readonly number[]): Measured['steps'] {
  const { low, high } = meanInterval(values) ?? { low: null, high: null };
  return { mean: mean(values), low, high };
}

/** The most frequent first. */
function tally(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)));
}
