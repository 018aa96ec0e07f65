/** Which assistant a command goes on with that names none. */
import type { Scope, ThreadRow } from '../../../domain/served.ts';
import { CommandError } from './answer.ts';
import type { Command } from './command.ts';

/** Of the last run; a thread that never had one here says itself which graph it is on. @throws CommandError `no_such_run`. */
export async function lastAssistant({ server, threadId }: Command, scope: Scope, thread: ThreadRow): Promise<string> {
  const [last] = await server.served.queue.list(scope, threadId, { limit: 1, offset: 0 });
  const named = last?.assistantId ?? thread.metadata['assistant_id'] ?? thread.metadata['graph_id'];
  if (typeof named === 'string') return named;
  throw new CommandError('no_such_run', `thread ${threadId}: no run was ever on it; send run.start first`);
}
