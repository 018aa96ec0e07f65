/** The bodies and answers of threads and runs, as the official clients send and read them. */
import { z } from 'zod';
import { keyShapeIn } from '../../domain/key-shapes.ts';
import { SERVED_STATUSES } from '../../domain/served.ts';
import { jsonObject, limit, offset, uuid } from '../http/endpoint.ts';

export const STREAM_MODES = [
  'values',
  'messages',
  'messages-tuple',
  'updates',
  'events',
  'tasks',
  'checkpoints',
  'debug',
  'custom',
  'tools',
] as const;

/** Each member of a thread's metadata is a row of an index. */
const MAX_TAGS = 1000;
const tags = jsonObject
  .refine((given) => Object.keys(given).length <= MAX_TAGS, { error: `has more than ${MAX_TAGS} members`, abort: true })
  .superRefine((given, context) => {
    for (const [name, value] of Object.entries(given)) {
      const rule = keyShapeIn(JSON.stringify([name, value]));
      if (rule === undefined) continue;
      const message = `holds what looks like a secret (${rule}); metadata is listed, searched and traced: leave it out`;
      context.addIssue({ code: 'custom', path: [keyShapeIn(name) === undefined ? name : '...'], message });
    }
  });
const nodeNames = z.union([z.literal('*'), z.array(z.string())]);
const threadStatus = z.enum(['idle', 'busy', 'interrupted', 'error']);
const sortOrder = z.enum(['asc', 'desc']);

export const checkpointSchema = z
  .strictObject({
    thread_id: z.string().nullish(),
    checkpoint_id: z.string().nullish(),
    checkpoint_ns: z.string().nullish(),
    checkpoint_map: jsonObject.nullish(),
  })
  .meta({ id: 'CheckpointConfig' });

/** How long one sent task may take; LangGraph's own member, which it checks. */
const timeout = z.union([z.number(), jsonObject]).nullish();
/**
 * A node, or a Send in the forms of the clients: the SDK's types say `input`, a `Send` of LangGraph.js that is written as JSON says
 * `args` and its class name, one of Python `arg`.
 */
const send = z
  .strictObject({
    node: z.string(),
    input: z.unknown().optional(),
    args: z.unknown().optional(),
    arg: z.unknown().optional(),
    lg_name: z.literal('Send').optional(),
    timeout,
  })
  .superRefine((given, context) => {
    const named = ['input', 'args', 'arg'].filter((name) => Object.hasOwn(given, name));
    if (named.length > 1) context.addIssue({ code: 'custom', message: `has ${named.join(' and ')}, which say the same; send one` });
  })
  .transform(({ node, input, args, arg, timeout: limited }) => ({
    node,
    input: input ?? args ?? arg ?? null,
    ...(limited === null || limited === undefined ? {} : { timeout: limited }),
  }));
const place = z.union([z.string(), send]);

/** Where a command jumps, and what it changes. */
export const commandMembers = {
  goto: z.union([place, z.array(place)]).nullish(),
  update: z.union([jsonObject, z.array(z.tuple([z.string(), z.unknown()]))]).nullish(),
};

/** `lg_name`, and of Python `graph`, stand in a Command that is written as JSON, as RemoteGraph sends it. */
export const commandSchema = z
  .strictObject({
    resume: z.unknown().optional(),
    ...commandMembers,
    lg_name: z.literal('Command').optional(),
    graph: z
      .null({ error: 'must be null: a run has one graph, which its assistant names; only a node can send a command to a parent' })
      .optional(),
  })
  // An empty list of places is how a Command without any is written.
  .transform(({ lg_name: _name, graph: _graph, goto, ...command }) => ({
    ...command,
    ...(Array.isArray(goto) && goto.length === 0 ? {} : goto === undefined ? {} : { goto }),
  }))
  .meta({ id: 'Command' });

export const configSchema = z
  .looseObject({
    tags: z.array(z.string()).optional(),
    recursion_limit: z.number().int().min(1).optional(),
    configurable: jsonObject.optional(),
    metadata: jsonObject.optional(),
  })
  .meta({ id: 'Config' });

