/** One call to an endpoint: what is sent, what is understood, and how each fault is classified. */
import { LLMock } from '@copilotkit/aimock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProviderError } from '../../../domain/errors.ts';
import type { ChatAnswer, ChatRequest } from '../../../domain/ports.ts';
import { chatRequest, completion, endpointModel, HEADERS, json, type modelConfig, serve } from '../fakes.ts';

type Server = Awaited<ReturnType<typeof serve>>;
const open: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function server(handler: Parameters<typeof serve>[0]): Promise<Server> {
  const made = await serve(handler);
  open.push(made);
  return made;
}

const model = (url: string, more: Parameters<typeof modelConfig>[0] = {}) => endpointModel(url, more, 'sk-secret-value-1');

async function ask(
  handler: Parameters<typeof serve>[0],
  request: Partial<ChatRequest> = {},
): Promise<{ answer: ChatAnswer; server: Server }> {
  const made = await server(handler);
  return { answer: await model(made.url).complete(chatRequest(request), new AbortController().signal), server: made };
}

async function faultOf(handler: Parameters<typeof serve>[0], more: Parameters<typeof modelConfig>[0] = {}): Promise<ProviderError> {
  const made = await server(handler);
  const thrown: unknown = await model(made.url, more)
    .complete(chatRequest(), new AbortController().signal)
    .catch((error: unknown) => error);
  expect(made.seen).toHaveLength(1);
  if (!(thrown instanceof ProviderError)) throw new Error(`not a ProviderError: ${String(thrown)}`);
  return thrown;
}

describe('a request', () => {
  it('carries the headers, the output limit, the tools and the whole exchange', async () => {
    const tools = [{ name: 'read_file', description: 'Reads.', parameters: { type: 'object', properties: { path: { type: 'string' } } } }];
    const { server: made } = await ask((response) => json(response, 200, completion()), {
      tools,
      messages: [
        { role: 'system', content: 'You build.' },
        { role: 'user', content: 'Goal.' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'read_file', arguments: '{ "path":"x" }' }] },
        { role: 'tool', toolCallId: 'a', toolName: 'read_file', content: 'text of x' },
        { role: 'assistant', content: 'hm', toolCalls: [{ id: 'b', name: 'read_file', arguments: '{"path":' }] },
        { role: 'tool', toolCallId: 'b', toolName: 'read_file', content: 'refused' },
      ],
    });
    const [seen] = made.seen;
    expect(seen?.url).toBe('/v1/chat/completions');
    expect(seen?.headers).toMatchObject({ ...HEADERS, authorization: 'Bearer sk-secret-value-1' });
    expect(seen?.body).toMatchObject({ model: 'test-model', max_tokens: 1000, stream: true, stream_options: { include_usage: true } });
    expect(seen?.body['tools']).toEqual([{ type: 'function', function: tools[0] }]);
    expect(seen?.body['messages']).toEqual([
      { role: 'system', content: 'You build.' },
      { role: 'user', content: 'Goal.' },
      expect.objectContaining({
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'read_file', arguments: '{ "path":"x" }' } }],
      }),
      { role: 'tool', tool_call_id: 'a', content: 'text of x' },
      expect.objectContaining({
        tool_calls: [{ id: 'b', type: 'function', function: { name: 'read_file', arguments: '{"malformed_arguments":"{\\"path\\":"}' } }],
      }),
      { role: 'tool', tool_call_id: 'b', content: 'refused' },
    ]);
  });

  it('sets max_completion_tokens and the effort for a reasoning model', async () => {
    const made = await server((response) => json(response, 200, completion()));
    await model(made.url, { model: 'gpt-5.4', reasoningEffort: 'high', temperature: 1 }).complete(
      chatRequest(),
      new AbortController().signal,
    );
    expect(made.seen[0]?.body).toMatchObject({ max_completion_tokens: 1000, reasoning_effort: 'high', temperature: 1 });
  });

  it('fetches nothing but the endpoint', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    const { server: made } = await ask((response) => json(response, 200, completion()));
    expect(fetched).not.toHaveBeenCalled();
    expect(made.seen.map((one) => one.url)).toEqual(['/v1/chat/completions']);
  });

  it('does not follow a redirect', async () => {
    const fault = await faultOf((response) => json(response, 307, '', { location: 'http://127.0.0.1:9/v1' }));
    expect(fault).toMatchObject({ fault: 'refused', status: 307 });
  });

  it('is bounded from above by the count, whatever it holds', async () => {
    const content = 'é漢字😀\n"quoted"\\'.repeat(50);
    const { server: made } = await ask((response) => json(response, 200, completion()), { messages: [{ role: 'user', content }] });
    const counted = model(made.url).countInput(chatRequest({ messages: [{ role: 'user', content }] }));
    expect(counted).toBeGreaterThan(Buffer.byteLength(JSON.stringify(made.seen[0]?.body['messages'])));
  });
});

