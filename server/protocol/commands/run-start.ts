/** `run.start`: puts a run on the thread, and makes the thread where there is none. */
import { z } from 'zod';
import type { Json } from '../../../domain/served.ts';
import { commandSchema, configSchema, runCreateSchema } from '../../api/schemas.ts';
import { assertMay } from '../../auth/caller.ts';
import { parse } from '../../http/endpoint.ts';
import { runIdOfKey } from '../../http/idempotency.ts';
import { askerOf, createRuns, type WantedRun } from '../../runs/create-run.ts';
import type { Command } from './command.ts';
import { given } from './params.ts';

const { metadata, multitask_strategy: strategy, langsmith_tracer: tracer } = runCreateSchema.shape;
const schema = z.strictObject({
  assistant_id: z.string().min(1),
  input: z.unknown().optional(),
  config: configSchema.nullish(),
  metadata,
  // The SDK sends both, for servers that know one.
  multitaskStrategy: strategy,
  multitask_strategy: strategy,
  langsmith_tracer: tracer,
});

/** What RemoteGraph's `streamEvents` sends as its input when it is given a Command. */
const isCommand = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && 'lg_name' in input && input.lg_name === 'Command';

/** What is put: a Command written as JSON is that command, and an input on a thread that waits the answer to what it asks. */
function asked(input: unknown, waits: boolean): Pick<WantedRun, 'command' | 'input'> {
  if (isCommand(input)) return { command: parse(commandSchema, input, 'run.start params.input') as z.output<typeof commandSchema> }; // parsed by this schema
  return waits && input !== null ? { command: { resume: input } } : { input };
}

/** The input of a governed thread never decides: `input.respond` does, which names the gate, or a Command. */
export async function runStart(command: Command): Promise<{ readonly run_id: string }> {
  const { server, call, threadId } = command;
  const params = given(schema, command);
  assertMay(call.caller, 'decide');
  const thread = await server.served.threads.get(await call.allowed('threads', 'read', { thread_id: threadId }), threadId);
  const input = params.input ?? null;
  const waits = thread !== undefined && !thread.governed && Object.values(thread.interrupts).flat().length > 0;
  const { config, checkpointId } = forkOf(params.config ?? undefined);
  return putRun(command, {
    assistant_id: params.assistant_id,
    ...asked(input, waits),
    config,
    metadata: params.metadata,
    multitask_strategy: params.multitask_strategy ?? params.multitaskStrategy,
    langsmith_tracer: params.langsmith_tracer,
    checkpoint_id: checkpointId,
    if_not_exists: 'create',
    protocol: {},
  });
}

export async function putRun({ server, call, threadId }: Command, body: WantedRun): Promise<{ readonly run_id: string }> {
  const [run] = await createRuns(server, askerOf(call), [{ ...body, stream_mode: ['values'] }], threadId);
  if (run === undefined) throw new Error('no run was put');
  return { run_id: run.runId };
}

/** True where a request with this idempotency key has put its run. */
export async function isPut({ server, call }: Command): Promise<boolean> {
  const id = runIdOfKey(call, 0);
  return id !== undefined && (await server.served.queue.get(call.scope, undefined, id)) !== undefined;
}

type Config = z.output<typeof configSchema>;

/** The SDK names the checkpoint to fork from in the config. */
export function forkOf(config: Config | undefined): { readonly config: Config | undefined; readonly checkpointId: string | undefined } {
  const { checkpoint_id: id, ...configurable }: Json = config?.configurable ?? {};
  if (typeof id !== 'string') return { config, checkpointId: undefined };
  return { config: { ...config, configurable }, checkpointId: id };
}
