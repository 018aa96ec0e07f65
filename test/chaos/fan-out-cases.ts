/**
 * Random fan-outs against an independent model server: prices, usages that lie, failures, crashes, take-overs. The server counts what
 * it answered and what that costs by its own price list; the ledger must never have allowed more than its caps.
 */
import { type Account, costOf, type Price, type Usage } from '../../domain/budget.ts';
import { configSchema } from '../../domain/config.ts';
import { ProviderError } from '../../domain/errors.ts';
import type { ChatAnswer, ChatModel, Fence } from '../../domain/ports.ts';
import { accountsOf } from '../../nodes/agent-spec.ts';
import { type Home, leased, makeHome, threadOf } from '../checkpoints/home.ts';
import { type Chance, chanceOf } from '../dice.ts';
import { fakeSession } from '../fakes/session.ts';
import { askOf, Crash, type Death, doorOver, fakeModel, inPlaces, workerCall } from '../models/asks.ts';

export interface CaseEnd {
  readonly seed: number;
  /** What was wrong; empty when every cap held. */
  readonly wrong: readonly string[];
  readonly crashes: number;
  readonly refusals: number;
}

/** The independent server: answers, fails, lies about usage, and keeps its own books. */
function serverOf(random: Chance, price: Price) {
  const books = { answered: 0, costMicroUsd: 0, tokens: 0 };
  /** By the name that each request begins with. */
  const bills = new Map<string, Bill>();
  const death: Death = { at: random.chance(60) ? random.between(1, 20) : 0, billed: random.chance(50), requests: 0 };
  const honest = random.chance(70);
  const complete = async (request: Parameters<ChatModel['complete']>[0]): Promise<ChatAnswer> => {
    await new Promise((turn) => setImmediate(turn));
    death.requests += 1;
    const dies = death.requests === death.at;
    if (dies && !death.billed) throw new Crash();
    if (random.chance(12))
      throw new ProviderError('a fault', { fault: random.chance(50) ? 'overloaded' : 'refused', status: random.chance(50) ? 503 : 400 });
    const worst = { inputTokens: Buffer.byteLength(JSON.stringify(request.messages)), outputTokens: request.maxOutputTokens };
    const used: Usage = {
      inputTokens: random.between(1, worst.inputTokens),
      outputTokens: random.between(1, worst.outputTokens),
      cachedInputTokens: 0,
    };
    books.answered += 1;
    books.costMicroUsd += costOf(price, used);
    books.tokens += used.inputTokens + used.outputTokens;
    const [name = ''] = String(request.messages[0]?.content).split(':');
    const { calls, costMicroUsd } = bills.get(name) ?? { calls: 0, costMicroUsd: 0 };
    bills.set(name, { calls: calls + 1, costMicroUsd: costMicroUsd + costOf(price, used) });
    if (dies) throw new Crash();
    const lies: ChatAnswer['usage'][] = [undefined, {}, { inputTokens: 0, outputTokens: 0 }, { inputTokens: -5, outputTokens: Number.NaN }];
    const usage = honest || random.chance(60) ? used : lies[random.below(lies.length)];
    return { text: `answer ${books.answered}`, toolCalls: [], usage, finish: 'stop', canned: false };
  };
  const model = fakeModel(complete, { countInput: (request) => Buffer.byteLength(JSON.stringify(request.messages)) });
  return { model, books, bills, death };
}

interface Bill {
  readonly calls: number;
  readonly costMicroUsd: number;
}

const nameOf = (agent: number): string => `agent ${agent}`;

/** Who started whom: some are sub-agents of an earlier one, down to so many levels. */
function parentsOf(random: Chance, agents: number, levels: number): (number | undefined)[] {
  const depths: number[] = [];
  return Array.from({ length: agents }, (_none, agent) => {
    const above = levels > 1 && agent > 0 && random.chance(70) ? random.below(agent) : undefined;
    const parent = above !== undefined && (depths[above] ?? levels) < levels ? above : undefined;
    depths.push(parent === undefined ? 1 : (depths[parent] ?? 0) + 1);
    return parent;
  });
}

/** An agent and all who stand under it. */
function familyOf(agent: number, parents: readonly (number | undefined)[]): number[] {
  return [agent, ...parents.flatMap((parent, child) => (parent === agent ? familyOf(child, parents) : []))];
}

