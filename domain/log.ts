/** What the agents of a thread said and did, as events: the schema of `governor log --json` and of its route. */
import { z } from 'zod';

const place = {
  seq: z
    .int()
    .describe('The audit record that it is from; ask with `after` for what came later. Several events may share one; 0: of the whole log.'),
  at: z.string().describe('When it was recorded, ISO 8601, UTC.'),
  stage: z.string().describe('Empty where it is about the whole run.'),
  attempt: z.int().describe('0 where it is about the whole run.'),
  agent: z.string().describe('`planner`, `lead`, `critic`, the id of a sub-agent such as `w1.2`, or `governor`.'),
  step: z.int().describe('The number of the agent’s model call in this attempt, from 1; 0 where there is none.'),
};
const text = z.string().describe('Without secrets, and capped.');

export const logEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('words'), ...place, text }).describe('What the model wrote beside its calls.'),
  z
    .strictObject({
      type: z.literal('call'),
      ...place,
      id: z.string().describe('Of the call, in its agent and attempt; empty where only the trail tells of it.'),
      tool: z.string(),
      line: z.string().describe('The call on one line: `edit_file src/a.js (+3 -1)`.'),
      arguments: z.record(z.string(), z.unknown()).describe('Long texts in them are cut.'),
    })
    .describe('A tool that the model called.'),
  z
    .strictObject({
      type: z.literal('result'),
      ...place,
      id: z.string(),
      tool: z.string(),
      outcome: z.enum(['ok', 'error', 'refused', 'invalid', 'handed-over', 'delegated']),
      exit_code: z.int().nullable().optional().describe('Of a command; null: it was killed.'),
      bytes: z.int().describe('Of the whole result.'),
      text: text.describe('Its first and last lines.'),
    })
    .describe('What a call came to.'),
  z.strictObject({ type: z.literal('note'), ...place, text }).describe('What the governor, or a person, told the agent.'),
  z
    .strictObject({ type: z.literal('compaction'), ...place, text })
    .describe('Older steps were left out of the agent’s context from here on.'),
  z.strictObject({ type: z.literal('fault'), ...place, text }).describe('A request that failed, or was asked again.'),
  z.strictObject({ type: z.literal('check'), ...place, check: z.string(), status: z.string(), exit_code: z.int().nullable() }),
  z.strictObject({ type: z.literal('hand-over'), ...place, file: z.string() }).describe('A file of the dossier was written.'),
  z
    .strictObject({ type: z.literal('run'), ...place, action: z.string(), status: z.string(), code: z.string(), text })
    .describe('The run began, waits, ended, or a stage failed; `code` is a reason code or empty.'),
  z
    .strictObject({ type: z.literal('pruned'), ...place, text })
    .describe('`gc` has removed the transcripts: the rest is from the audit trail.'),
]);
export type LogEvent = z.infer<typeof logEventSchema>;

/** What every event says of itself. */
export type LogPlace = Pick<LogEvent, 'seq' | 'at' | 'stage' | 'attempt' | 'agent' | 'step'>;
