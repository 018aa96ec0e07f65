/** Runs against imitations of model endpoints that refuse what the real ones refuse; they answer by the x-governor-* headers and bill by a count of their own. */
import { expect } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import {
  type DialectName,
  type DialectOptions,
  type DialectServer,
  type Fault,
  type Recorded,
  startDialect,
  type Turn,
} from '../dialects/server.ts';
import { SAID } from '../models/dialect-world.ts';
import { makeWorld, type Reply, type World } from './world.ts';

/** Dollars per million tokens, so micro-dollars per token. */
export const PRICE = { input: 2, cachedInput: 0.5, output: 8 } as const;
export type Price = Readonly<Record<keyof typeof PRICE, number>>;

/** A reply that can also go wrong. */
export type Scene = Reply & { readonly fault?: Fault };

/** The variable that holds the imitations' key; `walk.mjs` hands it on. */
export const KEY_NAME = 'IMITATION_KEY';

const OUTPUT_TOKENS = 4096;

/** `lead 1.3`, with the agent's id for a sub-agent. */
export function nameOf({ headers }: Pick<Recorded, 'headers'>): string {
  const { 'x-governor-role': role, 'x-governor-agent': agent = '-' } = headers;
  return `${role === 'worker' ? agent : role} ${headers['x-governor-attempt']}.${headers['x-governor-call']}`;
}

const nameOfReply = ({ role, agent, attempt, call }: Reply): string => `${role === 'worker' ? agent : role} ${attempt}.${call}`;

/** Turns by who asks. `faultOf` is asked first. */
export function turnsOf(replies: readonly Scene[], faultOf: (name: string) => Fault | undefined = () => undefined) {
  const byName = new Map(replies.map((reply) => [nameOfReply(reply), reply]));
  return (_nth: number, recorded: Recorded): Turn => {
    const name = nameOf(recorded);
    const reply = byName.get(name);
    if (reply === undefined) throw new Error(`no reply for ${name}`);
    const fault = faultOf(name) ?? reply.fault;
    return {
      ...(reply.text === undefined ? {} : { text: reply.text }),
      calls: (reply.tools ?? []).map((call) => ({ name: call.name, arguments: call.arguments })),
      ...(fault === undefined ? {} : { fault }),
    };
  };
}

/** OpenAI's chat completions refuse tools with an effort; that is what Responses are for. */
const takesEffort = (name: DialectName): boolean => name !== 'openai-chat' && name !== 'azure';

/** What `governor.yaml` says of a model at this endpoint. */
export function modelAt(name: DialectName, server: DialectServer, more: object = {}): object {
  return {
    ...SAID[name],
    model: server.model,
    baseUrl: server.baseUrl,
    apiKey: `secret://env/${KEY_NAME}`,
    ...(takesEffort(name) ? { reasoningEffort: 'medium' } : {}),
    ...more,
  };
}

/** The parts of `governor.yaml` that send every role to one model; `more` goes over them. */
export function strictConfig(model: object, server: DialectServer, more: { models?: object; prices?: object; limits?: object } = {}) {
  return {
    models: { planner: model, lead: model, critic: model, ...more.models },
    prices: { [server.model]: PRICE, ...more.prices },
    limits: { maxOutputTokens: OUTPUT_TOKENS, ...more.limits },
  };
}

export interface Stand {
  readonly server: DialectServer;
  readonly world: World;
  readonly operations: Operations;
}

/** Endpoints, worlds and their operations, closed after each test. */
export function stands() {
  const open: (() => Promise<void> | void)[] = [];
  return {
    async serve(name: DialectName, options: DialectOptions): Promise<DialectServer> {
      const server = await startDialect(name, { reasoning: true, ...options });
      open.push(() => server.close());
      return server;
    },
    async over(server: DialectServer, config: object, files: Readonly<Record<string, string | Buffer>> = {}): Promise<Stand> {
      const world = makeWorld({ config, files, env: { [KEY_NAME]: server.apiKey } });
      open.push(() => world.dispose());
      const operations = await world.open();
      open.push(() => operations.close());
      return { server, world, operations };
    },
    async close(): Promise<void> {
      for (const end of open.splice(0).toReversed()) await end();
    },
  };
}

/** Micro-dollars by the server's own count. */
export const billedBy = (requests: readonly Recorded[], price: Price = PRICE): number =>
  requests.reduce(
    (sum, { billed }) =>
      sum + (billed.input - billed.cachedInput) * price.input + billed.cachedInput * price.cachedInput + billed.output * price.output,
    0,
  );

/** No validator turned a request away. */
export function expectNoRefusal(requests: readonly Recorded[]): void {
  expect(requests.flatMap((one) => (one.rule === undefined ? [] : [`${nameOf(one)}: ${one.rule} ${one.raw.slice(-1500)}`]))).toEqual([]);
}

/** Every answer on the record has the usage that the server counted. */
export async function expectExactUsage({ operations }: Pick<Stand, 'operations'>, threadId: string, requests: readonly Recorded[]) {
  const told = (await operations.audit(threadId)).flatMap(({ action, facts }) =>
    action === 'model-answer' ? [facts?.['usage'] as { inputTokens: number; outputTokens: number }] : [],
  );
  const counted = requests.filter((one) => one.status === 200 && one.fault === undefined).map(({ billed }) => billed);
  expect(told.map((usage) => [usage.inputTokens, usage.outputTokens])).toEqual(counted.map((one) => [one.input, one.output]));
}
