/** `agent.getTree`: which graphs a run went through and how each stands, from the events that are kept of it. */
import { z } from 'zod';
import { uuid } from '../../http/endpoint.ts';
import { needThread } from '../../threads/thread-graph.ts';
import { CommandError } from './answer.ts';
import type { Command } from './command.ts';
import { given } from './params.ts';

/** Lifecycle events that are looked at. */
const MOST = 10_000;
const PAGE_CHARACTERS = 4 * 1024 * 1024;
const schema = z.strictObject({ run_id: uuid('run_id').nullish() });
const told = z.looseObject({ data: z.looseObject({ event: z.string(), graph_name: z.string().optional() }) });

export interface TreeNode {
  readonly namespace: readonly string[];
  status: string;
  readonly graph_name: string;
  readonly children?: TreeNode[];
}

export async function agentTree(command: Command): Promise<{ readonly tree: TreeNode }> {
  const { server, call, threadId } = command;
  const { run_id: asked } = given(schema, command);
  const scope = await call.allowed('threads', 'read', { thread_id: threadId });
  await needThread(server, scope, threadId);
  const [last] = await server.served.queue.list(scope, threadId, { limit: 1, offset: 0 });
  const run = asked === null || asked === undefined ? last : await server.served.queue.get(scope, threadId, asked);
  if (run === undefined)
    throw new CommandError(
      'no_such_run',
      `thread ${threadId}: ${asked === null || asked === undefined ? 'no run was on it' : `has no run ${asked}`}`,
    );
  const events = await server.served.threadEvents.read(threadId, {
    after: 0,
    through: Number.MAX_SAFE_INTEGER,
    channels: ['lifecycle'],
    runId: run.runId,
    limit: MOST,
    maxCharacters: PAGE_CHARACTERS,
  });
  const nodes = new Map<string, TreeNode>([['[]', { namespace: [], status: 'started', graph_name: 'root', children: [] }]]);
  for (const { namespace, params } of events) {
    const { data } = told.parse(JSON.parse(params));
    place(nodes, namespace, { status: data.event, graphName: data.graph_name });
  }
  return { tree: plain(nodes.get('[]') as TreeNode) }; // put above
}

/** A namespace whose parent was not told of makes its parent. */
function place(
  nodes: Map<string, TreeNode>,
  namespace: readonly string[],
  { status, graphName }: { readonly status: string; readonly graphName: string | undefined },
): TreeNode {
  const key = JSON.stringify(namespace);
  const known = nodes.get(key);
  if (known !== undefined && (namespace.length > 0 || graphName === undefined || known.graph_name === graphName)) {
    known.status = status;
    return known;
  }
  const node: TreeNode = {
    namespace,
    status,
    graph_name: graphName ?? namespace.at(-1)?.split(':', 1)[0] ?? 'root',
    children: known?.children ?? [],
  };
  nodes.set(key, node);
  if (namespace.length > 0) {
    const above = namespace.slice(0, -1);
    (nodes.get(JSON.stringify(above)) ?? place(nodes, above, { status: 'started', graphName: undefined })).children?.push(node);
  }
  return node;
}

/** No empty lists of children, as the official server tells it. */
function plain({ children, ...node }: TreeNode): TreeNode {
  return { ...node, ...(children === undefined || children.length === 0 ? {} : { children: children.map(plain) }) };
}
