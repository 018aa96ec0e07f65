/** A real repository behind a real server, with an independent model endpoint, as a front end meets them. */
import { Client } from '@langchain/langgraph-sdk';
import { startServer } from '../server/serving.ts';
import { KEY, LANGGRAPH_JSON, openShop, type Shop } from '../story/shop.ts';
import type { Reply } from '../story/world.ts';

/** A server over a home, wherever it runs. */
export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

export interface GovernedWorld<Server extends Served = Served> extends Shop {
  readonly server: Server;
  readonly client: Client;
  /** The nodes that the run's kept stream tells of, in their order. */
  nodesOf(threadId: string, runId: string): Promise<string[]>;
  /** The audit trail of one thread. */
  audit(threadId: string): Promise<readonly { readonly action: string; readonly actor: string; readonly facts: unknown }[]>;
}

export const inThisProcess = (home: string): Promise<Served> => startServer({ home, config: LANGGRAPH_JSON, env: KEY });

/** The repository is `shop` to the server; `config` goes over its `governor.yaml`. */
export async function openGovernedWorld<Server extends Served>(
  replies: readonly Reply[],
  config: object,
  start: (home: string) => Promise<Server>,
): Promise<GovernedWorld<Server>> {
  const shop = await openShop({ replies, config });
  const server = await start(shop.world.home);
  const client = new Client({ apiUrl: server.url, apiKey: null });
  return {
    ...shop,
    server,
    client,
    nodesOf: async (threadId, runId) => {
      const nodes: string[] = [];
      for await (const part of client.runs.joinStream(threadId, runId, { lastEventId: '-1' }))
        if (part.event === 'updates') nodes.push(...Object.keys(Object(part.data)));
      return nodes;
    },
    audit: async (threadId) => {
      const response = await fetch(`${server.url}/governor/threads/${threadId}/audit`);
      if (!response.ok) throw new Error(`the audit trail: ${response.status} ${await response.text()}`);
      return response.json();
    },
    close: async () => {
      await server.stop();
      await shop.close();
    },
  };
}
