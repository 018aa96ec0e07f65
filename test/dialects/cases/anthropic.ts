/** Requests to Anthropic's endpoint: an honest one, and one broken rule at a time. */
import type { DialectServer } from '../server.ts';
import type { DialectName } from '../types.ts';
import { type Cases, DROP, type Honest, once } from './case.ts';
import { type Inline, PNG, pictureCases } from './pictures.ts';

const USER = { role: 'user', content: 'Write a.txt and b.txt.' };
const SAID = { role: 'assistant', content: 'Gladly.' };
const use = (id: string) => ({ type: 'tool_use', id, name: 'write_file', input: { path: 'a.txt' } });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'written' });
const TOOL = {
  name: 'write_file',
  description: 'Writes a file.',
  input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
};
const MARK = { type: 'ephemeral' };
const marked = (count: number) =>
  Array.from({ length: count }, (_none, index) => ({ type: 'text', text: `Part ${index}.`, cache_control: MARK }));
const budget = (tokens: number) => ({ type: 'enabled', budget_tokens: tokens });

export function honestAnthropic(_name: DialectName, server: DialectServer): Honest {
  return {
    path: '/v1/messages',
    keyHeader: 'x-api-key',
    key: server.apiKey,
    headers: { 'anthropic-version': '2023-06-01' },
    body: {
      model: server.model,
      max_tokens: 100,
      system: 'You write files.',
      messages: [
        USER,
        { role: 'assistant', content: [{ type: 'text', text: 'Two.' }, use('toolu_1'), use('toolu_2')] },
        { role: 'user', content: [result('toolu_1'), result('toolu_2'), { type: 'text', text: 'Go on.' }] },
      ],
      tools: [TOOL],
    },
  };
}

const messages = (...list: readonly object[]) => ['messages', list] as const;
const ids = (id: string) => [['messages.1.content.1.id', id] as const, ['messages.2.content.0.tool_use_id', id] as const];
const pair = (second: object) => [messages(USER, { role: 'assistant', content: [second] }, USER)];

const picture = ({ type, data }: Inline) => [
  { type: 'text', text: 'written' },
  { type: 'image', source: { type: 'base64', media_type: type, data } },
];