describe('an answer', () => {
  it('gives text, usage and the cached part', async () => {
    const usage = { prompt_tokens: 70, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 30 } };
    const { answer } = await ask((response) => json(response, 200, completion({ content: 'ready' }, { usage })));
    expect(answer).toEqual({
      text: 'ready',
      toolCalls: [],
      usage: { inputTokens: 70, outputTokens: 5, cachedInputTokens: 30 },
      finish: 'stop',
      canned: false,
    });
  });

  it.each([
    // Thinking that stands outside of the output is in the total alone.
    [{ prompt_tokens: 1000, completion_tokens: 20, total_tokens: 7020 }, 6020],
    [{ prompt_tokens: 1000, completion_tokens: 6020, total_tokens: 7020 }, 6020],
    [{ prompt_tokens: 1000, completion_tokens: 20 }, 20],
    [{ prompt_tokens: 1000, completion_tokens: 20, total_tokens: 900 }, 20],
  ])('of %j has %i tokens of output', async (usage, output) => {
    const { answer } = await ask((response) => json(response, 200, completion({}, { usage })));
    expect(answer.usage?.outputTokens).toBe(output);
  });

  it('keeps the raw text of tool calls in order, malformed or not', async () => {
    const call = (id: string, text: string) => ({ id, type: 'function', function: { name: 'write_file', arguments: text } });
    const message = { content: null, tool_calls: [call('a', '{"path":"x",'), call('b', '{ "path": "y" }'), call('b', '[]')] };
    const { answer } = await ask((response) => json(response, 200, completion(message, {}, 'tool_calls')));
    expect(answer.finish).toBe('tool_calls');
    expect(answer.toolCalls).toEqual([
      { id: 'a', name: 'write_file', arguments: '{"path":"x",' },
      { id: 'b', name: 'write_file', arguments: '{ "path": "y" }' },
      { id: 'call_1_3', name: 'write_file', arguments: '[]' },
    ]);
  });

  it.each([
    ['length', {}, 'length'],
    ['content_filter', {}, 'refusal'],
    ['stop', { content: null, refusal: 'I will not.' }, 'refusal'],
  ])('that finished by %s %j is told as %s', async (finish, message, told) => {
    const { answer } = await ask((response) => json(response, 200, completion(message, {}, finish)));
    expect(answer.finish).toBe(told);
  });

  it('passes strange usage on without judging it', async () => {
    const usage = { prompt_tokens: -5, completion_tokens: 0 };
    expect((await ask((response) => json(response, 200, completion({}, { usage })))).answer.usage).toEqual({
      inputTokens: -5,
      outputTokens: 0,
    });
    expect((await ask((response) => json(response, 200, completion({}, { usage: 'none' })))).answer.usage).toBeUndefined();
    expect((await ask((response) => json(response, 200, completion({}, { usage: null })))).answer.usage).toBeUndefined();
  });

  it('is read when its content type is wrong', async () => {
    const { answer } = await ask((response) => response.end(JSON.stringify(completion({ content: 'plain' }))));
    expect(answer.text).toBe('plain');
  });

  it('comes from an independent stand-in for the API too', async () => {
    const mock = new LLMock({ port: 0 });
    mock.onMessage('Goal: add a sum.', { toolCalls: [{ name: 'read_file', arguments: '{"path":"a.ts"}' }] });
    await mock.start();
    try {
      const answer = await model(`${mock.url}/v1`).complete(chatRequest(), new AbortController().signal);
      expect(answer).toMatchObject({ finish: 'tool_calls', toolCalls: [{ name: 'read_file', arguments: '{"path":"a.ts"}' }] });
    } finally {
      await mock.stop();
    }
  });
});

