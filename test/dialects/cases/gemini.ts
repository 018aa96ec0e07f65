/** Requests to Gemini's endpoint: an honest one, and one broken rule at a time. */
import type { DialectServer } from '../server.ts';
import type { DialectName } from '../types.ts';
import { type Cases, DROP, type Honest, once } from './case.ts';
import { type Inline, PNG, pictureCases } from './pictures.ts';

const USER = { role: 'user', parts: [{ text: 'Write a.txt and b.txt.' }] };
const SAID = { role: 'model', parts: [{ text: 'Gladly.' }] };
const call = (id: string) => ({ functionCall: { id, name: 'write_file', args: { path: 'a.txt' } } });
const answer = (id: string, name = 'write_file') => ({ functionResponse: { id, name, response: { output: 'written' } } });
const TOOL = {
  name: 'write_file',
  description: 'Writes a file.',
  parameters: { type: 'OBJECT', properties: { path: { type: 'STRING' } }, required: ['path'] },
};

export function honestGemini(_name: DialectName, server: DialectServer): Honest {
  return {
    path: `/v1beta/models/${server.model}:generateContent`,
    keyHeader: 'x-goog-api-key',
    key: server.apiKey,
    headers: {},
    body: {
      contents: [
        USER,
        { role: 'model', parts: [{ text: 'Two.' }, call('a1'), call('a2')] },
        { role: 'user', parts: [answer('a1'), answer('a2')] },
      ],
      systemInstruction: { parts: [{ text: 'You write files.' }] },
      tools: [{ functionDeclarations: [TOOL] }],
      generationConfig: { temperature: 1 },
    },
  };
}

const contents = (...list: readonly object[]) => ['contents', list] as const;
const declared = 'tools.0.functionDeclarations.0';
const path = `${declared}.parameters.properties.path`;
const stream = (query: string) => `/v1beta/models/gemini-3-flash-preview:streamGenerateContent${query}`;

const pictured = ({ type, data }: Inline) => [{ inlineData: { mimeType: type, data } }];
const inResponse = 'contents.2.parts.0.functionResponse.parts';

export const GEMINI_CASES: Cases = {
  ...pictureCases(inResponse, pictured),
  'picture-form': once(inResponse, [{ inlineData: { data: PNG.data } }], pictured(PNG)),
  'picture-place': {
    offence: [[inResponse, pictured(PNG)]],
    honest: [['contents.2.parts.+', pictured(PNG)[0]]],
    options: { model: 'gemini-2.5-flash' },
  },
  path: once('@path', '{path}/more', undefined),
  method: once('@method', 'PUT', 'POST'),
  'alt-missing': once('@path', stream(''), stream('?alt=sse')),
  'key-missing': once('@key', DROP, undefined),
  'key-wrong': once('@key', 'other', undefined),
  'content-type': once('@header.content-type', 'text/plain', 'application/json; charset=utf-8'),
  json: once('@raw', '{"contents":', undefined),
  'model-unknown': once('@path', '/v1beta/models/gone:generateContent', undefined),
  'unknown-name': once(`${path}.exclusiveMinimum`, 0, undefined),
  'contents-empty': once('contents', [], [USER]),
  'limit-form': once('generationConfig.maxOutputTokens', 0, 1),
  'temperature-form': once('generationConfig.temperature', 3, 2),
  'thinking-both': once('generationConfig.thinkingConfig', { thinkingBudget: 100, thinkingLevel: 'LOW' }, { thinkingLevel: 'LOW' }),
  'system-empty': once('systemInstruction', { parts: [] }, { parts: [{ text: 'x' }] }),
  'name-form': once(`${declared}.name`, '1 file', 'file.write'),
  'name-twice': once('tools.0.functionDeclarations.+', TOOL, { ...TOOL, name: 'read_file' }),
  'parameters-both': once(`${declared}.parametersJsonSchema`, { type: 'object' }, undefined),
  'parameters-object': once(`${declared}.parameters`, { type: 'STRING' }, { type: 'OBJECT', properties: { path: { type: 'STRING' } } }),
  'json-schema-object': {
    offence: [
      [`${declared}.parameters`, DROP],
      [`${declared}.parametersJsonSchema`, { type: 'string' }],
    ],
    honest: [
      [`${declared}.parameters`, DROP],
      [`${declared}.parametersJsonSchema`, { type: 'object', additionalProperties: false }],
    ],
  },
  'type-list': once(`${path}.type`, ['STRING', 'NULL'], 'STRING'),
  'items-missing': once(path, { type: 'ARRAY' }, { type: 'ARRAY', items: { type: 'STRING' } }),
  'properties-empty': once(path, { type: 'OBJECT', properties: {} }, { type: 'OBJECT', properties: { a: { type: 'STRING' } } }),
  'enum-type': once(path, { type: 'INTEGER', enum: ['1'] }, { type: 'STRING', enum: ['1'] }),
  'format-unknown': once(`${path}.format`, 'uri', 'date-time'),
  'required-unknown': once(`${declared}.parameters.required`, ['gone'], ['path']),
  'role-unknown': once('contents.2.role', 'function', 'user'),
  'parts-empty': { offence: [contents({ role: 'user', parts: [] })], honest: [contents(USER)] },
  'part-empty': { offence: [contents({ role: 'user', parts: [{}] })], honest: [contents({ role: 'user', parts: [{ text: '' }] })] },
  'call-name': once('contents.1.parts.1.functionCall.name', '', 'write_file'),
  'answer-name': once('contents.2.parts.0.functionResponse.name', '', 'write_file'),
  'call-role': once('contents.0.parts.+', call('a0'), undefined),
  struct: once('contents.2.parts.0.functionResponse.response', 'written', { output: 'written' }),
  'roles-alternate': { offence: [contents(USER, USER)], honest: [contents(USER, SAID, USER)] },
  'call-turn': once('contents.0', DROP, undefined),
  'answer-turn': {
    offence: [contents(USER, SAID, { role: 'user', parts: [answer('a1')] })],
    honest: [contents(USER, SAID, USER)],
  },
  'answer-count': once('contents.2.parts.1', DROP, undefined),
  'answer-unknown': once('contents.2.parts.0', answer('a1', 'read_file'), answer('a1')),
  'answer-id': once('contents.2.parts.0', answer('a9'), answer('a1')),
  'last-role': { offence: [contents(USER, SAID)], honest: [contents(USER, SAID, USER)] },
  context: once('contents.0.parts.0.text', 'x'.repeat(5000), 'x'.repeat(50), { windowTokens: 1000 }),
};
