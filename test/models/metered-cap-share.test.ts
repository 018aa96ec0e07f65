/** How much of an agent's cap is spent before a call no longer fits: a long exchange with an honest server that counts in tokens. */
import { afterEach, expect, it } from 'vitest';
import type { ChatMessage, ChatModel } from '../../domain/ports.ts';
import { countInputBound } from '../../models/count.ts';
import type { ModelAsk } from '../../models/door/model-ask.ts';
import { askOf, doorOver, fakeModel } from './asks.ts';
import { trueStores } from './fakes.ts';

const BYTES_PER_TOKEN = 3.6;
const CAP = 1_000_000;
/** Micro-dollars for a million tokens: 1.25, 0.125 and 10 dollars. */
const PRICE = { inputMicroUsdPerMillion: 1_250_000, cachedInputMicroUsdPerMillion: 125_000, outputMicroUsdPerMillion: 10_000_000 };
const RESULT = 'const line = "some source text that is read";\n'.repeat(130);

let stores: Awaited<ReturnType<typeof trueStores>>;
afterEach(() => stores.dispose());

it('a cap of one dollar and results of 6 KB: nothing is refused before 85 % of it is settled', async () => {
  stores = await trueStores();
  const door = doorOver(stores);
  const complete: ChatModel['complete'] = async ({ messages, headers }) => ({
    text: '',
    toolCalls: [{ id: `call-${headers['x-governor-call']}`, name: 'read_file', arguments: '{"path":"src/a.ts"}' }],
    usage: { inputTokens: Math.ceil(countInputBound({ messages, tools: [] }) / BYTES_PER_TOKEN), outputTokens: 120 },
    finish: 'tool_calls',
    canned: false,
  });
  const model = fakeModel(complete, { contextTokens: 400_000 });
  let messages: ChatMessage[] = [
    { role: 'system', content: 'You build.' },
    { role: 'user', content: 'The plan.' },
  ];
  let previous: ModelAsk['previous'] = null;
  let parent: string | null = null;
  for (let call = 1; ; call += 1) {
    const asked = await door.ask(
      askOf(stores.fence, {
        parent,
        ordinal: call,
        previous,
        call,
        model,
        price: PRICE,
        request: { messages, tools: [], maxOutputTokens: 8192 },
        accounts: [{ id: 'run', caps: { costMicroUsd: CAP } }],
      }),
    );
    if (asked.kind === 'refused') break;
    previous = { parent, ordinal: call };
    parent = asked.row.id;
    messages = [...messages, asked.row.message, { role: 'tool', toolCallId: `call-${call}`, toolName: 'read_file', content: RESULT }];
  }
  const { settled } = await stores.totals();
  expect(settled.costMicroUsd).toBeGreaterThan(0.85 * CAP);
  expect(settled.costMicroUsd).toBeLessThanOrEqual(CAP);
});