const feedbackKey = z.string().min(1).max(200);

/** Every field of a run. An unknown one is refused: a field that is silently dropped is a promise that is silently broken. */
export const runCreateSchema = z
  .strictObject({
    assistant_id: z.string().min(1),
    input: z.unknown().optional(),
    command: commandSchema.nullish(),
    config: configSchema.nullish(),
    context: z.unknown().optional(),
    metadata: tags.nullish(),
    checkpoint: checkpointSchema.nullish(),
    checkpoint_id: z.string().nullish(),
    stream_mode: z.union([z.enum(STREAM_MODES), z.array(z.enum(STREAM_MODES))]).nullish(),
    stream_subgraphs: z.boolean().nullish(),
    stream_resumable: z.boolean().nullish(),
    interrupt_before: nodeNames.nullish(),
    interrupt_after: nodeNames.nullish(),
    multitask_strategy: z.enum(['reject', 'rollback', 'interrupt', 'enqueue']).nullish(),
    if_not_exists: z.enum(['create', 'reject']).nullish(),
    on_disconnect: z.enum(['cancel', 'continue']).nullish(),
    on_completion: z.enum(['delete', 'keep', 'complete', 'continue']).nullish(),
    after_seconds: z.number().min(0).max(31_536_000).nullish(),
    webhook: z.string().nullish(),
    feedback_keys: z
      .union([feedbackKey, z.array(feedbackKey).max(50)])
      .nullish()
      .describe('The stream ends with an event `feedback` that has an address for each, to post feedback to for an hour.'),
    durability: z.enum(['sync', 'async', 'exit']).nullish(),
    checkpoint_during: z.boolean().nullish(),
    strict_resume: z
      .boolean()
      .nullish()
      .describe(
        'The run fails with UnknownInterruptError where its answer is for no interrupt that waits, and the thread stays as it was.',
      ),
    raise_error: z
      .boolean()
      .nullish()
      .describe('For the client, which raises what the answer says; a failed run is told as `__error__` either way.'),
    langsmith_tracer: z.strictObject({ project_name: z.string().nullish(), example_id: z.string().nullish() }).nullish(),
  })
  .meta({ id: 'RunCreate' });

export type RunCreate = z.output<typeof runCreateSchema>;

const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const fields = Object.entries(runCreateSchema.shape);
const sdkFields = Object.fromEntries(
  fields.filter(([name]) => camel(name) !== name).map(([name, schema]) => [camel(name), schema.optional()]),
);

/** The SDK's `createBatch` sends its own names as they are, beside `assistant_id`. */
export const runBatchSchema = z
  .array(
    runCreateSchema.extend(sdkFields).transform((body): RunCreate => {
      const given = new Map(Object.entries(body));
      const known = fields.map(([name]) => [name, given.get(name) ?? given.get(camel(name))] as const);
      return Object.fromEntries(known.filter(([, value]) => value !== undefined)) as unknown as RunCreate; // each checked by its own schema
    }),
  )
  .min(1)
  .max(1000)
  .meta({ id: 'RunBatchCreate' });

const superstep = z.strictObject({
  updates: z.array(z.strictObject({ values: z.unknown().optional(), command: commandSchema.nullish(), as_node: z.string().nullish() })),
});

/** A century in minutes; dates end somewhere. */
const minutes = z.number().positive().max(52_560_000);
const ttl = z
  .union([minutes, z.strictObject({ ttl: minutes, strategy: z.enum(['delete']).optional(), keep_alive: z.boolean().optional() })])
  .transform((given) => (typeof given === 'number' ? given : given.ttl));

export const threadCreateSchema = z
  .strictObject({
    thread_id: uuid('thread_id').nullish(),
    metadata: tags.nullish(),
    if_exists: z.enum(['raise', 'do_nothing']).nullish(),
    ttl: ttl.nullish(),
    graph_id: z.string().nullish(),
    supersteps: z.array(superstep).max(1000).nullish(),
  })
  .meta({ id: 'ThreadCreate' });

