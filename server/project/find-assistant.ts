/** How routes and runs find an assistant. */
import type { AssistantRow, Scope } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { uuid } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { systemAssistantId } from './assistant-id.ts';

const UUID = uuid('assistant_id');

/**
 * By its id, or the system's own by the name of its graph.
 * @throws Problem 404, in the dev server's words: clients match them.
 */
export async function findAssistant(server: Server, scope: Scope, idOrName: string): Promise<AssistantRow> {
  const row = await assistantOf(server, scope, idOrName);
  if (row !== undefined) return row;
  throw new Problem(
    404,
    `No assistant found for ${JSON.stringify(idOrName)}. Make sure the assistant ID is for a valid assistant or a valid graph ID.`,
  );
}

export async function assistantOf(server: Server, scope: Scope, idOrName: string): Promise<AssistantRow | undefined> {
  const id = server.graphs.has(idOrName) ? systemAssistantId(idOrName) : UUID.safeParse(idOrName).data;
  return id === undefined ? undefined : server.served.assistants.get(scope, id);
}
