/** A repository that servers know as `shop`, with an independent model endpoint: what governed threads over HTTP stand on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoint, endpointConfig, openEndpoint } from './endpoint.ts';
import { HAPPY, makeWorld, type Reply, type World } from './world.ts';

/** The configuration that serves our own graphs. */
export const LANGGRAPH_JSON = new URL('../../langgraph.json', import.meta.url).pathname;
/** The key of the endpoint, as a server's environment has it. */
export const KEY = { OPENAI_API_KEY: 'sk-test-key' };
export const GOAL = 'Add a product function with a test';

export interface Shop {
  readonly world: World;
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

interface ShopOptions {
  readonly replies?: readonly Reply[];
  /** Goes over the `governor.yaml` of the repository. */
  readonly config?: object;
  /** Of the operations that the world opens; a server has its own. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const endpoint = await openEndpoint(options.replies ?? HAPPY);
  const world = makeWorld({ config: { ...endpointConfig(endpoint.baseUrl), ...options.config }, env: options.env ?? {} });
  mkdirSync(world.home, { recursive: true });
  writeFileSync(join(world.home, 'operator.yaml'), `repositories:\n  shop: ${world.repo}\n`);
  return {
    world,
    endpoint,
    close: async () => {
      await endpoint.close();
      world.dispose();
    },
  };
}
