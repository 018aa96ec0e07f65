/** What a client says of a cron: when, and the run that each tick puts. */
import { z } from 'zod';
import type { Json } from '../../domain/served.ts';
import { runCreateSchema } from '../api/schemas.ts';

const run = runCreateSchema.shape;

/** Members of the run that each tick puts. */
const runMembers = {
  input: run.input,
  config: run.config,
  context: run.context,
  webhook: run.webhook,
  interrupt_before: run.interrupt_before,
  interrupt_after: run.interrupt_after,
  multitask_strategy: run.multitask_strategy,
  durability: run.durability,
  checkpoint_during: run.checkpoint_during,
  stream_mode: run.stream_mode,
  stream_subgraphs: run.stream_subgraphs,
  stream_resumable: run.stream_resumable,
};
const RUN_MEMBERS = Object.keys(runMembers);

/** Python's `isoformat` writes none for a naive time; the schedule's own default, UTC, is meant. */
const endTime = z.iso
  .datetime({ offset: true, local: true, error: 'must be an ISO 8601 moment such as "2027-01-31T18:00:00Z"' })
  .transform((text) => Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`));

const cronMembers = {
  schedule: z.string().min(1).describe('minute hour day month weekday'),
  timezone: z.string().nullish().describe('IANA time zone that the schedule is read in. Default: UTC.'),
  end_time: endTime.nullish().describe('Nothing ticks after it.'),
  enabled: z.boolean().nullish(),
  metadata: run.metadata,
  ...runMembers,
};
const onRunCompleted = z
  .enum(['delete', 'keep'])
  .nullish()
  .describe('What becomes of the thread that a tick made. Default: delete; a governed thread is always kept.');

export const cronCreateSchema = z
  .strictObject({ assistant_id: run.assistant_id, on_run_completed: onRunCompleted, ...cronMembers })
  .meta({ id: 'CronCreate' });
export type CronCreate = z.output<typeof cronCreateSchema>;

export const cronPatchSchema = z
  .strictObject({ on_run_completed: onRunCompleted, ...cronMembers, schedule: cronMembers.schedule.optional() })
  .meta({ id: 'CronPatch' });
export type CronChange = z.output<typeof cronPatchSchema>;

/** The members of the run, of those that were given. */
export const payloadOf = (body: CronChange): Json =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => RUN_MEMBERS.includes(name) && value !== undefined));
