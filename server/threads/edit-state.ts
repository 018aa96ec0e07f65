/** Edits of a thread's state: by a person, from a checkpoint, as a node. */
import { Command, END } from '@langchain/langgraph';
import type { z } from 'zod';
import type { Scope, ThreadRow } from '../../domain/served.ts';
import type { threadCreateSchema } from '../api/schemas.ts';
import type { Caller } from '../auth/caller.ts';
import type { ServableGraph, Server } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { placeOf } from '../runs/execute.ts';
import { graphOf, needCheckpoint, placed, servedGraphOf } from './thread-graph.ts';
import { checkpointOf, type Snapshot, standing } from './views.ts';

type Supersteps = NonNullable<z.output<typeof threadCreateSchema>['supersteps']>;

/** @throws Problem 409 while a run is open; 400 without a graph; 403 on a governed thread without the right. */
async function editable(server: Server, caller: Caller, thread: ThreadRow): Promise<ServableGraph> {
  if (thread.status === 'busy') throw new Problem(409, `thread ${thread.threadId} is busy: a run is pending or running`);
  const graph = await graphOf(server, thread);
  if (graph === undefined)
    throw new Problem(400, `thread ${thread.threadId} has no graph: start a run on it first, or give metadata.graph_id`);
  await servedGraphOf(server, thread)?.governs?.assertEditable(caller, thread.threadId);
  return graph;
}

/** The checkpoint that was made. */
export async function updateState(
  server: Server,
  caller: Caller,
  thread: ThreadRow,
  edit: { values: unknown; asNode: string | undefined; at: Record<string, unknown>; scope: Scope },
): Promise<Record<string, unknown>> {
  const keeper = servedGraphOf(server, thread)?.governs;
  // Agent Inbox marks a thread as resolved by it: an end that the graph did not come to.
  if (keeper !== undefined && edit.asNode === END && (edit.values ?? null) === null)
    return keeper.resolve(caller, edit.scope, thread.threadId);
  const graph = await editable(server, caller, thread);
  await needCheckpoint(server, thread.threadId, edit.at);
  const governs = servedGraphOf(server, thread)?.governs;
  if (governs !== undefined) {
    const checkpointId = edit.at['checkpoint_id'];
    const { values, asNode } = edit;
    const at = typeof checkpointId === 'string' ? { checkpointId } : {};
    return { checkpoint: await governs.edit(caller, thread.threadId, { values, asNode, ...at }) };
  }
  const config = { configurable: { ...placed(edit.at), thread_id: thread.threadId } };
  return edited(server, thread, graph, () => graph.updateState(config, edit.values, edit.asNode));
}

export async function applySupersteps(server: Server, caller: Caller, thread: ThreadRow, supersteps: Supersteps): Promise<void> {
  const graph = await editable(server, caller, thread);
  if (servedGraphOf(server, thread)?.governs !== undefined) throw new Problem(422, 'supersteps: a governed thread begins with its goal');
  const nodes = Object.keys(graph.nodes);
  const steps = () =>
    supersteps.map(({ updates }) => ({
      updates: updates.map((update) => ({
        values: update.command === null || update.command === undefined ? update.values : commandOf(update.command, nodes),
        asNode: update.as_node ?? undefined,
      })),
    }));
  await edited(server, thread, graph, async () => graph.bulkUpdateState({ configurable: { thread_id: thread.threadId } }, steps()));
}

function commandOf(
  { update, resume, goto }: NonNullable<Supersteps[number]['updates'][number]['command']>,
  nodes: readonly string[],
): Command {
  return new Command({
    ...(update === null || update === undefined ? {} : { update: update as Record<string, unknown> }), // checked by the schema
    ...(resume === undefined ? {} : { resume }),
    ...(goto === null || goto === undefined ? {} : { goto: [goto].flat().map((place) => placeOf(place, nodes)) }),
  });
}

async function edited(
  server: Server,
  thread: ThreadRow,
  graph: ServableGraph,
  work: () => Promise<unknown>,
): Promise<Record<string, unknown>> {
  let config: unknown;
  try {
    config = await work();
  } catch (error) {
    // What LangGraph refuses is the caller's to mend: an unknown node, values that the channels do not take.
    if (error instanceof Error && /InvalidUpdate|GraphValidation|^Error$|TypeError|ZodError/.test(error.name))
      throw new Problem(422, error.message);
    throw error;
  }
  const snapshot = (await graph.getState({ configurable: { thread_id: thread.threadId } })) as Snapshot; // LangGraph's own
  await server.served.threads.settle(thread.threadId, standing(snapshot));
  return { checkpoint: checkpointOf(config) };
}
