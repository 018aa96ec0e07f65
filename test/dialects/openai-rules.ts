/** What OpenAI's chat endpoint refuses and how it fails, in its words; Azure runs the same models behind another door. */
import { coded, openAiError, param, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { pictureRules } from './pictures.ts';
import type { ErrorAnswer, FaultName, Rules } from './types.ts';

const CREATE = 'https://platform.openai.com/docs/api-reference/chat/create';
const ERRORS = 'https://platform.openai.com/docs/guides/error-codes';
const VISION = 'https://platform.openai.com/docs/guides/images-vision';
const NAMES = 'https://github.com/brekkylab/ailoy/pull/109';
const EMPTY = 'https://github.com/vllm-project/vllm/pull/39780';
const NULL_CONTENT = 'https://github.com/langchain-ai/langchainjs/issues/4153';
const rule = ruleOf(openAiError);
const tooLong = coded('string_above_max_length');
const invalid = coded('invalid_value');
const badType = coded('invalid_type');
const missing = coded('missing_required_parameter');
const schema = coded('invalid_function_parameters');

export const OPENAI_BODY_RULES: Rules = {
  'unknown-parameter': rule(
    400,
    'https://github.com/teabranch/open-responses-server/issues/41',
    (detail) => `Unknown parameter: '${detail.path}'.`,
    coded('unknown_parameter'),
  ),
  'null-parameter': rule(400, STRICTER, SAY.type('a value'), badType),
  'model-missing': rule(400, CREATE, () => 'you must provide a model parameter'),
  'messages-empty': rule(400, CREATE, SAY.emptyArray, coded('empty_array')),
  'limit-form': rule(
    400,
    CREATE,
    (detail) => `Invalid '${detail.path}': integer below minimum value. Expected a value >= 1, but got ${detail.value} instead.`,
    coded('integer_below_min_value'),
  ),
  'limit-twice': rule(400, STRICTER, () => "'max_tokens' and 'max_completion_tokens' cannot be set together.", param),
  'max-tokens-unsupported': rule(
    400,
    'https://github.com/ITSpecialist111/ai_automation_suggester/issues/38',
    () => "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    coded('unsupported_parameter'),
  ),
  'temperature-unsupported': rule(
    400,
    'https://github.com/decolua/9router/issues/560',
    (detail) =>
      `Unsupported value: 'temperature' does not support ${detail.value} with this model. Only the default (1) value is supported.`,
    coded('unsupported_value'),
  ),
  'temperature-form': rule(
    400,
    CREATE,
    (detail) => `Invalid 'temperature': expected a number between 0 and 2, but got ${detail.value} instead.`,
    coded('decimal_above_max_value'),
  ),
  'effort-unsupported': rule(
    400,
    'https://github.com/cursor/cursor/issues/2786',
    (detail) => `Unknown parameter: '${detail.path}'.`,
    coded('unknown_parameter'),
  ),
  'effort-with-tools': rule(
    400,
    'https://github.com/openai/openai-openapi/issues/541',
    (detail) =>
      `Function tools with reasoning_effort are not supported for ${detail.value} in /v1/chat/completions. Please use /v1/responses instead.`,
    param,
  ),
  'stream-options': rule(
    400,
    'https://github.com/BerriAI/litellm/issues/5803',
    () => "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    param,
  ),
  'tools-empty': rule(400, EMPTY, SAY.emptyArray, coded('empty_array')),
  'choice-without-tools': rule(
    400,
    CREATE,
    () => "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
    param,
  ),
  'parallel-without-tools': rule(
    400,
    CREATE,
    () => "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
    param,
  ),
  'choice-unknown': rule(400, CREATE, (detail) => `Tool choice '${detail.value}' not found in 'tools' parameter.`, param),
  'tool-type': rule(400, CREATE, SAY.missing, missing),
  'tool-name': rule(400, NAMES, SAY.pattern, invalid),
  'tool-name-long': rule(400, CREATE, SAY.long, tooLong),
  'tool-twice': rule(
    400,
    STRICTER,
    (detail) => `Invalid '${detail.path}': tool names must be unique, but '${detail.value}' is repeated.`,
    invalid,
  ),
  'tool-description': rule(400, CREATE, SAY.type('a string'), badType),
  'parameters-object': rule(400, 'https://github.com/maltekuhr/laravel-gpt/issues/8', SAY.schemaObject, schema),
  'array-items': rule(
    400,
    'https://github.com/modelscope/ms-agent/pull/610',
    (detail) => `Invalid schema for function '${detail.value}': In context=('${detail.other}'), array schema missing items.`,
    schema,
  ),
  'role-unknown': rule(
    400,
    CREATE,
    (detail) =>
      `Invalid value: '${detail.value}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
    invalid,
  ),
  'message-field': rule(
    400,
    'https://github.com/openai/codex/issues/10834',
    (detail) => `Unknown parameter: '${detail.path}'.`,
    coded('unknown_parameter'),
  ),
  'message-null': rule(400, STRICTER, SAY.type('a value'), badType),
  'content-form': rule(400, NULL_CONTENT, () => "Invalid value for 'content': expected a string, got null.", param),
  'part-type': rule(
    400,
    CREATE,
    (detail) =>
      `Invalid value: '${detail.value}'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'.`,
    invalid,
  ),
  ...pictureRules((say) => rule(400, VISION, say, param)),
  'picture-form': rule(400, VISION, (detail) => `Invalid '${detail.path}': expected a URL or a data URL of base64.`, invalid),
  'assistant-empty': rule(
    400,
    'https://github.com/vercel/ai/pull/13744',
    () => "Invalid value for 'content': expected a string, got null.",
    param,
  ),
  'calls-empty': rule(400, 'https://github.com/openai/openai-node/pull/1341', SAY.emptyArray, coded('empty_array')),
  'call-id-missing': rule(400, CREATE, SAY.missing, missing),
  'call-id-long': rule(400, 'https://github.com/agno-agi/agno/issues/5382', SAY.long, tooLong),
  'call-id-twice': rule(
    400,
    'https://github.com/agno-agi/agno/issues/5116',
    (detail) => `Invalid parameter: Duplicate value for 'tool_call_id' of '${detail.value}'.`,
    param,
  ),
  'call-type': rule(400, CREATE, SAY.missing, missing),
  'call-name': rule(400, 'https://github.com/mcp-use/mcp-use/issues/90', SAY.pattern, invalid),
  'call-name-long': rule(400, CREATE, SAY.long, tooLong),
  'arguments-type': rule(400, CREATE, SAY.type('a string'), badType),
  'answer-id-missing': rule(400, CREATE, SAY.missing, missing),
  'answer-orphan': rule(400, 'https://github.com/miurla/morphic/issues/136', SAY.orphan, param),
  'answer-unknown': rule(
    400,
    'https://github.com/agno-agi/agno/issues/5116',
    (detail) => `Invalid parameter: 'tool_call_id' of '${detail.value}' not found in 'tool_calls' of previous message.`,
    param,
  ),
  'call-unanswered': rule(400, 'https://github.com/router-for-me/CLIProxyAPI/issues/2798', SAY.unanswered, param),
  context: rule(400, 'https://github.com/rahul2002m/ChatPDF/issues/6', SAY.window, coded('context_length_exceeded')),
};

export const OPENAI_DOOR_RULES: Rules = {
  path: rule(404, ERRORS, (detail) => `Invalid URL (${detail.value} ${detail.path})`),
  method: rule(405, ERRORS, (detail) => `Not allowed to ${detail.value} on ${detail.path}.`),
  'key-missing': rule(
    401,
    ERRORS,
    () =>
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
  ),
  'key-wrong': rule(
    401,
    ERRORS,
    (detail) =>
      `Incorrect API key provided: ****${detail.value}. You can find your API key at https://platform.openai.com/account/api-keys.`,
    () => ({ code: 'invalid_api_key' }),
  ),
  'content-type': rule(
    415,
    CREATE,
    (detail) => `Unsupported content type: '${detail.value}'. This API method only accepts 'application/json' requests.`,
    () => ({ code: 'unsupported_content_type' }),
  ),
  json: rule(400, ERRORS, () => 'We could not parse the JSON body of your request.'),
  'model-unknown': rule(404, ERRORS, SAY.unsupportedModel, () => ({ code: 'model_not_found' })),
};

const SERVER_ERROR = 'The server had an error while processing your request. Sorry about that!';

/** From https://platform.openai.com/docs/guides/error-codes and https://platform.openai.com/docs/guides/rate-limits */
export const OPENAI_ERRORS: Readonly<Partial<Record<FaultName, ErrorAnswer>>> = {
  unauthorized: { status: 401, body: openAiError('Incorrect API key provided: sk-****abcd.', { code: 'invalid_api_key' }) },
  payment: {
    status: 429,
    body: openAiError('You exceeded your current quota, please check your plan and billing details.', {
      type: 'insufficient_quota',
      code: 'insufficient_quota',
    }),
  },
  forbidden: {
    status: 403,
    body: openAiError('Country, region, or territory not supported', {
      type: 'request_forbidden',
      code: 'unsupported_country_region_territory',
    }),
  },
  'not-found': {
    status: 404,
    body: openAiError('The model `gone` does not exist or you do not have access to it.', { code: 'model_not_found' }),
  },
  'rate-limited-header': {
    status: 429,
    headers: { 'retry-after': '2', 'retry-after-ms': '1500', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1.5s' },
    body: openAiError('Rate limit reached for requests', { type: 'requests', code: 'rate_limit_exceeded' }),
  },
  'rate-limited-body': {
    status: 429,
    body: openAiError(
      'Rate limit reached for this model in organization org-x on tokens per min (TPM): Limit 30000, Used 28000, Requested 12000. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
  },
  overloaded: {
    status: 503,
    body: openAiError('The engine is currently overloaded, please try again later', { type: 'service_unavailable_error' }),
  },
  'server-error': { status: 500, body: openAiError(SERVER_ERROR, { type: 'server_error' }) },
  'context-exceeded': {
    status: 400,
    body: openAiError(SAY.window({ limit: 128_000, count: 204_308 }), { param: 'messages', code: 'context_length_exceeded' }),
  },
  // Seen behind routers that answer 200 whatever happened: https://github.com/Aider-AI/aider/issues/3721
  'error-in-200': { status: 200, body: { error: { code: 402, message: 'Insufficient credits' } } },
};

export const OPENAI_STREAM_ERROR = event(openAiError(SERVER_ERROR, { type: 'server_error' }));