export const ANTHROPIC_CASES: Cases = {
  ...pictureCases('messages.2.content.0.content', picture),
  'picture-form': once('messages.2.content.0.content', [{ type: 'image', source: { type: 'base64', data: PNG.data } }], picture(PNG)),
  'result-part': once('messages.2.content.0.content', [{ type: 'image_url', image_url: 'data:' }], picture(PNG)),
  path: once('@path', '/v1{path}', undefined),
  method: once('@method', 'PUT', 'POST'),
  'key-missing': once('@key', DROP, undefined),
  'key-wrong': once('@key', 'other', undefined),
  'version-missing': once('@header.anthropic-version', DROP, undefined),
  'version-unknown': once('@header.anthropic-version', '2024-01-01', '2026-10-21'),
  'sampling-removed': {
    offence: [
      ['@header.anthropic-version', '2026-10-21'],
      ['temperature', 1],
    ],
    honest: [['temperature', 1]],
  },
  'citations-removed': {
    offence: [
      ['@header.anthropic-version', '2026-10-21'],
      ['messages.2.content.2', { type: 'text', text: 'Go on.', citations: [{}] }],
    ],
    honest: [['@header.anthropic-version', '2026-10-21']],
  },
  'content-type': once('@header.content-type', 'text/plain', 'application/json; charset=utf-8'),
  json: once('@raw', '{"model":', undefined),
  'unknown-parameter': once('response_format', { type: 'text' }, undefined),
  'model-missing': once('model', DROP, undefined),
  'model-unknown': once('model', 'gone', undefined),
  'limit-missing': once('max_tokens', DROP, 1),
  'limit-form': once('max_tokens', 0, 1),
  'messages-empty': once('messages', [], [USER]),
  'temperature-form': once('temperature', 1.5, 1),
  'sampling-both': {
    offence: [
      ['temperature', 1],
      ['top_p', 0.9],
    ],
    honest: [['top_p', 0.9]],
  },
  'system-empty': once('system', [{ type: 'text', text: '' }], [{ type: 'text', text: 'You write.' }]),
  'system-form': once('system', { type: 'text', text: 'x' }, 'x'),
  'budget-small': {
    offence: [['thinking', budget(1000)], ['max_tokens', 4096], messages(USER)],
    honest: [['thinking', budget(1024)], ['max_tokens', 4096], messages(USER)],
  },
  'budget-limit': {
    offence: [['thinking', budget(4096)], ['max_tokens', 4096], messages(USER)],
    honest: [['thinking', budget(4095)], ['max_tokens', 4096], messages(USER)],
  },
  'thinking-temperature': {
    offence: [['thinking', { type: 'adaptive' }], ['temperature', 0.5], messages(USER)],
    honest: [['thinking', { type: 'adaptive' }], ['temperature', 1], messages(USER)],
  },
  'thinking-choice': {
    offence: [['thinking', { type: 'adaptive' }], ['tool_choice', { type: 'any' }], messages(USER)],
    honest: [['thinking', { type: 'adaptive' }], ['tool_choice', { type: 'auto' }], messages(USER)],
  },
  'tool-name': once('tools.0.name', 'write file', 'write-file_2'),
  'tool-twice': once('tools.+', TOOL, { ...TOOL, name: 'read_file' }),
  'tool-field': once('tools.0.parameters', {}, undefined),
  'schema-missing': once('tools.0.input_schema', DROP, { type: 'object' }),
  'schema-object': once('tools.0.input_schema.type', 'string', 'object'),
  'schema-union': once('tools.0.input_schema.anyOf', [{ required: ['path'] }], undefined),
  'schema-keys': once('tools.0.input_schema.properties', { 'a path': {} }, { 'a.path': {} }),
  'choice-form': once('tool_choice', 'auto', { type: 'auto' }),
  'choice-without-tools': {
    offence: [['tools', DROP], ['tool_choice', { type: 'auto' }], messages(USER)],
    honest: [['tool_choice', { type: 'auto' }], messages(USER)],
  },
  'tools-for-history': { offence: [['tools', DROP]], honest: [['tools', DROP], messages(USER)] },
  'marks-many': once('system', marked(5), marked(4)),
  'first-role': { offence: [messages(SAID, USER)], honest: [messages(USER, SAID, USER)] },
  'role-system': { offence: [messages(USER, { role: 'system', content: 'x' })], honest: [messages(USER, { role: 'user', content: 'x' })] },
  'role-unknown': { offence: [messages(USER, { role: 'tool', content: 'x' })], honest: [messages(USER, { role: 'user', content: 'x' })] },
  'content-empty': { offence: [messages(USER, { ...SAID, content: '' }, USER)], honest: [messages(USER, SAID, USER)] },
  'text-empty': once('messages.1.content.0.text', '', 'x'),
  'text-blank': once('messages.1.content.0.text', ' \n', ' x\n'),
  'cache-empty': once(
    'messages.1.content.0',
    { type: 'text', text: '', cache_control: MARK },
    { type: 'text', text: 'x', cache_control: MARK },
  ),
  'block-type': { offence: pair({ type: 'output_text', text: 'x' }), honest: pair({ type: 'text', text: 'x' }) },
  'block-field': once('messages.1.content.1.text', 'x', undefined),
  'block-role': once('messages.1.content.0', result('toolu_0'), undefined),
  'use-id': { offence: ids('functions.write:1'), honest: ids('functions-write_1') },
  'use-id-twice': {
    offence: [
      ['messages.1.content.2.id', 'toolu_1'],
      ['messages.2.content.1', DROP],
    ],
    honest: [],
  },
  'use-name': once('messages.1.content.1.name', 'write_file<|channel|>', 'write_file_2'),
  'use-input': once('messages.1.content.1.input', '{"path":"a"}', { path: 'a' }),
  'use-unanswered': once('messages.2.content.1', DROP, undefined),
  'result-unknown': once('messages.2.content.1.tool_use_id', 'toolu_9', 'toolu_2'),
  'result-twice': once('messages.2.content.2', result('toolu_1'), undefined),
  'result-content': once('messages.2.content.0.content', { ok: true }, '{"ok":true}'),
  'error-empty': once(
    'messages.2.content.0',
    { ...result('toolu_1'), content: '', is_error: true },
    { ...result('toolu_1'), is_error: true },
  ),
  'trailing-space': {
    offence: [messages(USER, { ...SAID, content: 'Gladly. ' })],
    honest: [messages(USER, { ...SAID, content: 'Gladly. ' }, USER)],
  },
  'signature-missing': { offence: pair({ type: 'thinking', thinking: 'x' }), honest: pair({ type: 'text', text: 'x' }) },
  prefill: { offence: [messages(USER, SAID)], honest: [messages(USER, SAID, USER)] },
  context: once('messages.0.content', 'x'.repeat(5000), 'x'.repeat(50), { windowTokens: 1000 }),
  'context-output': once('max_tokens', 990, 100, { windowTokens: 1000 }),
};
