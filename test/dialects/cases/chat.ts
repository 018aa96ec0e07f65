/** Requests to the chat completions family: an honest one, and one broken rule at a time. */
import type { DialectServer } from '../server.ts';
import type { DialectName } from '../types.ts';
import { type Cases, DROP, type Honest, once } from './case.ts';
import { type Inline, PNG, pictureCases } from './pictures.ts';

const FIRST = 'AAAAAAAA1';
const SECOND = 'AAAAAAAA2';
const SYSTEM = { role: 'system', content: 'You write files.' };
const USER = { role: 'user', content: 'Write a.txt and b.txt.' };
const SAID = { role: 'assistant', content: 'Gladly.' };
const call = (id: string) => ({ id, type: 'function', function: { name: 'write_file', arguments: '{"path":"a.txt"}' } });
const answer = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'written' });
const TOOL = {
  type: 'function',
  function: {
    name: 'write_file',
    description: 'Writes a file.',
    parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  },
};
const named = (name: string) => ({ ...TOOL, function: { ...TOOL.function, name } });

export function honestChat(name: DialectName, server: DialectServer): Honest {
  const base = server.baseUrl.slice(server.origin.length);
  return {
    path: `${base}/chat/completions`,
    keyHeader: name === 'azure' ? 'api-key' : 'authorization',
    key: name === 'azure' ? server.apiKey : `Bearer ${server.apiKey}`,
    headers: {},
    body: {
      model: server.model,
      messages: [
        SYSTEM,
        USER,
        { role: 'assistant', content: 'Two.', tool_calls: [call(FIRST), call(SECOND)] },
        answer(FIRST),
        answer(SECOND),
      ],
      tools: [TOOL],
    },
  };
}

const messages = (...list: readonly object[]) => ['messages', list] as const;
const ids = (id: string) => [['messages.2.tool_calls.0.id', id] as const, ['messages.3.tool_call_id', id] as const];
const parameter = 'tools.0.function.parameters.properties.path';

const picture = ({ type, data }: Inline) => ({ type: 'image_url', image_url: { url: `data:${type};base64,${data}` } });
const content = (parts: readonly object[]) => [{ type: 'text', text: 'Write.' }, ...parts];

