/** When Claude is asked to think in an open exchange of tools, and which of its thoughts go back to it. */
import { afterEach, expect, it } from 'vitest';
import { modelSchema } from '../../domain/config.ts';
import type { ChatMessage } from '../../domain/ports.ts';
import { dialectFor } from '../../models/dialects/choose.ts';
import { createEndpointModel } from '../../models/endpoint.ts';
import { createTransport } from '../../models/wire/transport.ts';
import { type DialectServer, startDialect, type Turn } from '../dialects/server.ts';
import { answerCalls, askOnce, modelOf, opening } from './dialect-world.ts';
import { serve } from './fakes.ts';

const open: DialectServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const model = 'claude-sonnet-4-5';
const CALL = { name: 'write_file', arguments: { path: 'a', content: 'b' } };
const thought: Turn = { reasoning: 'Hm.', text: 'Now.', calls: [CALL] };
const quick: Turn = { text: 'Now.', calls: [CALL] };
const silent: Turn = { text: 'I am done.' };

it.each([
  ['began without a thought, is not to be thought in', [quick, quick, quick], [true, false, false]],
  ['began with one, is thought in', [thought, thought, quick], [true, true, true]],
  ['is over, is followed by thoughts again', [quick, silent, thought, quick], [true, false, true, true]],
])('an exchange that %s', async (_what, turns, thinks) => {
  const server = await startDialect('anthropic', { model, turns });
  open.push(server);
  const claude = await modelOf('anthropic', server, { model, reasoningEffort: 'medium' });
  const messages: ChatMessage[] = opening();
  for (const [index] of turns.entries()) {
    const answer = await askOnce(claude, messages, index + 1);
    if (answer.toolCalls.length > 0) answerCalls(messages, answer);
    else messages.push({ role: 'user', content: 'Use a tool.' });
  }
  expect(server.requests.map((request) => request.rule)).toEqual(turns.map(() => undefined));
  expect(server.requests.map(({ body }) => (body as { thinking?: unknown }).thinking !== undefined)).toEqual(thinks);
});

it.each([
  ['claude-sonnet-5-5', [true, false, true]],
  ['claude-fable-5-1', [true, false, true]],
  ['claude-sonnet-4-5', [true, true, true]],
])('thoughts of %s are sent back only after what they answered, where they are bound to it', async (name, sent) => {
  const bodies: { messages: { role: string; content: { type: string }[] }[] }[] = [];
  const answer = {
    stop_reason: 'tool_use',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 's' },
      { type: 'tool_use', id: 'toolu_1', name: 'write_file', input: {} },
    ],
    usage: { input_tokens: 9, output_tokens: 9 },
  };
  const made = await serve((response, { body }) => {
    bodies.push(body as (typeof bodies)[number]);
    response.end(JSON.stringify(answer));
  });
  const config = { ...modelSchema.parse({ provider: 'anthropic', model: name, reasoningEffort: 'medium' }), timeout: 5000 };
  const endpoint = { dialect: await dialectFor(config, made.url), baseUrl: made.url, secret: 'x', transport: createTransport({}) };
  const claude = createEndpointModel(config, endpoint, { contextTokens: 128_000 });
  const messages = opening();
  answerCalls(messages, await askOnce(claude, messages, 1));
  const extended = [...messages];
  answerCalls(extended, await askOnce(claude, extended, 2));
  // A compaction puts a summary into the brief.
  const compacted = messages.map((message) => (message.role === 'user' ? { ...message, content: 'The brief, and a summary.' } : message));
  answerCalls(compacted, await askOnce(claude, compacted, 3));
  await askOnce(claude, compacted, 4);
  await made.close();
  const thoughts = bodies.map((body) =>
    body.messages.filter((message) => message.role === 'assistant').map(({ content }) => content.some(({ type }) => type === 'thinking')),
  );
  expect(thoughts).toEqual([[], [sent[0]], [sent[1]], [sent[1], sent[2]]]);
});
