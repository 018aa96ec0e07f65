/** `input.respond`: answers one interrupt that waits, or several of them in one run; at a gate it is that gate's decision by the caller. */
import { z } from 'zod';
import type { ThreadRow } from '../../../domain/served.ts';
import { commandMembers, configSchema, runCreateSchema } from '../../api/schemas.ts';
import { assertMay } from '../../auth/caller.ts';
import { needThread, viewOf } from '../../threads/thread-graph.ts';
import { CommandError } from './answer.ts';
import type { Command } from './command.ts';
import { lastAssistant } from './last-assistant.ts';
import { given } from './params.ts';
import { forkOf, isPut, putRun } from './run-start.ts';

const MOST_ANSWERS = 1000;
const one = {
  /** Interrupts are told apart by their ids; where one was raised says nothing more. */
  namespace: z.array(z.string()).nullish(),
  interrupt_id: z.string().min(1).max(500),
  response: z.unknown(),
};
const common = {
  ...commandMembers,
  config: configSchema.nullish(),
  metadata: runCreateSchema.shape.metadata,
  /** This server always refuses an answer to what does not wait. */
  strict_resume: z.boolean().nullish(),
};
const schema = z.union([
  z.strictObject({ responses: z.array(z.strictObject(one)).min(1).max(MOST_ANSWERS), ...common }),
  z.strictObject({ ...one, ...common }),
]);

export async function inputRespond(command: Command): Promise<Record<string, never>> {
  const { server, call, threadId } = command;
  const params = given(schema, command);
  assertMay(call.caller, 'decide');
  const scope = await call.allowed('threads', 'read', { thread_id: threadId });
  const thread = await needThread(server, scope, threadId);
  const answers = 'responses' in params ? params.responses : [params];
  const ids = answers.map((answer) => answer.interrupt_id);
  if (new Set(ids).size < ids.length)
    throw new CommandError('invalid_argument', `responses: an interrupt is answered once; got ${ids.join(', ')}`);
  // The very same command answered before, and its answer was not kept: nothing waits any more.
  if (await isPut(command)) return {};
  await assertWaits(command, thread, ids);
  const { config, checkpointId } = forkOf(params.config ?? undefined);
  await putRun(command, {
    assistant_id: await lastAssistant(command, scope, thread),
    command: {
      resume: Object.fromEntries(answers.map((answer) => [answer.interrupt_id, answer.response ?? null])),
      ...(params.update === null || params.update === undefined ? {} : { update: params.update }),
      ...(params.goto === null || params.goto === undefined ? {} : { goto: params.goto }),
    },
    config,
    metadata: params.metadata,
    checkpoint_id: checkpointId,
    // Of two answers at once one is taken: the other finds its run.
    multitask_strategy: 'reject',
    protocol: { answered: ids },
  });
  return {};
}

/** @throws CommandError `no_such_interrupt` naming what waits. */
async function assertWaits({ server, threadId }: Command, thread: ThreadRow, ids: readonly string[]): Promise<void> {
  const { interrupts } = await viewOf(server, thread);
  // While a run is open the row has what waited before it.
  const waiting = Object.values(thread.status === 'busy' ? {} : (interrupts as ThreadRow['interrupts'])) // as `threadView` writes it
    .flat()
    .map((asked) => String((asked as { readonly id?: unknown }).id)); // LangGraph's own
  const unknown = ids.filter((id) => !waiting.includes(id));
  if (unknown.length === 0) return;
  const what = waiting.length === 0 ? `nothing waits for an answer; it is ${thread.status}` : `what waits is ${waiting.join(', ')}`;
  throw new CommandError('no_such_interrupt', `thread ${threadId}: interrupt ${unknown.join(', ')} does not wait; ${what}`);
}
