/** Edits of a governed thread's state: for those who may, under the thread's own lease, and on the record. Consent is not in the state. */
import { Command } from '@langchain/langgraph';
import { toError } from '../../domain/errors.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Caller } from '../auth/caller.ts';
import { Problem } from '../http/problem.ts';
import type { StateEdit } from '../project/governs.ts';
import { type Configured, checkpointOf } from '../threads/views.ts';
import { assertGlassBroken } from './break-glass.ts';
import { type Governed, latestState } from './graph.ts';

/** A jump is written as the answer of the node that leads nowhere else. */
const LAST = 'halt';

/**
 * Writes a checkpoint and leaves the thread to be gone on with; nothing runs here. Whatever it says, a gate reads its record and the
 * deployer compares what was approved. @throws Problem 403, 422; UsageError `THREAD_BUSY`.
 */
export async function editGoverned(
  governed: Governed,
  caller: Caller,
  threadId: string,
  edit: StateEdit,
): Promise<ReturnType<typeof checkpointOf>> {
  await assertGlassBroken(governed, caller, threadId);
  const { runtime } = governed;
  const { runs, audit } = runtime.stores;
  const [graph, saver] = await Promise.all([governed.graph(), runtime.stores.saver()]);
  await audit.assertTail();
  for (const node of [edit.asNode, edit.goto])
    if (node !== undefined && !Object.hasOwn(graph.nodes, node) && node !== '__end__')
      throw new Problem(422, `node ${JSON.stringify(node)}: the graph has ${Object.keys(graph.nodes).join(', ')}`);
  const fence = await runs.acquire(threadId);
  saver.guard(fence);
  try {
    await audit.append({
      threadId,
      actor: caller.person.id,
      action: 'state-edit',
      facts: {
        as_node: edit.asNode ?? null,
        goto: edit.goto ?? null,
        checkpoint: edit.checkpointId ?? null,
        members: typeof edit.values === 'object' && edit.values !== null ? Object.keys(edit.values).slice(0, 50) : [],
      },
    });
    const at = { configurable: { thread_id: threadId, ...(edit.checkpointId === undefined ? {} : { checkpoint_id: edit.checkpointId }) } };
    const head: unknown = (await latestState(governed, threadId)).config.configurable?.['checkpoint_id'];
    const config = await written(graph, at, edit);
    // Clients name the newest checkpoint with every request; only another one is a fork.
    if (edit.checkpointId !== undefined && edit.checkpointId !== head)
      await operationsOf(runtime, caller.person).forked(threadId, edit.checkpointId);
    await runs.update(fence, { status: 'running', reason: null, interruptId: null });
    return checkpointOf(config);
  } finally {
    saver.unguard(threadId);
    await runs.release(fence);
  }
}

async function written(graph: Awaited<ReturnType<Governed['graph']>>, at: Configured, edit: StateEdit): Promise<unknown> {
  const values = edit.values as Record<string, unknown> | null | undefined; // LangGraph drops what is no channel of the graph
  try {
    if (edit.goto !== undefined) {
      const jump = new Command({ goto: edit.goto, ...(values === null || values === undefined ? {} : { update: values }) });
      return await graph.updateState(at, jump as never, edit.asNode ?? LAST); // LangGraph takes a command as a node's answer
    }
    return await graph.updateState(
      at,
      (values ?? null) as never,
      edit.asNode ?? (values === null || values === undefined ? '__copy__' : undefined),
    ); // any of its channels
  } catch (error) {
    throw new Problem(422, `the state cannot be edited like this: ${toError(error).message.slice(0, 300)}`);
  }
}
