/** Does a command, and answers it; whether it came over HTTP or over a socket. */
import type { Problem } from '../../http/problem.ts';
import { agentTree } from './agent-tree.ts';
import { type CommandAnswer, CommandError, refusal } from './answer.ts';
import type { Command } from './command.ts';
import { inputRespond } from './input-respond.ts';
import { listCheckpoints } from './list-checkpoints.ts';
import { runStart } from './run-start.ts';
import { stateFork } from './state-fork.ts';
import { stateGet } from './state-get.ts';

const COMMANDS: Readonly<Record<string, (command: Command) => Promise<unknown>>> = {
  'run.start': runStart,
  'input.respond': inputRespond,
  'state.get': stateGet,
  'state.listCheckpoints': listCheckpoints,
  'state.fork': stateFork,
  'agent.getTree': agentTree,
};

/** What the protocol has and this server does by other means. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'input.inject': 'a graph takes no message while it runs; send run.start with the input, which waits its turn',
  'subscription.subscribe': 'over HTTP, POST /threads/{thread_id}/stream/events is the subscription',
  'subscription.unsubscribe': 'over HTTP, closing the stream ends the subscription',
  'subscription.reconnect': 'subscribe again: everything that is kept is replayed, with the same event ids',
};

/** `problem`: the status that it has over HTTP. @throws what is a fault of ours. */
export async function dispatch(command: Command): Promise<{ readonly answer: CommandAnswer; readonly problem?: Problem | undefined }> {
  const { server, threadId, body } = command;
  const { id, method } = body;
  try {
    const perform = Object.hasOwn(COMMANDS, method) ? COMMANDS[method] : undefined;
    if (perform === undefined) throw notKnown(method);
    const result = await perform(command);
    const last = (await server.served.threadEvents.lasts([threadId])).get(threadId) ?? 0;
    return { answer: { type: 'success', id, result, meta: { thread_id: threadId, applied_through_seq: last } } };
  } catch (error) {
    return refusal(id, error);
  }
}

function notKnown(method: string): CommandError {
  const instead = Object.hasOwn(ELSEWHERE, method) ? ELSEWHERE[method] : undefined;
  if (instead !== undefined) return new CommandError('not_supported', `${method}: is not a command here; ${instead}`);
  return new CommandError('unknown_command', `method: ${JSON.stringify(method)} is none of ${Object.keys(COMMANDS).join(', ')}`);
}
