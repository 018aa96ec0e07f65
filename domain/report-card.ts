/** The report card of an evaluation, as `governor eval --json` prints it; `governor-eval.schema.json` is made from it. */
import { z } from 'zod';
import { GATES } from './handoff.ts';
import { ROLES } from './roles.ts';

const count = z.int().min(0);
const text = (max: number) => z.string().max(max);

/** The bounds of 95 %; both null for fewer than two runs. */
const meanSchema = z.strictObject({ mean: z.number().min(0), low: z.number().min(0).nullable(), high: z.number().min(0).nullable() });

const measuredSchema = z.strictObject({
  runs: count,
  solved: count,
  /** The bounds are Wilson's of 95 %. */
  success: z.strictObject({ rate: z.number().min(0).max(1), low: z.number().min(0).max(1), high: z.number().min(0).max(1) }),
  cost_micro_usd: meanSchema,
  /** Answers of models. */
  steps: meanSchema,
  wall_ms: meanSchema,
  /** Calls that were refused, were invalid, or failed. */
  tool_errors: meanSchema,
  /** Of the input tokens, those that a cache gave; null without input. */
  cache_share: z.number().min(0).max(1).nullable(),
  /** How often each end was reached, such as `released`, `waiting plan` or `stopped REVIEW_EXHAUSTED`. */
  ends: z.record(z.string(), count),
  /** The reason codes among them. */
  stops: z.record(z.string(), count),
});
export type Measured = z.infer<typeof measuredSchema>;

const evalRunSchema = z.strictObject({
  task: z.string(),
  /** From 1. */
  repeat: z.int().min(1),
  thread_id: z.string(),
  solved: z.boolean(),
  end: z.string(),
  code: z.string().nullable(),
  /** Why it is not solved; empty when it is. */
  problems: z.array(text(1000)).max(50),
  /** The hidden checks that were run. */
  checks: z.array(
    z.strictObject({ id: z.string(), status: z.enum(['pass', 'fail', 'error']), exit_code: z.int().nullable(), duration_ms: count }),
  ),
  /** What the evaluation decided at the gates, in order. */
  decisions: z.array(
    z.strictObject({ gate: z.enum(GATES), decision: z.enum(['approved', 'rejected']), by: z.string(), comment: z.string() }),
  ),
  attempts: count,
  cost_micro_usd: count,
  steps: count,
  tool_calls: count,
  tool_errors: count,
  input_tokens: count,
  cached_input_tokens: count,
  output_tokens: count,
  wall_ms: count,
});
export type EvalRun = z.infer<typeof evalRunSchema>;

export const reportCardSchema = z.strictObject({
  version: z.literal(1),
  governor: z.string(),
  started_at: z.string(),
  suite: z.strictObject({ path: z.string(), tasks: count, sha256: z.string() }),
  /** Who answered for each role, as `provider:model`. */
  models: z.strictObject(Object.fromEntries(ROLES.map((role) => [role, z.string()]))),
  repeat: z.int().min(1),
  sandbox: z.enum(['bwrap', 'seatbelt', 'unsafe']),
  /** What all runs could have cost together. */
  worst_case_micro_usd: count,
  max_micro_usd: count.nullable(),
  /** Of all runs, those that were broken off too. */
  cost_micro_usd: count,
  /** True when every run was made. */
  complete: z.boolean(),
  not_run: z.array(z.strictObject({ task: z.string(), repeat: z.int().min(1), why: z.enum(['max-usd', 'interrupted', 'failed']) })),
  /** What ended the evaluation before its time, of `failed`. */
  failure: text(2000).nullable(),
  overall: measuredSchema,
  tasks: z.array(z.strictObject({ id: z.string(), goal: z.string(), tags: z.array(z.string()), ...measuredSchema.shape })),
  runs: z.array(evalRunSchema),
});
export type ReportCard = z.infer<typeof reportCardSchema>;
