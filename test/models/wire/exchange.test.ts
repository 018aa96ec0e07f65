/** What endpoints send besides what their documents say: none of it loses an answer that is there, or is an error of ours. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { modelSchema } from '../../../domain/config.ts';
import { ProviderError } from '../../../domain/errors.ts';
import { dialectFor } from '../../../models/dialects/choose.ts';
import { createEndpointModel } from '../../../models/endpoint.ts';
import { createTransport } from '../../../models/wire/transport.ts';
import { chatRequest, completion, endpointModel, serve } from '../fakes.ts';

type Server = Awaited<ReturnType<typeof serve>>;
const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function server(handler: (response: ServerResponse) => void): Promise<Server> {
  const made = await serve(handler);
  open.push(made);
  return made;
}

async function answerTo(handler: (response: ServerResponse) => void) {
  return endpointModel((await server(handler)).url, { timeout: 1500 }, 'sk-secret-value-1').complete(
    chatRequest(),
    new AbortController().signal,
  );
}

async function faultOf(body: string): Promise<ProviderError> {
  const thrown: unknown = await answerTo((response) => void response.end(body)).catch((error: unknown) => error);
  if (!(thrown instanceof ProviderError)) throw new Error(`not a ProviderError: ${String(thrown)}`);
  return thrown;
}

const piece = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;
const COUNTS = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 50, completion_tokens: 10 } })}\n\n`;
const streamed = (...pieces: string[]) => answerTo((response) => void response.end(pieces.join('')));

describe('a stream', () => {
  it('that says null where there are no calls is an answer', async () => {
    const nothing = { function_call: null, tool_calls: null };
    expect(await streamed(piece({ content: 'Hi', ...nothing }), piece(nothing, 'stop'), COUNTS)).toMatchObject({
      text: 'Hi',
      finish: 'stop',
    });
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(await streamed(piece({ tool_calls: [call] }), piece(nothing, 'tool_calls'))).toMatchObject({ toolCalls: [{ name: 'f' }] });
  });

  it('is kept open with events that hold nothing', async () => {
    expect(await streamed('data:\n\n', 'data: \n\n', ': ping\n\n', piece({ content: 'Hi' }, 'stop'))).toMatchObject({ text: 'Hi' });
  });

  it.each([
    ['stays open', () => undefined],
    ['breaks', (response: ServerResponse) => void setTimeout(() => response.destroy(), 20)],
  ])('of chat that said it is done is whole, though its connection %s', async (_how, after) => {
    const answer = await answerTo((response) => {
      response.write(`${piece({ content: 'Hi' }, 'stop')}${COUNTS}data: [DONE]\n\n`);
      after(response);
    });
    expect(answer).toMatchObject({ text: 'Hi', usage: { inputTokens: 50, outputTokens: 10 } });
  });

  const message = (index: number) => [
    { type: 'message_start', message: { usage: { input_tokens: 9 } } },
    { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ];
  const response = {
    status: 'completed',
    output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }],
  };

  it.each([
    ['Anthropic', 'anthropic', message(0)],
    ['Anthropic with a block at any place', 'anthropic', message(4_000_000_000)],
    ['Responses', 'openai', [{ type: 'response.completed', response }]],
  ])('of %s that said it is done is whole, though its connection stays open', async (_name, provider, events) => {
    const made = await server((answer) => void answer.write(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')));
    const config = {
      ...modelSchema.parse({ provider, model: 'm', ...(provider === 'openai' ? { api: 'responses' } : {}) }),
      timeout: 1500,
    };
    const dialect = await dialectFor(config, made.url);
    const endpoint = { dialect, baseUrl: made.url, secret: 'x', transport: createTransport({}) };
    const model = createEndpointModel(config, endpoint, { contextTokens: 8192 });
    expect(await model.complete(chatRequest(), new AbortController().signal)).toMatchObject({ text: 'Hi', finish: 'stop' });
  });
});

describe('an answer', () => {
  it.each([{ error: null }, { error: {} }, { error: '' }, { error: { message: '', code: null } }, { detail: null }])(
    'with an empty place for an error, %j, is one',
    async (more) => {
      const answer = await answerTo((response) => void response.end(JSON.stringify(completion({}, more))));
      expect(answer).toMatchObject({ text: 'hello' });
    },
  );

  it('whose call has no name, no function or a number for an id is told to the agent, not thrown away', async () => {
    const calls = [{ id: 7, function: { name: null, arguments: { a: 1 } } }, { id: 'a' }, { id: 'b', function: { name: 'f' } }];
    const answer = await answerTo((response) => void response.end(JSON.stringify(completion({ tool_calls: calls }))));
    expect(answer.toolCalls).toEqual([
      { id: 'call_1_1', name: 'unnamed', arguments: '{"a":1}' },
      { id: 'a', name: 'unnamed', arguments: '' },
      { id: 'b', name: 'f', arguments: '' },
    ]);
  });

  it('has an id of its own for every call, whatever ids the endpoint makes up', async () => {
    const call = (id?: string) => ({ ...(id === undefined ? {} : { id }), function: { name: 'f', arguments: '{}' } });
    const calls = [call('call_1_2'), call(), call('call_1_2_'), call()];
    const answer = await answerTo((response) => void response.end(JSON.stringify(completion({ tool_calls: calls }))));
    expect(new Set(answer.toolCalls.map((one) => one.id)).size).toBe(calls.length);
  });

  const nested = (text: string, times: number) => `${'['.repeat(times)}${text}${']'.repeat(times)}`;
  it.each([
    ['nested deeper than any stack', nested('', 200_000)],
    [
      'with such arguments',
      JSON.stringify(completion({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: '@' } }] })).replace('"@"', nested('', 20_000)),
    ],
    ['with such thoughts', JSON.stringify(completion({ reasoning_details: '@' })).replace('"@"', nested('', 4000))],
    ['with a number that is none', JSON.stringify(completion({ reasoning_details: '@' })).replace('"@"', '[1e999]')],
  ])('%s cannot be read, and is no error of ours', async (_name, body) => {
    expect(await faultOf(body)).toMatchObject({ fault: 'unreadable' });
  });

  it('that ended in an error never shows the key', async () => {
    const choice = { finish_reason: 'error', message: { content: '' }, error: { message: 'no such key: sk-secret-value-1' } };
    const fault = await faultOf(JSON.stringify({ choices: [choice] }));
    expect(fault.message).toContain('no such key: ***');
  });
});
