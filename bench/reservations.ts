/**
 * What is reserved beside what is settled, for a long conversation with an honest server that counts with a real tokenizer: by reports
 * and, in the same run, by bytes alone; and whether a burst or a race passes a cap. `npm run bench:budget [-- calls]`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getEncoding } from 'js-tiktoken';
import { type Price, tokensOf } from '../domain/budget.ts';
import type { CallLine, ChatMessage, ChatModel, ToolCall } from '../domain/ports.ts';
import { countInputBound } from '../models/count.ts';
import type { ModelAsk } from '../models/door/model-ask.ts';
import { createModelDoor } from '../models/metered.ts';
import { remembered } from '../models/remembered.ts';
import { playBurst } from '../test/chaos/counted-cases.ts';
import { leased, makeHome, randomOf } from '../test/checkpoints/home.ts';
import { toolSpecs } from '../tools/toolbox.ts';

const CALLS = Number(process.argv[2] ?? 60);
const PRICE: Price = { inputMicroUsdPerMillion: 2_500_000, cachedInputMicroUsdPerMillion: 250_000, outputMicroUsdPerMillion: 15_000_000 };
const WINDOW_TOKENS = 128_000;

const encoding = getEncoding('o200k_base');
const tokensIn = (text: string): number => encoding.encode(text, 'all').length;
/** As a chat template would put it: the contents, and a few tokens around each part. */
const tokensInMessage = remembered((message: ChatMessage): number =>
  message.role === 'assistant' ? 4 + writtenTokens(message.content, message.toolCalls) : 4 + tokensIn(message.content),
);
const writtenTokens = (text: string, calls: readonly ToolCall[]): number =>
  calls.reduce((sum, call) => sum + 6 + tokensIn(call.name) + tokensIn(call.arguments), tokensIn(text));

const root = new URL('..', import.meta.url).pathname;
const SOURCE = ['domain', 'models', 'checkpoints', 'nodes', 'graphs', 'tools', 'docs']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  .filter((file) => /\.(ts|md)$/.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

/** An agent that reads our own sources, 2 to 8 KB an answer, and edits in between. */
async function converse(byReports: boolean, maxOutputTokens: number): Promise<{ calls: readonly CallLine[]; last: number }> {
  const below = randomOf(7);
  const slice = (low: number, high: number): string => {
    const length = low + below(high - low);
    return SOURCE.slice(below(SOURCE.length - length)).slice(0, length);
  };
  const tools = toolSpecs('lead');
  const toolTokens = tokensIn(JSON.stringify(tools));
  let last = 0;
  const model: ChatModel = {
    provider: 'openai',
    model: 'honest',
    origin: 'bench',
    contextTokens: WINDOW_TOKENS,
    timeoutMs: 1000,
    countInput: countInputBound,
    complete: async ({ messages }) => {
      last = messages.reduce((sum, message) => sum + tokensInMessage(message), 3 + toolTokens);
      const edits = below(4) === 0;
      const text = below(3) === 0 ? slice(50, 400) : '';
      const call = edits
        ? { name: 'edit_file', arguments: JSON.stringify({ path: 'src/a.ts', old_text: slice(100, 600), new_text: slice(200, 1200) }) }
        : { name: 'read_file', arguments: JSON.stringify({ path: `src/file${below(90)}.ts`, start_line: below(400), end_line: 500 }) };
      const toolCalls = [{ id: `call_${messages.length}`, ...call }];
      const usage = { inputTokens: last, outputTokens: writtenTokens(text, toolCalls) };
      return { text, toolCalls, usage, finish: 'tool_calls', canned: false };
    },
  };
  const home = makeHome();
  try {
    const stores = await home.open();
    const fence = await leased(stores);
    const { effects, audit } = stores;
    const door = createModelDoor({
      effects,
      audit,
      clock: home.clock,
      random: () => 0.5,
      sleep: async () => undefined,
      maskKnown: (text) => text,
    });
    let messages: ChatMessage[] = [
      { role: 'system', content: slice(4000, 4001) },
      { role: 'user', content: slice(3000, 3001) },
    ];
    let parent: string | null = null;
    let previous: ModelAsk['previous'] = null;
    for (let call = 1; call <= CALLS; call += 1) {
      const asked = await door.ask({
        fence,
        threadId: fence.threadId,
        stage: 'build',
        attempt: 1,
        agent: 'lead',
        role: 'lead',
        parent,
        ordinal: call,
        call,
        previous: byReports ? previous : null,
        model,
        price: PRICE,
        request: { messages, tools, maxOutputTokens },
        accounts: [{ id: 'run', caps: {} }],
        signal: new AbortController().signal,
      });
      if (asked.kind === 'refused') throw new Error('nothing is capped here');
      previous = { parent, ordinal: call };
      parent = asked.row.id;
      const results = asked.answer.toolCalls.map(
        ({ id, name }): ChatMessage => ({ role: 'tool', toolCallId: id, toolName: name, content: slice(2000, 8000) }),
      );
      messages = [...messages, asked.row.message, ...results];
      if (last > WINDOW_TOKENS - maxOutputTokens - 4000) break; // the window is full
    }
    return { calls: await stores.ledger.calls(fence.threadId), last };
  } finally {
    home.dispose();
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Reserved by settled: the median of the calls, and the whole run. */
function ratios(calls: readonly CallLine[], valueIn: (amounts: NonNullable<CallLine['reserved']>) => number): string {
  const pairs = calls.flatMap(({ reserved, settled }) =>
    reserved === null || settled === null ? [] : [[valueIn(reserved), valueIn(settled)] as const],
  );
  const sum = (side: 0 | 1): number => pairs.reduce((total, pair) => total + pair[side], 0);
  return `${median(pairs.map(([reserved, settled]) => reserved / settled)).toFixed(2)} | ${(sum(0) / sum(1)).toFixed(2)}`;
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

print(
  '| reserved : settled | output limit | input tokens, median call | run | all tokens, median call | run | dollars, median call | run |',
);
print('|---|---|---|---|---|---|---|---|');
for (const maxOutputTokens of [8192, 1024]) {
  for (const [name, byReports] of [
    ['by reports', true],
    ['by bytes', false],
  ] as const) {
    const { calls, last } = await converse(byReports, maxOutputTokens);
    const parts = [
      ratios(calls, (amounts) => amounts.inputTokens),
      ratios(calls, tokensOf),
      ratios(calls, (amounts) => amounts.costMicroUsd),
    ];
    print(`| ${name}, ${calls.length} calls up to ${last} tokens | ${maxOutputTokens} | ${parts.join(' | ')} |`);
  }
}
print('| Token Budgets (arXiv 2606.04056), static | | | | 4 to 6 | | | |');
print('| Token Budgets (arXiv 2606.04056), adaptive | | | | 2.11 | | | |');
print('');
print('| at the same moment | budget for | sent | refused | billed of the cap | cap passed |');
print('|---|---|---|---|---|---|');
for (const [name, calls, payable] of [
  ['20 calls on a nearly empty budget', 20, 0.9],
  ['20 calls', 20, 1],
  ['64 workers race', 64, 24.5],
] as const) {
  const { requests, refused, costMicroUsd, capMicroUsd } = await playBurst(calls, payable);
  print(
    `| ${name} | ${payable} | ${requests} | ${refused} | ${((costMicroUsd / capMicroUsd) * 100).toFixed(0)} % | ${costMicroUsd > capMicroUsd ? 'YES' : 'no'} |`,
  );
}