/** Does the server bill a family more than its account allows? */
function passedBy({
  accounts,
  parents,
  bills,
}: {
  readonly accounts: readonly Account[];
  readonly parents: readonly (number | undefined)[];
  readonly bills: ReadonlyMap<string, Bill>;
}): string[] {
  return accounts.flatMap(({ id, caps }, agent) => {
    const family = familyOf(agent, parents).map((one) => bills.get(nameOf(one)) ?? { calls: 0, costMicroUsd: 0 });
    const calls = family.reduce((sum, bill) => sum + bill.calls, 0);
    const cost = family.reduce((sum, bill) => sum + bill.costMicroUsd, 0);
    return [
      ...(calls > (caps.modelCalls ?? Infinity) ? [`${id}: the server answered ${calls} of ${caps.modelCalls} calls`] : []),
      ...(cost > (caps.costMicroUsd ?? Infinity) ? [`${id}: the server bills ${cost} of ${caps.costMicroUsd}`] : []),
    ];
  });
}

const LIMITS = configSchema.parse({ version: 1 }).limits;
const limitsOf = ({ caps }: Account) => ({
  costUsd: caps.costMicroUsd ?? 0,
  tokens: caps.tokens ?? 0,
  modelCalls: caps.modelCalls ?? 0,
});

/** Plays one fan-out to its end, through as many lives of the process as it takes. */
async function playCase(home: Home, seed: number, threadId: string, levels: number): Promise<CaseEnd> {
  const random = chanceOf(seed);
  const price: Price = {
    inputMicroUsdPerMillion: random.between(0, 5_000_000),
    cachedInputMicroUsdPerMillion: 0,
    outputMicroUsdPerMillion: random.between(1, 40_000_000),
  };
  const run: Account = {
    id: 'run',
    caps: { costMicroUsd: random.between(500, 60_000), tokens: random.between(1000, 40_000), modelCalls: random.between(1, 40) },
  };
  const agents = random.between(1, 8);
  const concurrency = random.between(1, 4);
  const calls = random.between(1, 6);
  const own = Array.from(
    { length: agents },
    (_none, index): Account => ({
      id: `agent:build:1:w1.${index + 1}`,
      caps: { costMicroUsd: random.between(200, 20_000), modelCalls: random.between(1, 6) },
    }),
  );
  const parents = parentsOf(random, agents, levels);
  const above = (agent: number): Account[] => {
    const parent = parents[agent];
    const account = parent === undefined ? undefined : own[parent];
    return parent === undefined || account === undefined ? [] : [...above(parent), account];
  };
  const session = fakeSession({ facts: { limits: { ...LIMITS, ...limitsOf(run) } } });
  const accounts = own.map(({ caps }, agent) =>
    accountsOf({ session, stage: 'build', attempt: 1, agent: `w1.${agent + 1}`, above: above(agent), caps }),
  );
  const { model, books, bills, death } = serverOf(random, price);
  const wrong: string[] = [];
  let refusals = 0;
  let crashes = 0;
  for (let life = 1; life <= 4; life += 1) {
    const stores = await home.open();
    home.clock.ms += 20_000; // the lease of the life before has run out
    const fence: Fence = life === 1 ? await leased(stores, threadId) : await stores.runs.acquire(threadId);
    await stores.ledger.bookOrphans(fence);
    const door = doorOver({ ...stores, clock: home.clock });
    const work = async (agent: number, isDead: () => boolean): Promise<void> => {
      let parent: string | null = null;
      for (let call = 1; call <= calls && !isDead(); call += 1) {
        const messages = [{ role: 'user', content: `${nameOf(agent)}: call ${call}` }] as const;
        const request = { messages, tools: [], maxOutputTokens: 200 + agent * 50 };
        const asked = await door.ask(
          askOf(fence, { ...workerCall(agent + 1, call, parent), model, price, request, accounts: accounts[agent] ?? [] }),
        );
        for (const { id, caps } of accounts[agent] ?? []) await check(id, caps);
        if (asked.kind === 'refused') {
          refusals += 1;
          return;
        }
        parent = asked.row.id;
      }
    };
    const check = async (id: string, caps: Account['caps']): Promise<void> => {
      const { settled, reserved } = await stores.ledger.totals(threadId, id);
      const cost = settled.costMicroUsd + reserved.costMicroUsd;
      const tokens = settled.inputTokens + settled.outputTokens + reserved.inputTokens + reserved.outputTokens;
      const asked = settled.modelCalls + reserved.modelCalls;
      if (cost > (caps.costMicroUsd ?? Infinity)) wrong.push(`${id}: ${cost} of ${caps.costMicroUsd} micro-dollars`);
      if (tokens > (caps.tokens ?? Infinity)) wrong.push(`${id}: ${tokens} of ${caps.tokens} tokens`);
      if (asked > (caps.modelCalls ?? Infinity)) wrong.push(`${id}: ${asked} of ${caps.modelCalls} calls`);
    };
    const dead = await inPlaces(agents, concurrency, work);
    await check('run', run.caps);
    if (!dead) {
      const { settled, reserved } = await stores.ledger.totals(threadId, 'run');
      if (reserved.costMicroUsd !== 0 || reserved.modelCalls !== 0) wrong.push('something stayed reserved at the end');
      if (books.costMicroUsd > settled.costMicroUsd)
        wrong.push(`the server bills ${books.costMicroUsd}, the ledger has ${settled.costMicroUsd}`);
      break;
    }
    crashes += 1;
    death.at = 0;
  }
  wrong.push(...passedBy({ accounts: own, parents, bills }));
  if (books.costMicroUsd > (run.caps.costMicroUsd ?? 0)) wrong.push(`the server bills ${books.costMicroUsd} of ${run.caps.costMicroUsd}`);
  if (books.tokens > (run.caps.tokens ?? 0)) wrong.push(`the server counts ${books.tokens} of ${run.caps.tokens} tokens`);
  if (books.answered > (run.caps.modelCalls ?? 0)) wrong.push(`the server answered ${books.answered} of ${run.caps.modelCalls} calls`);
  return { seed, wrong, crashes, refusals };
}

