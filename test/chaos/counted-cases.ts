/**
 * Random conversations against a server that counts with a tokenizer of its own and lies about it: the reported bound, the floors,
 * cache writes, reasoning that is sent back, compactions, other models, crashes. By the server's own books no cap is ever passed.
 */
import type { Stores } from '../../checkpoints/stores.ts';
import { type Account, costOf, type Price, type Usage } from '../../domain/budget.ts';
import { ProviderError } from '../../domain/errors.ts';
import { sha256 } from '../../domain/ids.ts';
import type { ChatAnswer, ChatMessage, ChatModel, ChatRequest, Fence } from '../../domain/ports.ts';
import type { ModelAsk } from '../../models/door/model-ask.ts';
import { type Home, leased, makeHome, threadOf } from '../checkpoints/home.ts';
import { type Chance, chanceOf } from '../dice.ts';
import { askOf, Crash, type Death, doorOver, fakeModel, inPlaces, workerCall, worstOf } from '../models/asks.ts';

/** What a server says of what it counted. All but `honest` can be told from the bytes, or from the report before. */
const MANNERS = ['honest', 'vanishes', 'no number', 'low input', 'low output', 'shrinks', 'parts above the whole', 'above'] as const;
type Manner = (typeof MANNERS)[number];

const hashOf = (text: string, below: number): number => Number.parseInt(sha256(text).slice(0, 8), 16) % below;

/** One token for one to eight bytes, as the text will have it: the same text is always the same tokens. */
const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / (1 + hashOf(text, 8)));

const TEXTS = [
  'export const sum = (a, b) => a + b;\n',
  '天地玄黃宇宙洪荒',
  '        ',
  '🎉 done ',
  'A sentence of some words. ',
  'QmFzZTY0IGlz',
];
const textOf = (dice: Chance, bytes: number): string => {
  const piece = TEXTS[dice.below(TEXTS.length)] ?? '';
  return piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));
};

const contentOf = (message: ChatMessage): number =>
  Buffer.byteLength(message.content) +
  (message.role === 'assistant' ? message.toolCalls.reduce((sum, call) => sum + Buffer.byteLength(call.name + call.arguments), 0) : 0);
const opaqueOf = (message: ChatMessage): { thoughts: number; sealed: string } | undefined =>
  message.role === 'assistant' ? (message.opaque?.content as { thoughts: number; sealed: string } | undefined) : undefined; // made by `answerOf`

