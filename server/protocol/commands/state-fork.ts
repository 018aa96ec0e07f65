/** `state.fork`: a run of the thread that begins at one of its checkpoints, with an input or without one. */
import { z } from 'zod';
import { configSchema } from '../../api/schemas.ts';
import { assertMay } from '../../auth/caller.ts';
import { needThread } from '../../threads/thread-graph.ts';
import { CommandError } from './answer.ts';
import type { Command } from './command.ts';
import { lastAssistant } from './last-assistant.ts';
import { given } from './params.ts';
import { putRun } from './run-start.ts';

const schema = z.strictObject({
  checkpoint_id: z.string().min(1).max(500),
  input: z.unknown().optional(),
  config: configSchema.nullish(),
});

/** On a governed thread a fork is an edit, with its rights; what it goes on with is what was stored, never another input. */
export async function stateFork(command: Command): Promise<{ readonly run_id: string; readonly thread_id: string }> {
  const { server, call, threadId } = command;
  const { checkpoint_id: checkpointId, input, config } = given(schema, command);
  assertMay(call.caller, 'run');
  const scope = await call.allowed('threads', 'read', { thread_id: threadId });
  const thread = await needThread(server, scope, threadId);
  if (thread.governed && (input ?? null) !== null)
    throw new CommandError('invalid_argument', `input: thread ${threadId} is governed, and takes no other input; fork it without one`);
  const assistantId = await lastAssistant(command, scope, thread);
  const { run_id } = await putRun(command, {
    assistant_id: assistantId,
    input: input ?? null,
    config: config ?? undefined,
    checkpoint_id: checkpointId,
    protocol: {},
  });
  return { run_id, thread_id: threadId };
}
