/** `state.listCheckpoints`: what a thread can be read at and forked from, newest first; the states themselves are asked for one by one. */
import { z } from 'zod';
import type { Json } from '../../../domain/served.ts';
import { needThread, readHistory } from '../../threads/thread-graph.ts';
import type { Command } from './command.ts';
import { given } from './params.ts';

const schema = z.strictObject({
  namespace: z.array(z.string().max(500)).max(50).nullish(),
  limit: z.number().int().min(1).max(1000).default(10),
  /** The id of a checkpoint: those before it. */
  before: z.string().max(500).nullish(),
});

interface Summary {
  readonly id: string;
  readonly timestamp: string;
  readonly step: number;
  readonly metadata: Json;
}

export async function listCheckpoints(command: Command): Promise<{ readonly checkpoints: readonly Summary[] }> {
  const { server, call, threadId } = command;
  const { namespace, limit, before } = given(schema, command);
  const thread = await needThread(server, await call.allowed('threads', 'read', { thread_id: threadId }), threadId);
  const ns = (namespace ?? []).join('|');
  const states = await readHistory(server, thread, {
    limit,
    before: before === null || before === undefined ? undefined : { checkpoint_id: before, checkpoint_ns: ns },
    checkpoint: ns === '' ? undefined : { checkpoint_ns: ns },
  });
  return { checkpoints: states.flatMap(summaryOf) };
}

function summaryOf(state: Record<string, unknown>): Summary[] {
  const { checkpoint_id: id } = (state['checkpoint'] ?? {}) as { readonly checkpoint_id?: unknown }; // as `stateOf` writes it
  const metadata = (state['metadata'] ?? {}) as Json; // LangGraph's own
  const { step } = metadata;
  if (typeof id !== 'string') return [];
  const at = state['created_at'];
  return [{ id, timestamp: typeof at === 'string' ? at : '', step: typeof step === 'number' ? step : 0, metadata }];
}
