/** A real repository behind a real server, with an independent model endpoint, as a front end meets them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, type TestServer } from '../server/serving.ts';
import { type Endpoint, endpointConfig, openEndpoint } from '../story/endpoint.ts';
import { makeWorld, type Reply, type World } from '../story/world.ts';

export interface GovernedWorld {
  readonly world: World;
  readonly endpoint: Endpoint;
  readonly server: TestServer;
  /** From the audit trail of one thread. */
  audit(threadId: string): Promise<readonly { readonly action: string; readonly actor: string; readonly facts: unknown }[]>;
  close(): Promise<void>;
}

/** The repository is `shop` to the server; `config` goes over its `governor.yaml`. */
export async function openGovernedWorld(replies: readonly Reply[], config: object = {}): Promise<GovernedWorld> {
  const endpoint = await openEndpoint(replies);
  const world = makeWorld({ config: { ...endpointConfig(endpoint.baseUrl), ...config } });
  mkdirSync(world.home, { recursive: true });
  writeFileSync(join(world.home, 'operator.yaml'), `repositories:\n  shop: ${world.repo}\n`);
  const server = await startServer({
    home: world.home,
    config: new URL('../../langgraph.json', import.meta.url).pathname,
    env: { OPENAI_API_KEY: 'sk-test-key' },
  });
  return {
    world,
    endpoint,
    server,
    audit: async (threadId) => {
      const { status, body } = await server.send('GET', `/governor/threads/${threadId}/audit`);
      if (status !== 200 || !Array.isArray(body)) throw new Error(`the audit trail: ${status} ${JSON.stringify(body)}`);
      return body;
    },
    close: async () => {
      await server.stop();
      await endpoint.close();
      world.dispose();
    },
  };
}
