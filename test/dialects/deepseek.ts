/** DeepSeek's `/chat/completions`: thinking is on, and what was thought before a tool call must come back. */
import { COMMON_PARAMETERS, createChatDialect, keep, returned } from './chat-dialect.ts';
import { MESSAGE_FIELDS } from './chat-messages.ts';
import { type ErrorBody, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { at } from './json.ts';
import { OPENAI_ERRORS } from './openai-rules.ts';
import type { Detail, Rules } from './types.ts';

const CREATE = 'https://api-docs.deepseek.com/api/create-chat-completion';
const ERRORS = 'https://api-docs.deepseek.com/quick_start/error_codes';
const THINKING = 'https://api-docs.deepseek.com/guides/thinking_mode';
const UNREAD = 'https://github.com/pig-mesh/deepseek4j/issues/40';
const VARIANT = 'https://github.com/0xPlaygrounds/rig/issues/368';
const UNANSWERED = 'https://github.com/agno-agi/agno/issues/3105';

/** Every error carries the same code: https://github.com/mnfst/modelparams.dev/issues/29 */
const error: ErrorBody = (message, more = {}) => ({
  error: { message, type: more.type ?? 'invalid_request_error', param: null, code: 'invalid_request_error' },
});
const rule = ruleOf(error);
const authentication = () => ({ type: 'authentication_error' });
const unread = (why: (detail: Detail) => string) => (detail: Detail) =>
  `Failed to deserialize the JSON body into the target type: ${detail.path}: ${why(detail)} at line 1 column 1024`;
const missing = (field: string) => unread(() => `missing field \`${field}\``);
const sequence = unread(() => 'invalid type: sequence, expected a string');

const rules: Rules = {
  path: rule(404, ERRORS, () => 'Not Found'),
  method: rule(405, ERRORS, () => 'Method Not Allowed'),
  'key-missing': rule(401, ERRORS, () => 'Authentication Fails (auth header format should be Bearer sk-...)', authentication),
  'key-wrong': rule(401, ERRORS, (detail) => `Authentication Fails, Your api key: ****${detail.value} is invalid`, authentication),
  'content-type': rule(415, STRICTER, () => 'Expected request with `Content-Type: application/json`'),
  json: rule(400, ERRORS, () => 'Failed to parse the request body as JSON'),
  'model-missing': rule(422, UNREAD, missing('model')),
  'model-unknown': rule(400, ERRORS, () => 'Model Not Exist'),
  'messages-empty': rule(400, CREATE, () => 'Empty input messages'),
  'unknown-parameter': rule(
    422,
    STRICTER,
    unread(() => 'unknown field'),
  ),
  'limit-form': rule(400, CREATE, () => 'Invalid max_tokens value, the valid range of max_tokens is [1, 393216]'),
  'temperature-form': rule(400, CREATE, () => 'Invalid temperature value, the valid range of temperature is [0, 2.0]'),
  'stream-options': rule(400, CREATE, () => 'stream_options should be set along with stream = true'),
  'tools-empty': rule(400, 'https://github.com/runebookai/tome/pull/87', SAY.emptyArray),
  'choice-without-tools': rule(400, CREATE, () => 'tool_choice is only allowed when tools are specified'),
  'tool-type': rule(422, CREATE, missing('type')),
  'tool-name': rule(400, CREATE, SAY.pattern),
  'tool-name-long': rule(400, CREATE, SAY.long),
  'tool-twice': rule(400, STRICTER, () => 'Tool names must be unique.'),
  'parameters-object': rule(400, CREATE, SAY.schemaObject),
  'role-unknown': rule(
    422,
    VARIANT,
    unread((detail) => `unknown variant \`${detail.value}\`, expected one of \`system\`, \`user\`, \`assistant\`, \`tool\``),
  ),
  'developer-role': rule(
    422,
    VARIANT,
    unread(() => 'unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`'),
  ),
  'message-null': rule(
    422,
    STRICTER,
    unread(() => 'invalid type: null'),
  ),
  'content-form': rule(422, UNREAD, missing('content')),
  'content-list': rule(400, 'https://github.com/QwenLM/qwen-code/issues/2158', sequence),
  'content-absent': rule(422, UNREAD, missing('content')),
  'assistant-empty': rule(400, STRICTER, () => 'Invalid assistant message: content or tool_calls must be set'),
  'calls-empty': rule(400, STRICTER, SAY.emptyArray),
  'call-id-missing': rule(422, UNREAD, missing('id')),
  'call-id-twice': rule(400, STRICTER, (detail) => `Duplicate value for 'tool_call_id' of '${detail.value}'`),
  'call-type': rule(422, UNREAD, missing('type')),
  'call-name': rule(400, CREATE, SAY.pattern),
  'arguments-type': rule(
    422,
    UNREAD,
    unread((detail) => `invalid type: ${detail.other}, expected a string`),
  ),
  'arguments-json': rule(400, STRICTER, () => 'Invalid tool call arguments: not a valid JSON'),
  'answer-id-missing': rule(422, UNREAD, missing('tool_call_id')),
  'answer-orphan': rule(
    400,
    'https://github.com/qwersyk/Newelle/issues/425',
    () => "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
  ),
  'answer-unknown': rule(400, UNANSWERED, SAY.insufficient),
  'call-unanswered': rule(400, UNANSWERED, SAY.insufficient),
  'last-assistant': rule(
    400,
    'https://api-docs.deepseek.com/guides/chat_prefix_completion',
    () => 'The last message must be a user or tool message, or an assistant message with prefix set to true',
  ),
  'reasoning-missing': rule(
    400,
    'https://github.com/mnfst/modelparams.dev/issues/29',
    () => 'The `reasoning_content` in the thinking mode must be passed back to the API.',
  ),
  'reasoning-changed': rule(400, THINKING, () => 'The `reasoning_content` in the thinking mode must be passed back to the API.'),
  context: rule(400, 'https://github.com/evalstate/fast-agent/issues/621', SAY.requested),
};

const thinkingOff = (body: unknown): boolean => at(body, 'thinking', 'type') === 'disabled';

export const deepseek = createChatDialect({
  name: 'deepseek',
  base: () => '',
  defaultModel: () => 'deepseek-v4-flash',
  rules,
  parameters: [...COMMON_PARAMETERS.filter((name) => !['seed', 'n', 'user'].includes(name)), 'thinking', 'reasoning_effort', 'user_id'],
  messageFields: {
    ...MESSAGE_FIELDS,
    assistant: new Set([...(MESSAGE_FIELDS['assistant'] ?? []), 'reasoning_content', 'prefix']),
  },
  windowHoldsOutput: true,
  shape: {
    reasoning: 'reasoning_content',
    streamUsage: 'last',
    words: { error: 'insufficient_system_resource', refusal: 'content_filter' },
    usage({ counts, thinkingOutside }) {
      return {
        prompt_tokens: counts.input,
        completion_tokens: thinkingOutside ? counts.text : counts.text + counts.reasoning,
        total_tokens: counts.input + counts.text + counts.reasoning,
        prompt_tokens_details: { cached_tokens: counts.cached },
        completion_tokens_details: { reasoning_tokens: thinkingOutside ? 0 : counts.reasoning },
        prompt_cache_hit_tokens: counts.cached,
        prompt_cache_miss_tokens: counts.input - counts.cached,
      };
    },
    extra: () => ({ system_fingerprint: 'fp_imitation' }),
  },
  quiet: thinkingOff,
  *own(body, context) {
    if (context.options.reasoning === true && !thinkingOff(body)) yield* returned(body, context, (message) => message['reasoning_content']);
  },
  remember(answer, message) {
    keep(answer, message, answer.reasoning === '' ? null : message['reasoning_content']);
  },
  // https://api-docs.deepseek.com/quick_start/error_codes
  errors: {
    ...OPENAI_ERRORS,
    unauthorized: { status: 401, body: error('Authentication Fails, Your api key: ****abcd is invalid', authentication()) },
    payment: { status: 402, body: error('Insufficient Balance', { type: 'unknown_error' }) },
    'not-found': { status: 400, body: error('Model Not Exist') },
    'rate-limited-header': {
      status: 429,
      headers: { 'retry-after': '2' },
      body: error('Rate limit reached', { type: 'rate_limit_error' }),
    },
    'rate-limited-body': { status: 429, body: error('Rate limit reached. Please try again in 20s.', { type: 'rate_limit_error' }) },
    overloaded: {
      status: 503,
      body: error('Service is too busy. Please retry your request after a brief wait.', { type: 'service_unavailable_error' }),
    },
    'server-error': { status: 500, body: error('Internal Server Error', { type: 'server_error' }) },
    'context-exceeded': { status: 400, body: error(SAY.requested({ limit: 131_072, count: 122_942, index: 8192 })) },
  },
  streamError: event(error('Internal Server Error', { type: 'server_error' })),
  without: ['tool-use-failed', 'forbidden'],
});
