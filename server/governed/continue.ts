/** Puts a run that only goes on with a governed thread, after a person has decided. */
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import type { RunRow } from '../../domain/ports.ts';
import type { Scope, ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { systemAssistantId } from '../project/assistant-id.ts';
import { GOVERNOR } from './graph.ts';

/** Whoever joins it did not choose its modes: it tells the agents' words too. @throws ServedError `missing` where the scope does not see the thread. */
export async function continueRun(server: Server, scope: Scope, row: RunRow): Promise<ServedRun | undefined> {
  const assistantId = systemAssistantId(GOVERNOR);
  const [run] = await server.served.queue.put(scope, [
    {
      runId: uuidv7(),
      threadId: row.threadId,
      assistantId,
      metadata: {},
      kwargs: { input: null, stream_mode: ['values', 'custom', 'messages-tuple'], subgraphs: false, governed: { epoch: row.epoch } },
      caller: {},
      multitask: 'enqueue',
      temporary: false,
      afterMs: 0,
      ifNotExists: 'reject',
      threadMetadata: { graph_id: GOVERNOR, assistant_id: assistantId },
      threadConfig: {},
    },
  ]);
  server.poke();
  return run;
}
