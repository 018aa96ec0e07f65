/** What OpenAI's Responses endpoint refuses, in its words. */
import { coded, openAiError, param, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { OPENAI_DOOR_RULES } from './openai-rules.ts';
import { pictureRules } from './pictures.ts';
import type { Rules } from './types.ts';

const CREATE = 'https://platform.openai.com/docs/api-reference/responses/create';
const VISION = 'https://platform.openai.com/docs/guides/images-vision';
const ID = 'https://github.com/openai/openai-cs-agents-demo/issues/34';
const rule = ruleOf(openAiError);
const input = () => ({ param: 'input' });
const invalid = coded('invalid_value');
const missing = coded('missing_required_parameter');
const badType = coded('invalid_type');
const schema = coded('invalid_function_parameters');

export const RESPONSES_RULES: Rules = {
  ...OPENAI_DOOR_RULES,
  'unknown-parameter': rule(
    400,
    'https://github.com/bestruirui/octopus/issues/31',
    (detail) => `Unknown parameter: '${detail.path}'.`,
    coded('unknown_parameter'),
  ),
  'parameter-moved': rule(
    400,
    'https://platform.openai.com/docs/guides/migrate-to-responses',
    (detail) =>
      `Unsupported parameter: '${detail.path}'. In the Responses API, this parameter has moved to '${detail.value}'. Try again with the new parameter. See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create.`,
    coded('unsupported_parameter'),
  ),
  'model-missing': rule(400, CREATE, SAY.missing, missing),
  'input-missing': rule(400, CREATE, SAY.missing, missing),
  'limit-form': rule(
    400,
    CREATE,
    (detail) => `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${detail.value} instead.`,
    coded('integer_below_min_value'),
  ),
  'temperature-unsupported': rule(
    400,
    'https://platform.openai.com/docs/guides/latest-model',
    () => "Unsupported parameter: 'temperature' is not supported with this model.",
    param,
  ),
  'encrypted-unsupported': rule(
    400,
    STRICTER,
    () => 'Encrypted content is not supported with this model.',
    () => ({ param: 'include' }),
  ),
  'stream-options': rule(400, STRICTER, () => "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param),
  'tool-name-missing': rule(400, 'https://platform.openai.com/docs/guides/migrate-to-responses', SAY.missing, missing),
  'tool-name': rule(400, 'https://github.com/brekkylab/ailoy/pull/109', SAY.pattern, invalid),
  'tool-name-long': rule(400, CREATE, SAY.long, coded('string_above_max_length')),
  'tool-twice': rule(400, STRICTER, (detail) => `Invalid '${detail.path}': tool names must be unique.`, invalid),
  'parameters-object': rule(400, 'https://github.com/meilisearch/meilisearch-mcp/issues/27', SAY.schemaObject, schema),
  'strict-schema': rule(
    400,
    'https://platform.openai.com/docs/guides/structured-outputs#supported-schemas',
    (detail) =>
      `Invalid schema for function '${detail.value}': In context=(), 'additionalProperties' is required to be supplied and to be false.`,
    schema,
  ),
  'item-type': rule(
    400,
    CREATE,
    (detail) =>
      `Invalid value: '${detail.value}'. Supported values are: 'function_call', 'function_call_output', 'item_reference', 'message', and 'reasoning'.`,
    invalid,
  ),
  'item-field': rule(
    400,
    'https://github.com/openai/codex/issues/10834',
    (detail) => `Unknown parameter: '${detail.path}'.`,
    coded('unknown_parameter'),
  ),
  'item-id': rule(
    400,
    ID,
    (detail) => `Invalid '${detail.path}': '${detail.value}'. Expected an ID that begins with '${detail.other}'.`,
    invalid,
  ),
  'item-not-found': rule(
    404,
    'https://github.com/continuedev/continue/issues/9101',
    (detail) =>
      `Item with id '${detail.value}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    input,
  ),
  'role-unknown': rule(
    400,
    CREATE,
    (detail) => `Invalid value: '${detail.value}'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`,
    invalid,
  ),
  'content-form': rule(400, CREATE, SAY.type('one of an array of objects or string'), badType),
  'part-type': rule(400, CREATE, (detail) => `Invalid value: '${detail.value}'. Supported values are: '${detail.other}'.`, invalid),
  'call-id-missing': rule(400, CREATE, SAY.missing, missing),
  'call-id-long': rule(400, 'https://github.com/AnswerDotAI/fastllm/issues/45', SAY.long, coded('string_above_max_length')),
  'call-id-twice': rule(400, STRICTER, (detail) => `Duplicate item found with call_id ${detail.value}.`, input),
  'call-name': rule(400, 'https://github.com/brekkylab/ailoy/pull/109', SAY.pattern, invalid),
  'arguments-type': rule(400, CREATE, SAY.type('a string'), badType),
  'output-form': rule(400, CREATE, SAY.type('one of an array of objects or string'), badType),
  ...pictureRules((say) => rule(400, VISION, say, input)),
  'picture-form': rule(400, VISION, (detail) => `Invalid '${detail.path}': expected a URL or a data URL of base64.`, invalid),
  'output-part': rule(
    400,
    CREATE,
    (detail) => `Invalid value: '${detail.value}'. Supported values are: 'input_text', 'input_image', and 'input_file'.`,
    invalid,
  ),
  'output-orphan': rule(
    400,
    'https://github.com/smallmain/vscode-unify-chat-provider/pull/117',
    (detail) => `No tool call found for function call output with call_id ${detail.value}.`,
    input,
  ),
  'call-unanswered': rule(
    400,
    'https://platform.openai.com/docs/guides/function-calling',
    (detail) => `No tool output found for function call ${detail.value}.`,
    input,
  ),
  'previous-unknown': rule(
    400,
    'https://platform.openai.com/docs/guides/conversation-state',
    (detail) => `Previous response with id '${detail.value}' not found.`,
    () => ({ param: 'previous_response_id', code: 'previous_response_not_found' }),
  ),
  'summary-missing': rule(400, CREATE, SAY.missing, missing),
  'encrypted-invalid': rule(
    400,
    'https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items',
    (detail) => `The encrypted content for item ${detail.value} could not be verified.`,
    () => ({ code: 'invalid_encrypted_content' }),
  ),
  'reasoning-alone': rule(
    400,
    'https://github.com/openai/openai-node/issues/1567',
    (detail) => `Item '${detail.value}' of type 'reasoning' was provided without its required following item.`,
    input,
  ),
  'reasoning-missing': rule(
    400,
    'https://github.com/0xPlaygrounds/rig/issues/751',
    (detail) => `Item '${detail.value}' of type 'function_call' was provided without its required 'reasoning' item: '${detail.other}'.`,
    input,
  ),
  context: rule(
    400,
    'https://platform.openai.com/docs/guides/conversation-state#managing-the-context-window',
    () => 'Your input exceeds the context window of this model. Please adjust your input and try again.',
    () => ({ param: 'input', code: 'context_length_exceeded' }),
  ),
};