/** The independent server: its own tokenizer, its own price list, its own books by agent. */
function serverOf(dice: Chance, price: Price, manner: Manner) {
  const books = new Map<string, { costMicroUsd: number; tokens: number; calls: number }>();
  const death: Death = { at: dice.chance(40) ? dice.between(1, 12) : 0, billed: dice.chance(50), requests: 0 };
  const happened = { lies: 0, thoughts: 0, written: 0 };
  /** What was truly said to an agent the last time. */
  const reports = new Map<string, { readonly inputTokens: number; readonly asked: string; readonly messages: number }>();
  const dropsThoughts = dice.chance(30);
  const count = ({ messages, tools }: Pick<ChatRequest, 'messages' | 'tools'>): number => {
    const newest = messages.findLastIndex((message) => message.role === 'assistant');
    const each = messages.map((message, index) => {
      const calls = message.role === 'assistant' ? message.toolCalls.map((call) => tokensOf(call.name + call.arguments) + 3) : [];
      const thoughts = dropsThoughts && index < newest ? 0 : (opaqueOf(message)?.thoughts ?? 0);
      return tokensOf(message.content) + 4 + thoughts + calls.reduce((sum, one) => sum + one, 0);
    });
    return each.reduce((sum, one) => sum + one, 3 + tools.length * 20);
  };
  const answerOf = (request: ChatRequest, origin: string): { answer: Omit<ChatAnswer, 'usage'>; outputTokens: number } => {
    const room = request.maxOutputTokens - 12;
    const text = textOf(dice, dice.below(Math.floor(room / 2)));
    const argumentsText = JSON.stringify({
      path: 'a'.repeat(dice.below(40)),
      text: textOf(dice, dice.below(Math.max(1, Math.floor(room / 4) - 80))),
    });
    const toolCalls = dice.chance(70) ? [{ id: `call_${dice.below(1e6)}`, name: 'write', arguments: argumentsText }] : [];
    const seen = tokensOf(text) + toolCalls.reduce((sum, call) => sum + tokensOf(call.name + call.arguments) + 3, 0);
    const thoughts = dice.chance(40) ? dice.below(Math.max(1, room - seen)) : 0;
    if (thoughts > 0) happened.thoughts += 1;
    const opaque =
      thoughts === 0 ? {} : { opaque: { origin, content: { thoughts, sealed: 'x'.repeat(thoughts * dice.between(2, 6) + 40) } } };
    return { answer: { text, toolCalls, finish: 'stop', canned: false, ...opaque }, outputTokens: Math.max(1, seen + thoughts) };
  };
  const say = (
    agent: string,
    origin: string,
    used: Usage,
    request: ChatRequest,
    answer: Omit<ChatAnswer, 'usage'>,
  ): ChatAnswer['usage'] => {
    const last = reports.get(agent);
    const extended = last !== undefined && JSON.stringify([origin, request.messages.slice(0, last.messages)]) === last.asked;
    const before = extended && last.messages < request.messages.length ? last.inputTokens : undefined;
    reports.set(agent, {
      inputTokens: used.inputTokens,
      asked: JSON.stringify([origin, request.messages]),
      messages: request.messages.length,
    });
    if (manner === 'honest' || dice.chance(60)) return used;
    reports.delete(agent);
    const least = Math.floor(request.messages.reduce((sum, message) => sum + contentOf(message), 0) / 128);
    const leastOutput = Math.floor(contentOf({ role: 'assistant', content: answer.text, toolCalls: answer.toolCalls }) / 128);
    const sealed = request.messages.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(opaqueOf(message) ?? '')), 0);
    const lie = ((): ChatAnswer['usage'] | 'none' => {
      switch (manner) {
        case 'vanishes':
          return [undefined, {}, { outputTokens: used.outputTokens }, { inputTokens: used.inputTokens }][dice.below(4)];
        case 'no number':
          return {
            inputTokens: [0, -5, 1.5, Number.NaN][dice.below(4)] ?? 0,
            outputTokens: [0, -1, Number.NaN, used.outputTokens][dice.below(4)] ?? 0,
          };
        case 'low input':
          return least > 1 ? { ...used, inputTokens: dice.between(1, least - 1) } : 'none';
        case 'low output':
          return leastOutput > 1 ? { ...used, outputTokens: dice.between(1, leastOutput - 1) } : 'none';
        case 'shrinks':
          // What was sealed may honestly be gone: less than that says nothing.
          return before !== undefined && before - sealed > 1 ? { ...used, inputTokens: dice.between(1, before - sealed - 1) } : 'none';
        case 'parts above the whole':
          return { ...used, cachedInputTokens: used.inputTokens, cacheWriteTokens: dice.between(1, 500) };
        default:
          return { ...used, inputTokens: used.inputTokens + dice.between(1, 50_000) };
      }
    })();
    if (lie === 'none') return used; // and the next one has nothing to shrink from
    happened.lies += 1;
    return lie;
  };
  const completeAt =
    (origin: string) =>
    async (request: ChatRequest): Promise<ChatAnswer> => {
      await new Promise((turn) => setImmediate(turn));
      death.requests += 1;
      const dies = death.requests === death.at;
      if (dies && !death.billed) throw new Crash();
      if (dice.chance(8)) throw new ProviderError('a fault', { fault: dice.chance(60) ? 'overloaded' : 'refused', status: 503 });
      const agent = request.headers['x-governor-agent'] ?? '';
      const { answer, outputTokens } = answerOf(request, origin);
      const inputTokens = count(request);
      const cachedInputTokens = dice.chance(50) ? dice.below(inputTokens + 1) : 0;
      const cacheWriteTokens = dice.chance(50) ? dice.below(inputTokens - cachedInputTokens + 1) : 0;
      if (cacheWriteTokens > 0) happened.written += 1;
      const used: Usage = { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens };
      for (const account of ['run', agent]) {
        const book = books.get(account) ?? { costMicroUsd: 0, tokens: 0, calls: 0 };
        book.costMicroUsd += costOf(price, used);
        book.tokens += inputTokens + outputTokens;
        book.calls += 1;
        books.set(account, book);
      }
      if (dies) throw new Crash();
      return { ...answer, usage: say(agent, origin, used, request, answer) };
    };
  const countInput: ChatModel['countInput'] = ({ messages, tools }) =>
    Buffer.byteLength(JSON.stringify([messages, tools])) + 16 * (messages.length + 1);
  const modelOf = (origin: string): ChatModel => fakeModel(completeAt(origin), { origin, countInput });
  return { modelOf, books, death, happened };
}