export const threadPatchSchema = z.strictObject({ metadata: tags.nullish(), ttl: ttl.nullish() }).meta({ id: 'ThreadPatch' });

const threadFilter = {
  ids: z.array(uuid('ids')).max(1000).nullish(),
  metadata: jsonObject.nullish(),
  values: jsonObject.nullish(),
  status: threadStatus.nullish(),
};

export const threadSearchSchema = z
  .strictObject({
    ...threadFilter,
    limit: limit(10),
    offset,
    sort_by: z.enum(['thread_id', 'status', 'created_at', 'updated_at', 'state_updated_at']).nullish(),
    sort_order: sortOrder.nullish(),
    select: z.array(z.string()).nullish(),
    extract: z.record(z.string(), z.string()).nullish(),
  })
  .meta({ id: 'ThreadSearch' });

export const threadCountSchema = z.strictObject(threadFilter).meta({ id: 'ThreadCount' });

export const threadPruneSchema = z
  .strictObject({ thread_ids: z.array(uuid('thread_ids')).min(1).max(1000), strategy: z.enum(['delete', 'keep_latest']).default('delete') })
  .meta({ id: 'ThreadPrune' });

export const stateUpdateSchema = z
  .strictObject({
    values: z.union([jsonObject, z.array(z.unknown())]).nullish(),
    as_node: z.string().nullish(),
    checkpoint: checkpointSchema.nullish(),
    checkpoint_id: z.string().nullish(),
  })
  .meta({ id: 'ThreadStateUpdate' });

const STATE_MEMBERS = ['values', 'next', 'tasks', 'checkpoint', 'metadata', 'created_at', 'parent_checkpoint', 'interrupts'] as const;
/** Members of a state; `values.messages` is one of its values. */
const stateMember = z.string().refine((name) => STATE_MEMBERS.some((member) => member === name) || /^values\..+$/.test(name), {
  error: `must be one of ${STATE_MEMBERS.join(', ')}, or values.<key>`,
});
export const stateSelect = z.union([stateMember, z.array(stateMember)]).transform((given): readonly string[] => [given].flat());

export const stateAtSchema = z
  .strictObject({ checkpoint: checkpointSchema, subgraphs: z.boolean().nullish(), select: stateSelect.nullish() })
  .meta({ id: 'ThreadStateAt' });

/** `before` comes as an id, as a checkpoint, or as a whole config. */
const before = z.union([z.string(), z.looseObject({ configurable: checkpointSchema }), checkpointSchema]);

export const historySchema = z
  .strictObject({
    limit: limit(10),
    before: before.nullish(),
    metadata: jsonObject.nullish(),
    checkpoint: checkpointSchema.nullish(),
    select: stateSelect.nullish(),
  })
  .meta({ id: 'ThreadHistory' });

export type History = z.output<typeof historySchema>;

export const runSchema = z
  .object({
    run_id: z.string(),
    thread_id: z.string(),
    assistant_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    status: z.enum(SERVED_STATUSES),
    metadata: jsonObject,
    kwargs: jsonObject,
    multitask_strategy: z.enum(['reject', 'rollback', 'interrupt', 'enqueue']),
  })
  .meta({ id: 'Run' });

export const threadSchema = z
  .object({
    thread_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    state_updated_at: z.string(),
    metadata: jsonObject,
    config: jsonObject,
    status: threadStatus,
    values: z.unknown(),
    interrupts: z.record(z.string(), z.array(z.unknown())),
    error: z.unknown(),
  })
  .meta({ id: 'Thread' });

export const stateSchema = z
  .object({
    values: z.unknown(),
    next: z.array(z.string()),
    tasks: z.array(z.unknown()),
    metadata: jsonObject,
    created_at: z.string().nullable(),
    checkpoint: checkpointSchema.nullable(),
    parent_checkpoint: checkpointSchema.nullable(),
    interrupts: z.array(z.unknown()),
  })
  .meta({ id: 'ThreadState' });

export const threadParams = z.object({ thread_id: uuid('thread_id') });
export const runParams = z.object({ thread_id: uuid('thread_id'), run_id: uuid('run_id') });
