/** What an endpoint says went wrong, in the words of each provider, as a fault of the table. */
import { expect, it } from 'vitest';
import { errorFault, errorIn, statusFault } from '../../../models/wire/said.ts';

const same = (text: string): string => text;
const fault = (status: number, body: unknown) =>
  statusFault(status, new Headers(), typeof body === 'string' ? body : JSON.stringify(body), same).fault;
const openai = (message: string, code: string | null = null, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
});

it.each([
  ['OpenAI, window', 400, openai("This model's maximum context length is 128000 tokens.", 'context_length_exceeded'), 'too-long'],
  [
    'Anthropic, window',
    400,
    { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' } },
    'too-long',
  ],
  [
    'Gemini, window',
    400,
    {
      error: {
        code: 400,
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
        status: 'INVALID_ARGUMENT',
      },
    },
    'too-long',
  ],
  [
    'vLLM, window',
    400,
    { object: 'error', message: "This model's maximum context length is 8192 tokens.", type: 'BadRequestError', code: 400 },
    'too-long',
  ],
  [
    'llama.cpp, window',
    400,
    {
      error: { code: 400, message: 'the request exceeds the available context size, try increasing it', type: 'exceed_context_size_error' },
    },
    'too-long',
  ],
  ['Groq, window', 400, openai('Please reduce the length of the messages or completion.', 'context_length_exceeded'), 'too-long'],
  ['another limit of length is no window', 400, openai('Invalid string: tool id is too long, maximum length 40'), 'refused'],
  ['Groq, a call it cannot read', 400, openai('Failed to call a function.', 'tool_use_failed'), 'malformed-call'],
  [
    'OpenAI, quota',
    429,
    openai('You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota'),
    'no-credit',
  ],
  [
    'Gemini, a minute that is full, in the same words',
    429,
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [{ retryDelay: '15s' }],
      },
    },
    'rate-limited',
  ],
  [
    'Anthropic, credit',
    400,
    { type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low to access the Anthropic API.' } },
    'no-credit',
  ],
  ['DeepSeek, balance', 402, openai('Insufficient Balance'), 'no-credit'],
  [
    'Gemini, key',
    400,
    { error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } },
    'unauthorized',
  ],
  [
    'Mistral, an unknown field',
    422,
    { object: 'error', message: { detail: [{ type: 'extra_forbidden' }] }, type: 'invalid_request_error' },
    'refused',
  ],
  ['FastAPI, no key', 401, { detail: 'Unauthorized' }, 'unauthorized'],
  ['a page of a proxy', 502, '<html><h1>502 Bad Gateway</h1></html>', 'server-error'],
  ['Anthropic, overloaded', 529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
])('%s: %i is %s', (_title, status, body, name) => {
  expect(fault(status, body)).toBe(name);
});

it('is read out of a 200 by its own code, and may have been billed once an answer had begun', () => {
  const told = errorIn({ error: { code: 402, message: 'no credits' } });
  expect(errorFault(told ?? { codes: [], message: '' }, false, same).fault).toBe('no-credit');
  const late = errorIn({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  expect(errorFault(late ?? { codes: [], message: '' }, true, same).fault).toBe('interrupted');
  expect(errorFault(late ?? { codes: [], message: '' }, false, same).fault).toBe('overloaded');
});

it('finds no error where there is none', () => {
  for (const value of [{ choices: [] }, { type: 'message_start', message: {} }, { error: null, output: [] }, [], 'text', null])
    expect(errorIn(value)).toBeUndefined();
});
