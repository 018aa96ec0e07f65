/** OpenAI's `/v1/responses`. */
import { isReasoningModel, nameOffences } from './chat-checks.ts';
import { openAiError } from './chat-words.ts';
import { envelope } from './envelope.ts';
import { event } from './ids.ts';
import { at, canonical, isObject, type Json, list, object, string, textOf } from './json.ts';
import { OPENAI_ERRORS } from './openai-rules.ts';
import { billedPictures, openAiPicture, pictureOffences } from './pictures.ts';
import { itemOffences, itemsOf } from './responses-checks.ts';
import { responsesStream, responsesWhole } from './responses-render.ts';
import { RESPONSES_RULES } from './responses-rules.ts';
import type { Context, Dialect, Offence, Unit } from './types.ts';

/** Of `ResponseCreateParamsBase` in the official client. */
const PARAMETERS = new Set(
  `background context_management conversation include input instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user`.split(
    ' ',
  ),
);
const MOVED: Readonly<Record<string, string>> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
};
const LIMIT_LEAST = 16;

function* parameterOffences(body: Json, context: Context): Generator<Offence> {
  for (const name of Object.keys(body)) {
    const moved = MOVED[name];
    if (moved !== undefined) yield { rule: 'parameter-moved', detail: { path: name, value: moved } };
    else if (!PARAMETERS.has(name)) yield { rule: 'unknown-parameter', detail: { path: name } };
  }
  if (typeof body['model'] !== 'string') yield { rule: 'model-missing', detail: { path: 'model' } };
  else if (body['model'] !== context.model) yield { rule: 'model-unknown', detail: { path: 'model', value: body['model'] } };
  if (itemsOf(body).length === 0 && body['previous_response_id'] === undefined) yield { rule: 'input-missing', detail: { path: 'input' } };
  const limit = body['max_output_tokens'];
  if (limit !== undefined && limit !== null && !(Number.isInteger(limit) && Number(limit) >= LIMIT_LEAST))
    yield { rule: 'limit-form', detail: { path: 'max_output_tokens', value: JSON.stringify(limit) } };
  const reasons = isReasoningModel(context);
  if (reasons && body['temperature'] !== undefined && object(body['reasoning'])['effort'] !== 'none')
    yield { rule: 'temperature-unsupported', detail: { path: 'temperature' } };
  if (!reasons && list(body['include']).includes('reasoning.encrypted_content')) yield { rule: 'encrypted-unsupported', detail: {} };
  if (body['stream_options'] !== undefined && body['stream'] !== true) yield { rule: 'stream-options', detail: { path: 'stream_options' } };
}

function* toolOffences(body: Json): Generator<Offence> {
  const names = new Set<string>();
  for (const [index, raw] of list(body['tools']).entries()) {
    const tool = object(raw);
    const path = `tools[${index}].name`;
    if (tool['type'] !== 'function') continue;
    if (typeof tool['name'] !== 'string') {
      yield { rule: 'tool-name-missing', detail: { path } };
      continue;
    }
    yield* nameOffences(tool['name'], path, 'tool');
    if (names.has(tool['name'])) yield { rule: 'tool-twice', detail: { path } };
    names.add(tool['name']);
    const schema = tool['parameters'];
    const detail = { path: `tools[${index}].parameters`, value: tool['name'] };
    if (schema !== undefined && schema !== null && object(schema)['type'] !== 'object')
      yield { rule: 'parameters-object', detail: { ...detail, other: string(object(schema)['type']) || 'None' } };
    if (tool['strict'] === true && isObject(schema) && schema['additionalProperties'] !== false) yield { rule: 'strict-schema', detail };
  }
}

function units(body: Json): readonly Unit[] {
  const tools = list(body['tools']);
  const instructions = string(body['instructions']);
  return [
    ...(tools.length > 0 ? [{ text: canonical(tools) }] : []),
    ...(instructions === '' ? [] : [{ text: instructions }]),
    ...itemsOf(object(billedPictures(body, openAiPicture(body['model'])))).map((item) => ({
      text: [item['role'], textOf(item['content']), item['name'], item['arguments'], textOf(item['output']), textOf(item['summary'])].join(
        '\n',
      ),
    })),
  ];
}

export const openaiResponses: Dialect = {
  name: 'openai-responses',
  base: () => '/v1',
  defaultModel: (options) => (options.reasoning === true ? 'gpt-5.4' : 'gpt-4.1'),
  rules: RESPONSES_RULES,
  caching: 'prefix',
  errors: {
    ...OPENAI_ERRORS,
    'context-exceeded': {
      status: 400,
      body: openAiError('Your input exceeds the context window of this model. Please adjust your input and try again.', {
        param: 'input',
        code: 'context_length_exceeded',
      }),
    },
  },
  streamError: event(
    { type: 'error', code: 'server_error', message: 'An error occurred while processing your request.', param: null, sequence_number: 99 },
    'error',
  ),
  without: ['tool-use-failed', 'thinking-outside'],
  streamed: (incoming) => at(incoming.body, 'stream') === true,
  *offences(incoming, context, input) {
    yield* envelope(incoming, context, ['/v1/responses']);
    const body = incoming.body;
    if (body === undefined) return;
    yield* parameterOffences(body, context);
    yield* toolOffences(body);
    yield* itemOffences(body, context);
    yield* pictureOffences(body, context, { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000 });
    if (input > context.windowTokens) yield { rule: 'context', detail: { count: input, limit: context.windowTokens } };
  },
  units,
  quiet: (body) => object(body['reasoning'])['effort'] === 'none',
  whole: responsesWhole,
  stream: responsesStream,
};
