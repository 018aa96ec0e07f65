/** Protocol v2 on one WebSocket: commands one after the other, and the events of each subscription, at the pace of the client. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Server } from '../../context.ts';
import { type Call, parse } from '../../http/endpoint.ts';
import { problemOf } from '../../http/problem.ts';
import { type CommandAnswer, failure, refusal } from '../commands/answer.ts';
import { type CommandBody, commandSchema } from '../commands/command.ts';
import { dispatch } from '../commands/dispatch.ts';
import { wire } from '../event-stream.ts';
import { type Filter, filterSchema } from '../filter.ts';
import { followThread } from '../follow-thread.ts';
import { createSight } from '../sight.ts';
import type { ServerSocket } from './socket.ts';

const MOST_SUBSCRIPTIONS = 100;
/** Commands that wait for the ones before them. */
const MOST_WAITING = 100;

export interface SocketSession {
  receive(text: string): void;
  close(): void;
}

interface Session {
  readonly server: Server;
  readonly call: Call;
  readonly threadId: string;
  readonly socket: Pick<ServerSocket, 'deliver' | 'close'>;
  readonly subscriptions: Map<string, AbortController>;
}

export function createSocketSession(given: Omit<Session, 'subscriptions'>): SocketSession {
  const session: Session = { ...given, subscriptions: new Map() };
  let waiting = 0;
  let turn: Promise<void> = Promise.resolve();
  return {
    receive: (text) => {
      waiting += 1;
      if (waiting > MOST_WAITING) return session.socket.close(1008, `more than ${MOST_WAITING} commands wait`);
      turn = turn
        .then(() => perform(session, text))
        .catch((error: unknown) => {
          session.server.log('error', `a command of a WebSocket failed: ${String(error)}`);
          session.socket.close(1011, 'internal error');
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    close: () => {
      for (const subscription of session.subscriptions.values()) subscription.abort();
      session.subscriptions.clear();
    },
  };
}

async function perform(session: Session, text: string): Promise<void> {
  const command = read(text);
  if ('type' in command) return tell(session, command);
  if (command.method === 'subscription.subscribe') return subscribe(session, command);
  if (command.method === 'subscription.unsubscribe') return tell(session, unsubscribe(session, command));
  const { server, threadId, call } = session;
  // A run's id may be made of the body.
  const { answer } = await dispatch({ server, call: { ...call, body: command }, threadId, body: command });
  return tell(session, answer);
}

const tell = ({ socket }: Session, answer: CommandAnswer): Promise<void> => socket.deliver(JSON.stringify(answer));

/** The command, or what is wrong with it. */
function read(text: string): CommandBody | CommandAnswer {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return failure(null, 'invalid_argument', 'a command is JSON: { "id", "method", "params" }');
  }
  const id: unknown = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : null;
  try {
    return parse(commandSchema, raw, 'command') as CommandBody; // parsed by this schema
  } catch (error) {
    return refusal(typeof id === 'number' ? id : null, error).answer;
  }
}

/** The answer goes first: the client knows the subscription when its events come. */
async function subscribe(session: Session, { id, params }: CommandBody): Promise<void> {
  const { server, threadId, subscriptions } = session;
  try {
    const filter = parse(filterSchema, params ?? {}, 'subscription.subscribe params') as Filter; // parsed by this schema
    if (subscriptions.size >= MOST_SUBSCRIPTIONS)
      return await tell(
        session,
        failure(id, 'invalid_argument', `${subscriptions.size} subscriptions are open; at most ${MOST_SUBSCRIPTIONS} are`),
      );
    const subscriptionId = randomUUID();
    const ended = new AbortController();
    subscriptions.set(subscriptionId, ended);
    const last = (await server.served.threadEvents.lasts([threadId])).get(threadId) ?? 0;
    const meta = { thread_id: threadId, applied_through_seq: last };
    await tell(session, { type: 'success', id, result: { subscription_id: subscriptionId }, meta });
    void events(session, filter, ended.signal);
  } catch (error) {
    await tell(session, refusal(id, error).answer);
  }
}

/** Never rejects: whoever may read no longer is told so, and goes. */
async function events(session: Session, filter: Filter, signal: AbortSignal): Promise<void> {
  const { server, call, threadId, socket } = session;
  try {
    const isSeen = createSight(server, call, threadId);
    for await (const event of followThread(server, { threadId, filter, isSeen, signal }))
      if (event !== undefined) await socket.deliver(wire(event));
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) server.log('error', `the stream of thread ${threadId} failed: ${String(error)}`);
    socket.close(4000 + (problem?.status ?? 500), problem?.message.slice(0, 100) ?? 'internal error');
  }
}

const unsubscribeSchema = z.strictObject({ subscription_id: z.string() });

function unsubscribe({ subscriptions, threadId }: Session, { id, params }: CommandBody): CommandAnswer {
  const parsed = unsubscribeSchema.safeParse(params ?? {});
  if (!parsed.success)
    return failure(id, 'invalid_argument', 'subscription.unsubscribe params: subscription_id is needed, and nothing else');
  const { subscription_id: named } = parsed.data;
  const subscription = subscriptions.get(named);
  if (subscription === undefined) return failure(id, 'no_such_subscription', `subscription ${named} is not open on this socket`);
  subscription.abort();
  subscriptions.delete(named);
  return { type: 'success', id, result: {}, meta: { thread_id: threadId } };
}
