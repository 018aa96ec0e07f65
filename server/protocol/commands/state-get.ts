/** `state.get`: the values of a thread now, or of a subgraph that waits in it. */
import { z } from 'zod';
import { needThread, readState } from '../../threads/thread-graph.ts';
import { CommandError } from './answer.ts';
import type { Command } from './command.ts';
import { given } from './params.ts';

const schema = z.strictObject({
  namespace: z.array(z.string().max(500)).max(50).nullish(),
  keys: z.array(z.string()).max(1000).nullish(),
});

interface Answer {
  readonly values: unknown;
  readonly checkpoint?: { readonly id: string; readonly ns?: string };
}

export async function stateGet(command: Command): Promise<Answer> {
  const { server, call, threadId } = command;
  const { namespace, keys } = given(schema, command);
  const thread = await needThread(server, await call.allowed('threads', 'read', { thread_id: threadId }), threadId);
  const ns = (namespace ?? []).join('|');
  const { values, checkpoint } = await readState(server, thread, ns === '' ? {} : { checkpoint_ns: ns }, false);
  const { checkpoint_id: id } = (checkpoint ?? {}) as { readonly checkpoint_id?: unknown }; // as `stateOf` writes it
  if (ns !== '' && typeof id !== 'string') throw new CommandError('no_such_namespace', `thread ${threadId}: has no subgraph at ${ns}`);
  const shown = keys === null || keys === undefined || typeof values !== 'object' || values === null ? values : picked(values, keys);
  return { values: shown, ...(typeof id === 'string' ? { checkpoint: { id, ...(ns === '' ? { ns: '' } : { ns }) } } : {}) };
}

const picked = (values: object, keys: readonly string[]): unknown =>
  Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