export interface CaseEnd {
  readonly seed: number;
  readonly manner: Manner;
  /** What was wrong; empty when every cap held. */
  readonly wrong: readonly string[];
  readonly crashes: number;
  readonly refusals: number;
  /** Calls whose bound stood on a report. */
  readonly reported: number;
  readonly distrusted: number;
  readonly happened: { readonly lies: number; readonly thoughts: number; readonly written: number };
}

/** What an agent is told between two calls; the same at every replay. */
const toldOf = (seed: number, agent: number, call: number): ChatMessage => {
  const dice = chanceOf(seed * 1000 + agent * 100 + call);
  return { role: 'user', content: `${call} ${textOf(dice, dice.below(dice.chance(20) ? 12_000 : 1500))}` };
};

async function playCase(home: Home, seed: number, thread: number): Promise<CaseEnd> {
  const dice = chanceOf(seed);
  const manner = MANNERS[seed % MANNERS.length] ?? 'honest';
  const input = dice.between(0, 5_000_000);
  const price: Price = {
    inputMicroUsdPerMillion: input,
    cachedInputMicroUsdPerMillion: Math.floor(input / 10),
    ...(dice.chance(70) ? { cacheWriteMicroUsdPerMillion: Math.floor(input * 1.25) } : {}),
    outputMicroUsdPerMillion: dice.between(1, 30_000_000),
  };
  const run: Account = {
    id: 'run',
    caps: { costMicroUsd: dice.between(2000, 200_000), tokens: dice.between(4000, 150_000), modelCalls: dice.between(2, 30) },
  };
  const agents = dice.between(1, 4);
  const calls = dice.between(2, 7);
  const own = Array.from(
    { length: agents },
    (_none, agent): Account => ({ id: `w1.${agent + 1}`, caps: { costMicroUsd: dice.between(1000, 100_000) } }),
  );
  const server = serverOf(dice, price, manner);
  const wrong: string[] = [];
  const end = { crashes: 0, refusals: 0 };
  const threadId = threadOf(thread);
  // A report above the bound is booked in full (and is an event): then the ledger knows more than the server.
  const check = async (stores: Stores): Promise<void> => {
    for (const { id, caps } of [run, ...own]) {
      const { settled, reserved } = await stores.ledger.totals(threadId, id);
      const book = server.books.get(id) ?? { costMicroUsd: 0, tokens: 0, calls: 0 };
      const held = {
        costMicroUsd: settled.costMicroUsd + reserved.costMicroUsd,
        tokens: settled.inputTokens + settled.outputTokens + reserved.inputTokens + reserved.outputTokens,
        calls: settled.modelCalls + reserved.modelCalls,
      };
      for (const [what, billed, known, cap] of [
        ['micro-dollars', book.costMicroUsd, held.costMicroUsd, caps.costMicroUsd],
        ['tokens', book.tokens, held.tokens, caps.tokens],
        ['calls', book.calls, held.calls, caps.modelCalls],
      ] as const) {
        if (billed > (cap ?? Number.POSITIVE_INFINITY)) wrong.push(`${id}: the server bills ${billed} of ${cap} ${what}`);
        if (billed > known) wrong.push(`${id}: the server bills ${billed} ${what}, the ledger holds ${known}`);
        if (manner !== 'above' && known > (cap ?? Number.POSITIVE_INFINITY)) wrong.push(`${id}: ${known} of ${cap} ${what}`);
      }
    }
  };
  for (let life = 1; life <= 4; life += 1) {
    const stores = await home.open();
    home.clock.ms += 20_000; // the lease of the life before has run out
    const fence: Fence = life === 1 ? await leased(stores, threadId) : await stores.runs.acquire(threadId);
    await stores.ledger.bookOrphans(fence);
    const door = doorOver({ ...stores, clock: home.clock });
    const work = async (agent: number, isDead: () => boolean): Promise<void> => {
      let parent: string | null = null;
      let previous: ModelAsk['previous'] = null;
      let messages: ChatMessage[] = [{ role: 'system', content: 'You build.' }, toldOf(seed, agent, 0)];
      for (let call = 1; call <= calls && !isDead(); call += 1) {
        const turn = hashOf(`${seed} ${agent} ${call}`, 100);
        if (turn < 8) messages = [messages[0] as ChatMessage, ...messages.slice(-1)]; // a compaction
        const ask = askOf(fence, {
          ...workerCall(agent + 1, call, parent),
          previous,
          price,
          model: server.modelOf(turn > 92 ? 'another' : 'one'),
          request: { messages, tools: [], maxOutputTokens: 300 + agent * 200 },
          accounts: [run, own[agent] as Account],
        });
        const bound = await door.bound(ask);
        const asked = await door.ask(ask);
        await check(stores);
        if (asked.kind === 'refused') {
          end.refusals += 1;
          return;
        }
        const held = (await stores.ledger.calls(threadId)).filter((line) => line.agent === ask.agent && !line.orphaned).at(-1)?.reserved;
        if (!asked.replayed && held?.inputTokens !== bound.tokens) wrong.push(`${held?.inputTokens} reserved, ${bound.tokens} bound`);
        previous = { parent, ordinal: call };
        parent = asked.row.id;
        messages = [...messages, asked.row.message, toldOf(seed, agent, call)];
      }
    };
    const dead = await inPlaces(agents, 2, work);
    await check(stores);
    if (!dead) {
      const { reserved } = await stores.ledger.totals(threadId, 'run');
      if (reserved.costMicroUsd !== 0 || reserved.modelCalls !== 0) wrong.push('something stayed reserved at the end');
      const records = await stores.audit.read({ threadId });
      return {
        ...end,
        seed,
        manner,
        wrong,
        reported: records.filter((record) => record.action === 'model-call' && record.facts?.['counted'] === 'reported').length,
        distrusted: records.filter((record) => record.action === 'usage-distrusted').length,
        happened: server.happened,
      };
    }
    end.crashes += 1;
    server.death.at = 0;
  }
  throw new Error(`case ${seed} never ended`);
}