/** Cases that share a home; each has a thread of its own. */
const CASES_A_HOME = 25;

/** `levels`: of sub-agents. Plays so many cases; those that went wrong, and how often the interesting things happened. */
export async function playCases(
  count: number,
  firstSeed: number,
  levels = 1,
): Promise<{ bad: CaseEnd[]; crashes: number; refusals: number }> {
  const bad: CaseEnd[] = [];
  let crashes = 0;
  let refusals = 0;
  for (let index = 0; index < count; ) {
    const home = makeHome();
    try {
      for (const stop = Math.min(count, index + CASES_A_HOME); index < stop; index += 1) {
        const end = await playCase(home, firstSeed + index * 7919, threadOf((index % CASES_A_HOME) + 1), levels);
        if (end.wrong.length > 0) bad.push(end);
        crashes += end.crashes;
        refusals += end.refusals;
      }
    } finally {
      home.dispose();
    }
  }
  return { bad, crashes, refusals };
}

/** Eight workers at once, a dollar for all, calls that cost ten cents at worst and something below that in truth. */
export async function playDollar(seed: number): Promise<{ settledMicroUsd: number; requests: number; afterRefusal: number }> {
  const random = chanceOf(seed * 104_729);
  const home = makeHome();
  try {
    const stores = await home.open();
    const threadId = threadOf(1);
    const fence = await leased(stores, threadId);
    const price: Price = { inputMicroUsdPerMillion: 0, cachedInputMicroUsdPerMillion: 0, outputMicroUsdPerMillion: 100_000_000 };
    const run: Account = { id: 'run', caps: { costMicroUsd: 1_000_000 } };
    const refused = new Set<number>();
    let requests = 0;
    let afterRefusal = 0;
    const door = doorOver({ ...stores, clock: home.clock });
    const worker = async (agent: number): Promise<void> => {
      let parent: string | null = null;
      for (let call = 1; !refused.has(agent); call += 1) {
        const complete: ChatModel['complete'] = async ({ maxOutputTokens }) => {
          await new Promise((turn) => setImmediate(turn));
          requests += 1;
          if (refused.has(agent)) afterRefusal += 1;
          return {
            text: 'ok',
            toolCalls: [],
            usage: { inputTokens: 1, outputTokens: random.between(1, maxOutputTokens) },
            finish: 'stop',
            canned: false,
          };
        };
        const model = fakeModel(complete, { countInput: () => 1 });
        const request = { messages: [{ role: 'user', content: `${agent} ${call}` }] as const, tools: [], maxOutputTokens: 1000 };
        const asked = await door.ask(askOf(fence, { ...workerCall(agent, call, parent), model, price, request, accounts: [run] }));
        if (asked.kind === 'refused') refused.add(agent);
        else parent = asked.row.id;
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_none, index) => worker(index + 1)));
    const { settled, reserved } = await stores.ledger.totals(threadId, 'run');
    return { settledMicroUsd: settled.costMicroUsd + reserved.costMicroUsd, requests, afterRefusal };
  } finally {
    home.dispose();
  }
}
