/** `/governor/threads/{id}/comments`: what people say to the agents at work, and who has heard it. It decides nothing. */
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';
import { MAX_TOLD_BYTES } from '../../domain/told.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { ToldView } from '../../runtime/options.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { changed, params, seen, tag } from './thread-rows.ts';

const commentBody = z
  .strictObject({
    text: z.string().min(1).describe(`What the agents at work hear before their next request; at most ${MAX_TOLD_BYTES} bytes.`),
    agent: z.string().optional().describe('Only this one: planner, lead, critic, or a sub-agent such as w1.2.'),
  })
  .meta({ id: 'GovernorComment' });

export const commentEndpoints = (server: Server): readonly Endpoint[] => [listComments(server), addComment(server)];

const listComments = (server: Server): Endpoint =>
  endpoint(
    'get',
    '/governor/threads/{thread_id}/comments',
    { tag, summary: 'What people said to its agents, and who has heard it', permission: 'read', params },
    async (call) => json((await operationsOf(server.runtime).told(await seen(server, call))).map(commentView)),
  );

function addComment(server: Server): Endpoint {
  const declared = {
    tag,
    summary: 'Say something to the agents at work; approves nothing',
    permission: 'run',
    params,
    body: commentBody,
  } as const;
  return endpoint('post', '/governor/threads/{thread_id}/comments', declared, async (call) => {
    const { row } = await changed(server, call);
    const { text, agent } = call.body;
    try {
      const told = await operationsOf(server.runtime, call.caller.person).tell(row, { text, ...(agent === undefined ? {} : { agent }) });
      return json(commentView(told));
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'USAGE') throw error;
      const isOver =
        ['released', 'unchanged', 'rolled_back'].includes(row.status) || (row.status === 'stopped' && row.reason?.resumable !== true);
      throw new Problem(isOver ? 409 : 422, error.message.replace(/^tell: /, '').replaceAll('--agent', 'agent'));
    }
  });
}

const commentView = ({ id, ...told }: ToldView) => ({ comment_id: id, ...told });