/** Cases that share a home; each has a thread of its own. */
const CASES_A_HOME = 25;

/** Plays so many cases; those that went wrong, and how often the interesting things happened. */
export async function playCountedCases(count: number, firstSeed: number) {
  const bad: CaseEnd[] = [];
  const sums = { crashes: 0, refusals: 0, reported: 0, distrusted: 0, lies: 0, thoughts: 0, written: 0 };
  for (let index = 0; index < count; ) {
    const home = makeHome();
    try {
      for (const stop = Math.min(count, index + CASES_A_HOME); index < stop; index += 1) {
        const end = await playCase(home, firstSeed + index, (index % CASES_A_HOME) + 1);
        if (end.wrong.length > 0) bad.push(end);
        for (const name of ['crashes', 'refusals', 'reported', 'distrusted'] as const) sums[name] += end[name];
        for (const name of ['lies', 'thoughts', 'written'] as const) sums[name] += end.happened[name];
      }
    } finally {
      home.dispose();
    }
  }
  return { bad, ...sums };
}

/** So many calls at the same moment on a budget that pays for so many of them at their worst. */
export async function playBurst(calls: number, payable: number) {
  const home = makeHome();
  try {
    const stores = await home.open();
    const fence = await leased(stores);
    const price: Price = {
      inputMicroUsdPerMillion: 2_000_000,
      cachedInputMicroUsdPerMillion: 200_000,
      outputMicroUsdPerMillion: 8_000_000,
    };
    const books = { requests: 0, costMicroUsd: 0 };
    const complete: ChatModel['complete'] = async ({ maxOutputTokens }) => {
      books.requests += 1;
      await new Promise((turn) => setTimeout(turn, 5));
      const used: Usage = { inputTokens: 900, outputTokens: maxOutputTokens - 10, cachedInputTokens: 0 };
      books.costMicroUsd += costOf(price, used);
      return { text: 'ok', toolCalls: [], usage: used, finish: 'stop', canned: false };
    };
    const model = fakeModel(complete, { countInput: () => 1000 });
    const capMicroUsd = Math.floor(worstOf(price, 1000, 256) * payable);
    const accounts: Account[] = [{ id: 'run', caps: { costMicroUsd: capMicroUsd } }];
    const door = doorOver({ ...stores, clock: home.clock });
    const answers = await Promise.all(
      Array.from({ length: calls }, (_none, index) =>
        door.ask(
          askOf(fence, {
            ...workerCall(index + 1, 1, null),
            model,
            price,
            request: { messages: [{ role: 'user', content: `${index}` }], tools: [], maxOutputTokens: 256 },
            accounts,
          }),
        ),
      ),
    );
    return { capMicroUsd, ...books, refused: answers.filter((answer) => answer.kind === 'refused').length };
  } finally {
    home.dispose();
  }
}