describe('a fault', () => {
  const error = (message: string) => ({ error: { message, type: 'x', code: null } });

  it.each([
    [400, 'refused'],
    [401, 'unauthorized'],
    [402, 'no-credit'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [408, 'server-error'],
    [409, 'server-error'],
    [422, 'refused'],
    [429, 'rate-limited'],
    [500, 'server-error'],
    [502, 'server-error'],
    [503, 'overloaded'],
    [529, 'overloaded'],
  ])('%i is %s', async (status, name) => {
    const fault = await faultOf((response) => json(response, status, error('busy')));
    expect(fault).toMatchObject({ fault: name, status, message: `the model endpoint answered ${status}: busy` });
  });

  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' }, 30_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('429 with %j asks to wait %s ms', async (headers, wait) => {
    expect((await faultOf((response) => json(response, 429, error('slow down'), headers))).retryAfterMs).toBe(wait);
  });

  it('never shows the key', async () => {
    const fault = await faultOf((response) => json(response, 401, error('Incorrect API key provided: sk-secret-value-1 (sk-abc***xyz)')));
    expect(fault.message).toBe('the model endpoint answered 401: Incorrect API key provided: *** (***)');
  });

  it('of a cut answer may be billed', async () => {
    const fault = await faultOf((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write('{"choices":');
      setTimeout(() => response.destroy(), 20);
    });
    expect(fault.fault).toBe('cut');
  });

  it('of a connection that ends without an answer may be billed', async () => {
    expect((await faultOf((response) => response.destroy())).fault).toBe('dropped');
  });

  it.each([
    ['no JSON', '<html>', 'unreadable'],
    ['nothing', '', 'unreadable'],
    ['no choices', { ...completion(), choices: [] }, 'unreadable'],
    ['an error', { error: { message: 'upstream overloaded' } }, 'interrupted'],
    ['an error that has a code', { error: { code: 402, message: 'no credits left' } }, 'no-credit'],
  ])('200 with %s is told', async (_name, body, name) => {
    expect((await faultOf((response) => json(response, 200, body))).fault).toBe(name);
  });

  it('200 with an error says what the endpoint said', async () => {
    const fault = await faultOf((response) => json(response, 200, { error: { message: 'upstream overloaded' } }));
    expect(fault.message).toContain('upstream overloaded');
  });

  it('of a refused connection is not billed', async () => {
    const made = await serve(() => undefined);
    await made.close();
    await expect(model(made.url).complete(chatRequest(), new AbortController().signal)).rejects.toMatchObject({
      name: 'ProviderError',
      fault: 'unreachable',
    });
  });

  it.each(['before the headers', 'in the body'])('of an endpoint that hangs %s ends at the time limit and may be billed', async (where) => {
    const fault = await faultOf(
      (response) => {
        if (where !== 'in the body') return;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{');
      },
      { timeout: 150 },
    );
    expect(fault).toMatchObject({ fault: 'silent', message: 'nothing came for 150 ms' });
  });

  it('is none when the caller aborts: its reason comes back', async () => {
    const reason = new Error('a person cancelled');
    const controller = new AbortController();
    const made = await server(() => controller.abort(reason));
    await expect(model(made.url).complete(chatRequest(), controller.signal)).rejects.toBe(reason);
  });
});
