/** What a run took, counted from its audit trail and its ledger. */
import { z } from 'zod';
import type { AuditRecord } from '../../domain/audit.ts';
import type { EvalRun } from '../../domain/report-card.ts';

const usageSchema = z.looseObject({ inputTokens: z.number(), cachedInputTokens: z.number(), outputTokens: z.number() });

export type Counted = Pick<EvalRun, 'steps' | 'tool_calls' | 'tool_errors' | 'input_tokens' | 'cached_input_tokens' | 'output_tokens'>;

/** Outcomes of a call that the agent has to mend. */
const ERRORS: ReadonlySet<unknown> = new Set(['error', 'invalid']);

export function countOf(records: readonly AuditRecord[]): Counted {
  const answers = records.filter(({ action }) => action === 'model-answer');
  const usages = answers.flatMap(({ facts }) => usageSchema.safeParse(facts?.['usage']).data ?? []);
  const sum = (pick: (usage: z.infer<typeof usageSchema>) => number): number => usages.reduce((total, usage) => total + pick(usage), 0);
  const results = records.filter(({ action }) => action === 'tool-result');
  const refused = records.filter(({ action }) => action === 'tool-refused').length;
  return {
    steps: answers.length,
    tool_calls: results.length + refused,
    tool_errors: results.filter(({ facts }) => ERRORS.has(facts?.['outcome'])).length + refused,
    input_tokens: sum((usage) => usage.inputTokens),
    cached_input_tokens: sum((usage) => usage.cachedInputTokens),
    output_tokens: sum((usage) => usage.outputTokens),
  };
}
