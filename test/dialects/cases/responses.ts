/** Requests to OpenAI's Responses endpoint: an honest one, and one broken rule at a time. */
import type { DialectServer } from '../server.ts';
import type { DialectName } from '../types.ts';
import { type Cases, DROP, type Honest, once } from './case.ts';
import { type Inline, PNG, pictureCases } from './pictures.ts';

const USER = { role: 'user', content: 'Write a.txt and b.txt.' };
const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'write_file', arguments: '{"path":"a.txt"}' });
const answer = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'written' });
const TOOL = { type: 'function', name: 'write_file', parameters: { type: 'object', properties: { path: { type: 'string' } } } };

export function honestResponses(_name: DialectName, server: DialectServer): Honest {
  return {
    path: '/v1/responses',
    keyHeader: 'authorization',
    key: `Bearer ${server.apiKey}`,
    headers: {},
    body: {
      model: server.model,
      input: [USER, call('call_1'), call('call_2'), answer('call_1'), answer('call_2')],
      tools: [TOOL],
      store: false,
    },
  };
}

const ids = (id: string) => [['input.1.call_id', id] as const, ['input.3.call_id', id] as const];

const picture = ({ type, data }: Inline) => [
  { type: 'input_text', text: 'written' },
  { type: 'input_image', image_url: `data:${type};base64,${data}` },
];

export const RESPONSES_CASES: Cases = {
  ...pictureCases('input.3.output', picture),
  'picture-form': once('input.3.output', [{ type: 'input_image', image_url: { url: 'data:' } }], picture(PNG)),
  'output-part': once('input.3.output', [{ type: 'image_url', image_url: 'data:' }], picture(PNG)),
  path: once('@path', '{path}/more', undefined),
  method: once('@method', 'PUT', 'POST'),
  'key-missing': once('@key', DROP, undefined),
  'key-wrong': once('@key', 'Bearer other', undefined),
  'content-type': once('@header.content-type', 'text/plain', 'application/json; charset=utf-8'),
  json: once('@raw', '{"model":', undefined),
  'model-missing': once('model', DROP, undefined),
  'model-unknown': once('model', 'gone', undefined),
  'unknown-parameter': once('invented', 1, undefined),
  'parameter-moved': { offence: [['max_tokens', 100]], honest: [['max_output_tokens', 100]] },
  'input-missing': once('input', DROP, 'Write.'),
  'limit-form': once('max_output_tokens', 15, 16),
  'temperature-unsupported': { offence: [['temperature', 1]], honest: [], options: { reasoning: true } },
  'encrypted-unsupported': once('include', ['reasoning.encrypted_content'], []),
  'stream-options': once('stream_options', {}, undefined),
  'tool-name-missing': once('tools.0', { type: 'function', function: { name: 'write_file' } }, TOOL),
  'tool-name': once('tools.0.name', 'write file', 'write-file_2'),
  'tool-name-long': once('tools.0.name', 'w'.repeat(65), 'w'.repeat(64)),
  'tool-twice': once('tools.+', TOOL, { ...TOOL, name: 'read_file' }),
  'parameters-object': once('tools.0.parameters', { type: 'string' }, { type: 'object', properties: {} }),
  'strict-schema': {
    offence: [['tools.0.strict', true]],
    honest: [
      ['tools.0.strict', true],
      ['tools.0.parameters.additionalProperties', false],
    ],
  },
  'item-type': once('input.0', { type: 'text', text: 'x' }, USER),
  'item-field': once('input.1.parsed_arguments', {}, undefined),
  'item-id': once('input.1.id', 'call_1', 'fc_1'),
  'role-unknown': once('input.0.role', 'tool', 'developer'),
  'content-form': once('input.0.content', null, ''),
  'part-type': once('input.0.content', [{ type: 'text', text: 'x' }], [{ type: 'input_text', text: 'x' }]),
  'call-id-missing': once('input.1.call_id', DROP, undefined),
  'call-id-long': { offence: ids('a'.repeat(65)), honest: ids('a'.repeat(64)) },
  'call-id-twice': { offence: [['input.2.call_id', 'call_1']], honest: [] },
  'call-name': once('input.1.name', 'write_file<|channel|>', 'write_file_2'),
  'arguments-type': once('input.1.arguments', { path: 'a' }, '{"path":"a"}'),
  'output-form': once('input.3.output', { ok: true }, '{"ok":true}'),
  'output-orphan': once('input.1', DROP, undefined),
  'call-unanswered': once('input.4', DROP, undefined),
  'previous-unknown': once('previous_response_id', 'resp_gone', undefined),
  'summary-missing': { offence: [['input.+', { type: 'reasoning', id: 'rs_1', encrypted_content: 'x' }]], honest: [] },
  context: once('input.0.content', 'x'.repeat(5000), 'x'.repeat(50), { windowTokens: 1000 }),
};
