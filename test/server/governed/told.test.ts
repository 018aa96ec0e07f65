/** What agents say, as messages in blocks and as tools: live and whole, lost and asked again, and what is not theirs. */
import { AIMessageChunk, ToolMessage } from '@langchain/core/messages';
import { expect, test } from 'vitest';
import { createAgentEvents } from '../../../server/governed/told.ts';

const place = { stage: 'build', attempt: 1, agent: 'lead', role: 'lead', step: 2 };
const meta = { langgraph_node: 'build' };

function tell(chunks: readonly (readonly [mode: string, data: unknown])[]) {
  const own = createAgentEvents();
  return chunks.flatMap(([mode, data]) => own([[], mode, data], 5) ?? [{ method: 'not its own', namespace: [], timestamp: 5, data }]);
}
const agent = (event: string, more: object = {}) => ['custom', { type: 'governor/agent', event, ...place, ...more }] as const;
const message = (id: string) => ['messages', [new AIMessageChunk({ id, content: '' }), meta]] as const;
const messagesOf = (events: ReturnType<typeof tell>) => events.filter(({ method }) => method === 'messages').map(({ data }) => data);

test('words that come live are deltas of one block; calls are blocks of their own; the message ends once', () => {
  const events = tell([
    agent('text', { message_id: 'm', text: 'I ' }),
    ['messages', [new AIMessageChunk({ id: 'm', content: 'I ' }), meta]],
    agent('text', { message_id: 'm', text: 'write' }),
    ['messages', [new AIMessageChunk({ id: 'm', content: 'write' }), meta]],
    agent('words', { message_id: 'm', text: 'I write' }),
    agent('call', { message_id: 'm', id: 'c', tool: 'write_file', arguments: { path: 'a' } }),
    message('m'),
    message('m'),
  ]);
  expect(messagesOf(events)).toEqual([
    { event: 'message-start', role: 'ai', id: 'm', metadata: { stage: 'build', agent: 'lead', attempt: 1 } },
    { event: 'content-block-start', index: 0, content: { type: 'text', text: '' } },
    { event: 'content-block-delta', index: 0, delta: { type: 'text-delta', text: 'I ' } },
    { event: 'content-block-delta', index: 0, delta: { type: 'text-delta', text: 'write' } },
    { event: 'content-block-finish', index: 0, content: { type: 'text', text: 'I write' } },
    { event: 'content-block-start', index: 1, content: { type: 'tool_call_chunk', id: 'c', name: 'write_file', args: '' } },
    { event: 'content-block-finish', index: 1, content: { type: 'tool_call', id: 'c', name: 'write_file', args: { path: 'a' } } },
    { event: 'message-finish' },
  ]);
  expect(events.every(({ method }) => ['messages', 'custom', 'tools'].includes(method))).toBe(true);
});

test('words that did not come live come whole', () => {
  const events = messagesOf(tell([agent('words', { message_id: 'm', text: 'done' }), message('m')]));
  expect(events.map((data) => (data as { event: string }).event)).toEqual([
    'message-start',
    'content-block-start',
    'content-block-delta',
    'content-block-finish',
    'message-finish',
  ]);
});

test('an answer that was lost is an error of its message, and the next one begins anew', () => {
  const events = messagesOf(
    tell([
      agent('text', { message_id: 'm', text: 'ha' }),
      agent('text-lost', { message_id: 'm' }),
      agent('text', { message_id: 'n', text: 'half' }),
    ]),
  );
  expect(events[3]).toMatchObject({ event: 'error', id: 'm' });
  expect(events[4]).toMatchObject({ event: 'message-start', id: 'n' });
});

test.each([
  ['ok', { event: 'tool-finished', tool_call_id: 'c', output: 'fine' }],
  ['delegated', { event: 'tool-finished', tool_call_id: 'c', output: 'fine' }],
  ['refused', { event: 'tool-error', tool_call_id: 'c', message: 'fine', code: 'refused' }],
])('a call that came to %s', (outcome, data) => {
  const events = tell([agent('result', { id: 'c', tool: 't', outcome, text: 'fine' })]);
  expect(events.filter(({ method }) => method === 'tools').map((event) => event.data)).toEqual([data]);
});

test('a call without an id is told as custom alone; other chunks are not its own', () => {
  expect(tell([agent('call', { id: '', tool: 't' })]).map(({ method }) => method)).toEqual(['custom']);
  expect(
    tell([
      ['custom', { name: 'mine' }],
      ['values', {}],
    ]).map(({ method }) => method),
  ).toEqual(['not its own', 'not its own']);
  const result = new ToolMessage({ tool_call_id: 'c', content: 'x' });
  expect(tell([['messages', [result, meta]]])).toEqual([]);
});

test('everything is told as it was in its own channel too, with the stage as its node', () => {
  expect(tell([agent('check', { check: 'test', status: 'pass', stage: '' })])).toEqual([
    expect.objectContaining({
      method: 'custom',
      node: undefined,
      data: { name: 'governor/agent', payload: expect.objectContaining({ event: 'check' }) },
    }),
  ]);
  expect(tell([agent('hand-over', { file: 'x' })])[0]).toMatchObject({ node: 'build' });
});