export const CHAT_CASES: Cases = {
  ...pictureCases('messages.1.content', (one) => content([picture(one)])),
  'picture-form': once('messages.1.content', content([{ type: 'image_url', image_url: { data: PNG.data } }]), content([picture(PNG)])),
  'picture-count': once('messages.1.content', content(Array(9).fill(picture(PNG))), content(Array(5).fill(picture(PNG)))),
  path: once('@path', '{path}/more', undefined),
  method: once('@method', 'PUT', 'POST'),
  'key-missing': once('@key', DROP, undefined),
  'key-wrong': once('@key', 'Bearer other', undefined),
  'content-type': once('@header.content-type', 'text/plain', 'application/json; charset=utf-8'),
  json: once('@raw', '{"model":', undefined),
  'version-missing': {
    offence: [['@path', '/openai/deployments/gpt-4.1-mini/chat/completions']],
    honest: [['@path', '/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21']],
  },
  'version-form': {
    offence: [['@path', '/openai/deployments/gpt-4.1-mini/chat/completions?api-version=latest']],
    honest: [['@path', '/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2025-04-01-preview']],
  },
  'deployment-unknown': {
    offence: [['@path', '/openai/deployments/gone/chat/completions?api-version=2024-10-21']],
    honest: [['@path', '/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21']],
  },
  'model-missing': once('model', DROP, undefined),
  'model-unknown': once('model', 'gone', undefined),
  'messages-empty': once('messages', [], [USER]),
  'unknown-parameter': once('invented', 1, undefined),
  'null-parameter': once('top_p', null, 0.5),
  'limit-form': once('max_tokens', 0, 1),
  'limit-twice': {
    offence: [
      ['max_tokens', 9],
      ['max_completion_tokens', 9],
    ],
    honest: [['max_completion_tokens', 9]],
  },
  'max-tokens-unsupported': {
    offence: [['max_tokens', 90]],
    honest: [['max_completion_tokens', 90]],
    options: { reasoning: true },
  },
  'temperature-unsupported': once('temperature', 0.2, 1, { reasoning: true }),
  'temperature-form': once('temperature', 3, 0.2),
  'effort-unsupported': once('reasoning_effort', 'low', undefined),
  'effort-with-tools': once('reasoning_effort', 'low', 'none', { reasoning: true }),
  'several-choices': once('n', 2, 1),
  logprobs: once('logprobs', true, undefined),
  'stream-options': {
    offence: [['stream_options', { include_usage: true }]],
    honest: [
      ['stream_options', { include_usage: true }],
      ['stream', true],
    ],
  },
  'tools-empty': once('tools', [], [TOOL]),
  'choice-without-tools': {
    offence: [
      ['tools', DROP],
      ['tool_choice', 'auto'],
    ],
    honest: [['tool_choice', 'auto']],
  },
  'parallel-without-tools': {
    offence: [
      ['tools', DROP],
      ['parallel_tool_calls', false],
    ],
    honest: [['parallel_tool_calls', false]],
  },
  'choice-unknown': once(
    'tool_choice',
    { type: 'function', function: { name: 'gone' } },
    { type: 'function', function: { name: 'write_file' } },
  ),
  'tool-type': once('tools.0.type', DROP, 'function'),
  'tool-name': once('tools.0.function.name', 'write file', 'write-file_2'),
  'tool-name-long': once('tools.0.function.name', 'w'.repeat(65), 'w'.repeat(64)),
  'tool-twice': once('tools.+', TOOL, named('read_file')),
  'tool-description': once('tools.0.function.description', 5, 'Five.'),
  'parameters-object': once('tools.0.function.parameters', { type: 'string' }, { type: 'object', properties: {} }),
  'array-items': once(parameter, { type: 'array' }, { type: 'array', items: { type: 'string' } }),
  'pattern-anchors': once(`${parameter}.pattern`, '[a-z]+', '^[a-z]+$'),
  'pattern-syntax': once(`${parameter}.pattern`, String.raw`^\d+$`, '^[0-9]+$'),
  repetitions: once(`${parameter}.maxLength`, 2000, 1999),
  'reference-outside': once(parameter, { $ref: 'https://example.com/path.json' }, { $ref: '#/$defs/path' }),
  'role-unknown': once('messages.1.role', 'human', 'user'),
  'developer-role': once('messages.0.role', 'developer', 'system'),
  'message-field': once('messages.2.reasoning_content', 'Two files.', undefined),
  'message-null': once('messages.2.name', null, 'lead'),
  'content-form': once('messages.1.content', null, 'Write.'),
  'content-list': once('messages.1.content', [{ type: 'text', text: 'Write.' }], 'Write.'),
  'content-absent': once('messages.2.content', DROP, ''),
  'part-type': once('messages.1.content', [{ type: 'video', video: 'x' }], [{ type: 'text', text: 'Write.' }]),
  'assistant-empty': {
    offence: [messages(SYSTEM, USER, { ...SAID, content: '' }, USER)],
    honest: [messages(SYSTEM, USER, SAID, USER)],
  },
  'calls-empty': {
    offence: [messages(SYSTEM, USER, { ...SAID, tool_calls: [] }, USER)],
    honest: [messages(SYSTEM, USER, SAID, USER)],
  },
  'call-id-missing': once('messages.2.tool_calls.0.id', DROP, undefined),
  'call-id-long': { offence: ids('a'.repeat(41)), honest: ids('a'.repeat(40)) },
  'call-id-form': { offence: ids('call_0001'), honest: ids('callA0001') },
  'call-id-twice': {
    offence: [
      ['messages.2.tool_calls.1.id', FIRST],
      ['messages.4.tool_call_id', FIRST],
    ],
    honest: [],
  },
  'call-type': once('messages.2.tool_calls.0.type', DROP, 'function'),
  'call-name': once('messages.2.tool_calls.0.function.name', 'write_file<|channel|>commentary', 'write_file_commentary'),
  'call-name-long': once('messages.2.tool_calls.0.function.name', 'w'.repeat(65), 'w'.repeat(64)),
  'arguments-type': once('messages.2.tool_calls.0.function.arguments', { path: 'a' }, '{"path":"a"}'),
  'arguments-json': once('messages.2.tool_calls.0.function.arguments', '{"path":', '{"path":""}'),
  'arguments-object': once('messages.2.tool_calls.0.function.arguments', '"path"', '{}'),
  'answer-id-missing': once('messages.3.tool_call_id', DROP, FIRST),
  'answer-orphan': { offence: [messages(SYSTEM, USER, answer(FIRST))], honest: [messages(SYSTEM, USER)] },
  'answer-unknown': once('messages.3.tool_call_id', 'ZZZZZZZZ9', FIRST),
  'call-unanswered': once('messages.4', DROP, undefined),
  'user-after-tool': {
    offence: [['messages.+', USER]],
    honest: [
      ['messages.+', SAID],
      ['messages.+', USER],
    ],
  },
  'system-late': { offence: [messages(SYSTEM, USER, SYSTEM)], honest: [messages(SYSTEM, USER)] },
  'roles-alternate': { offence: [messages(SYSTEM, USER, USER)], honest: [messages(SYSTEM, USER, SAID, USER)] },
  'assistant-twice': { offence: [messages(SYSTEM, USER, SAID, SAID, USER)], honest: [messages(SYSTEM, USER, SAID, USER)] },
  'last-assistant': { offence: [messages(SYSTEM, USER, SAID)], honest: [messages(SYSTEM, USER, SAID, USER)] },
  'last-system': { offence: [messages(SYSTEM)], honest: [messages(SYSTEM, USER)] },
  'no-user': { offence: [messages(SYSTEM)], honest: [messages(SYSTEM, USER)] },
  context: once('messages.1.content', 'x'.repeat(5000), 'x'.repeat(50), { windowTokens: 1000 }),
};
