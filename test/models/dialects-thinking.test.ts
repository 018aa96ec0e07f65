/** When Claude is asked to think in an open exchange of tools: only where that exchange began with its own thought. */
import { afterEach, expect, it } from 'vitest';
import type { ChatMessage } from '../../domain/ports.ts';
import { type DialectServer, startDialect, type Turn } from '../dialects/server.ts';
import { answerCalls, askOnce, modelOf, opening } from './dialect-world.ts';

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
