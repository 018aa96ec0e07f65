/** Groq's `/openai/v1/chat/completions`: names each property that it does not support. */
import { COMMON_PARAMETERS, createChatDialect } from './chat-dialect.ts';
import { MESSAGE_FIELDS } from './chat-messages.ts';
import { openAiUsage } from './chat-render.ts';
import { type ErrorBody, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { pictureRules } from './pictures.ts';
import type { Detail, Rules } from './types.ts';

const DOCS = 'https://console.groq.com/docs/openai';
const ERRORS = 'https://console.groq.com/docs/errors';
const TOOLS = 'https://console.groq.com/docs/tool-use';
const MESSAGE = 'https://github.com/karthink/gptel/issues/774';

const error: ErrorBody = (message, more = {}) => ({
  error: {
    message,
    type: more.type ?? 'invalid_request_error',
    ...(more.param === undefined ? {} : { param: more.param }),
    ...(more.code === undefined ? {} : { code: more.code }),
  },
});
const VISION = 'https://console.groq.com/docs/vision';
const rule = ruleOf(error);
const dotted = (detail: Detail): string => (detail.path ?? '').replaceAll('[', '.').replaceAll(']', '');
const inMessage = (say: (detail: Detail) => string) => (detail: Detail) =>
  `'messages.${detail.index}' : for 'role:${detail.other ?? detail.value}' the following must be satisfied[('messages.${detail.index}' : ${say(detail)})]`;
const must = (say: string) => (detail: Detail) => `'${dotted(detail)}' : ${say}`;

const rules: Rules = {
  path: rule(
    404,
    ERRORS,
    (detail) => `Unknown request URL: ${detail.value} ${detail.path}. Please check the URL for typos.`,
    () => ({ code: 'unknown_url' }),
  ),
  method: rule(405, ERRORS, () => 'Method Not Allowed'),
  'key-missing': rule(
    401,
    ERRORS,
    () => 'Invalid API Key',
    () => ({ code: 'invalid_api_key' }),
  ),
  'key-wrong': rule(
    401,
    ERRORS,
    () => 'Invalid API Key',
    () => ({ code: 'invalid_api_key' }),
  ),
  'content-type': rule(415, STRICTER, () => 'Unsupported Media Type'),
  json: rule(
    400,
    ERRORS,
    () => 'could not parse the request body as JSON',
    () => ({ code: 'json_validate_failed' }),
  ),
  'model-missing': rule(400, ERRORS, must("property 'model' is missing")),
  'model-unknown': rule(404, ERRORS, SAY.unsupportedModel, () => ({ code: 'model_not_found' })),
  'messages-empty': rule(400, DOCS, must('minimum number of items is 1')),
  'unknown-parameter': rule(400, 'https://github.com/fanenr/chatbot/issues/21', (detail) => `property '${detail.path}' is unsupported`),
  // https://console.groq.com/docs/openai, «Currently Unsupported OpenAI Features»
  logprobs: rule(400, DOCS, (detail) => `property '${detail.path}' is unsupported`),
  'several-choices': rule(400, DOCS, () => "'n' : value must be <= 1"),
  'limit-form': rule(400, DOCS, must('value must be >= 1')),
  'temperature-form': rule(400, DOCS, must('value must be >= 0 and <= 2')),
  'stream-options': rule(400, DOCS, () => "The 'stream_options' parameter is only allowed when 'stream' is enabled."),
  'tools-empty': rule(400, STRICTER, must('minimum number of items is 1')),
  'choice-without-tools': rule(400, TOOLS, () => 'tool_choice was set but no tools were provided'),
  'tool-type': rule(400, TOOLS, must("value must be 'function'")),
  'tool-name': rule(400, 'https://github.com/langgenius/dify/issues/22867', SAY.pattern),
  'tool-name-long': rule(400, TOOLS, SAY.long),
  'tool-twice': rule(400, STRICTER, must('tool names must be unique')),
  'parameters-object': rule(400, TOOLS, (detail) => `invalid JSON schema for tool ${detail.value}, ${dotted(detail)}: type must be object`),
  'role-unknown': rule(400, DOCS, (detail) => `'messages.${detail.index}' : discriminator property 'role' has invalid value`),
  // `reasoning_content`: https://github.com/janhq/jan/issues/8136; any other field: https://github.com/ServiceStack/llms/issues/17
  'message-field': rule(
    400,
    MESSAGE,
    inMessage((detail) => `property '${detail.value}' is unsupported`),
  ),
  'message-null': rule(
    400,
    STRICTER,
    inMessage((detail) => `property '${detail.value}' must not be null`),
  ),
  'content-form': rule(
    400,
    MESSAGE,
    inMessage(() => "property 'content' is missing"),
  ),
  ...pictureRules((say) => rule(400, VISION, say)),
  'picture-form': rule(400, VISION, (detail) => `${detail.path}: expected a URL or a data URL of base64`),
  'picture-count': rule(400, VISION, (detail) => `Too many images: ${detail.count}, at most ${detail.limit}`),
  'part-type': rule(400, MESSAGE, must('value must be one of "text", "image_url"')),
  'assistant-empty': rule(
    400,
    STRICTER,
    inMessage(() => "one of 'content', 'tool_calls' is required"),
  ),
  'calls-empty': rule(400, STRICTER, must('minimum number of items is 1')),
  'call-id-missing': rule(400, TOOLS, must("property 'id' is missing")),
  'call-id-twice': rule(400, STRICTER, must('tool call ids must be unique')),
  'call-type': rule(400, TOOLS, must("property 'type' is missing")),
  'call-name': rule(400, TOOLS, SAY.pattern),
  'arguments-type': rule(400, TOOLS, must('value must be a string')),
  'arguments-json': rule(400, STRICTER, must('value must be valid JSON')),
  'arguments-object': rule(400, STRICTER, must('value must be a JSON object')),
  'answer-id-missing': rule(400, TOOLS, must("property 'tool_call_id' is missing")),
  'answer-orphan': rule(400, STRICTER, SAY.orphan),
  'answer-unknown': rule(400, STRICTER, (detail) => `tool_call_id '${detail.value}' was not found in the previous assistant message`),
  'call-unanswered': rule(400, STRICTER, SAY.unanswered),
  'last-assistant': rule(400, STRICTER, () => "last message role must be 'user' or 'tool'"),
  context: rule(
    400,
    'https://github.com/OpenHands/OpenHands/issues/1902',
    () => 'Please reduce the length of the messages or completion.',
    () => ({ param: 'messages', code: 'context_length_exceeded' }),
  ),
};

const internal = error('Internal Server Error', { type: 'internal_server_error' });

export const groq = createChatDialect({
  name: 'groq',
  base: () => '/openai/v1',
  defaultModel: () => 'openai/gpt-oss-120b',
  rules,
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 4_000_000, count: 5 },
  // `ChatCompletionCreateParams` of the official client.
  parameters: [
    ...COMMON_PARAMETERS,
    'citation_options',
    'compound_custom',
    'disable_tool_validation',
    'documents',
    'exclude_domains',
    'include_domains',
    'include_reasoning',
    'max_completion_tokens',
    'metadata',
    'reasoning_effort',
    'reasoning_format',
    'search_settings',
    'service_tier',
    'store',
  ],
  messageFields: {
    ...MESSAGE_FIELDS,
    // `reasoning` is a field of the official client's type; no other name of it is.
    assistant: new Set(['role', 'content', 'name', 'tool_calls', 'function_call', 'reasoning']),
  },
  shape: {
    reasoning: 'reasoning',
    streamUsage: 'x_groq',
    wholeCalls: true,
    usage: (answer) => ({ ...openAiUsage(answer), queue_time: 0.02, prompt_time: 0.01, completion_time: 0.1, total_time: 0.11 }),
    extra: () => ({ system_fingerprint: 'fp_imitation' }),
  },
  // https://console.groq.com/docs/errors and https://console.groq.com/docs/rate-limits
  errors: {
    unauthorized: { status: 401, body: error('Invalid API Key', { code: 'invalid_api_key' }) },
    forbidden: { status: 403, body: error('Access denied. Please check your network settings.', { code: 'forbidden' }) },
    'not-found': {
      status: 404,
      body: error('The model `gone` does not exist or you do not have access to it.', { code: 'model_not_found' }),
    },
    'rate-limited-header': {
      status: 429,
      headers: {
        'retry-after': '2',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1.57s',
        'x-ratelimit-reset-requests': '6s',
      },
      body: error('Rate limit reached for model', { type: 'tokens', code: 'rate_limit_exceeded' }),
    },
    'rate-limited-body': {
      status: 429,
      body: error(
        'Rate limit reached for model `openai/gpt-oss-120b` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 8000, Used 7500, Requested 3200. Please try again in 20s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing',
        { type: 'tokens', code: 'rate_limit_exceeded' },
      ),
    },
    payment: { status: 402, body: error('Your account has reached its spend limit.', { code: 'spend_limit_exceeded' }) },
    overloaded: { status: 503, body: error('Service Unavailable', { type: 'service_unavailable' }) },
    'server-error': { status: 500, body: internal },
    // https://github.com/groq/groq-typescript/issues/28
    'tool-use-failed': {
      status: 400,
      body: {
        error: {
          message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
          type: 'invalid_request_error',
          code: 'tool_use_failed',
          failed_generation: '<function=write_file>{"path": "a.txt", "text": </function>',
        },
      },
    },
    'context-exceeded': {
      status: 400,
      body: error('Please reduce the length of the messages or completion.', { param: 'messages', code: 'context_length_exceeded' }),
    },
    'error-in-200': { status: 200, body: { error: { code: 402, message: 'Your account has reached its spend limit.' } } },
  },
  streamError: event(internal),
  without: ['finish-error', 'content-filter', 'refusal'],
});
