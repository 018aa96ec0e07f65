/** Mistral's `/v1/chat/completions`: nine letters for an id, and its own order of roles. */
import { COMMON_PARAMETERS, createChatDialect } from './chat-dialect.ts';
import { type ErrorBody, ruleOf, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { pictureRules } from './pictures.ts';
import type { Detail, ErrorAnswer, Rule, Rules } from './types.ts';

const VISION = 'https://docs.mistral.ai/capabilities/vision';
const CREATE = 'https://docs.mistral.ai/api/endpoint/chat';
const TOOLS = 'https://docs.mistral.ai/capabilities/function_calling';
const ORDER = 'https://github.com/BerriAI/litellm/issues/17761';
const COUNT = 'https://github.com/mistralai/client-ts/issues/106';
const ID = 'https://github.com/nearai/ironclaw/issues/1241';
/** The words of mistral-common's validator, which the endpoint runs. */
const VALIDATOR = 'https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py';

const error: ErrorBody = (message, more = {}) => ({
  object: 'error',
  message,
  type: more.type ?? 'invalid_request_error',
  param: null,
  code: more.code ?? null,
});
const rule = ruleOf(error);
const order = () => ({ type: 'invalid_request_message_order', code: '3230' });
const call = () => ({ type: 'invalid_function_call', code: '3280' });

/** Pydantic's refusal of a field: https://github.com/mistralai/platform-docs-public/issues/7 */
const unread = (source: string, type: string, say: (detail: Detail) => string): Rule => ({
  status: 422,
  source,
  body: (detail) => ({
    object: 'error',
    message: { detail: [{ type, loc: ['body', ...locationOf(detail)], msg: say(detail), input: detail.value ?? null }] },
    type: 'invalid_request_error',
    param: null,
    code: null,
  }),
});

/** `messages[1].name` as `messages, 1, assistant, name`. */
function locationOf(detail: Detail): (string | number)[] {
  return (detail.path ?? '').split(/[.[\]]+/).flatMap((part) => {
    if (part === '') return [];
    if (!/^\d+$/.test(part)) return [part];
    return detail.other === undefined ? [Number(part)] : [Number(part), detail.other];
  });
}

const extra = () => 'Extra inputs are not permitted';

const rules: Rules = {
  path: { status: 404, source: CREATE, body: () => ({ message: 'no Route matched with those values' }) },
  method: { status: 405, source: CREATE, body: () => ({ detail: 'Method Not Allowed' }) },
  'key-missing': { status: 401, source: CREATE, body: () => ({ detail: 'Unauthorized' }) },
  'key-wrong': { status: 401, source: CREATE, body: () => ({ detail: 'Unauthorized' }) },
  'content-type': unread(CREATE, 'model_attributes_type', () => 'Input should be a valid dictionary or object to extract fields from'),
  json: unread(CREATE, 'json_invalid', () => 'JSON decode error'),
  'model-missing': unread(CREATE, 'missing', () => 'Field required'),
  'model-unknown': rule(
    400,
    CREATE,
    (detail) => `Invalid model: ${detail.value}`,
    () => ({ type: 'invalid_model', code: '1500' }),
  ),
  'messages-empty': rule(400, VALIDATOR, () => 'Conversation must have at least one message'),
  // `stream_options` too: https://github.com/dnakov/anon-kode/issues/53
  'unknown-parameter': unread('https://github.com/mistralai/platform-docs-public/issues/7', 'extra_forbidden', extra),
  'limit-form': unread(CREATE, 'greater_than_equal', () => 'Input should be greater than or equal to 0'),
  'temperature-form': unread(CREATE, 'less_than_equal', () => 'Input should be less than or equal to 1.5'),
  'tool-type': unread(CREATE, 'missing', () => 'Field required'),
  'tool-name': rule(
    400,
    VALIDATOR,
    (detail) =>
      `Function name was ${detail.value} but must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64.`,
    call,
  ),
  'tool-name-long': rule(
    400,
    VALIDATOR,
    (detail) =>
      `Function name was ${detail.value} but must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64.`,
    call,
  ),
  'tool-twice': rule(400, STRICTER, (detail) => `Duplicate function name: ${detail.value}`, call),
  'parameters-object': rule(400, VALIDATOR, (detail) => `Invalid tool schema: ${detail.value}`),
  'choice-without-tools': rule(400, STRICTER, () => 'Tool choice was set but no tools were given'),
  'role-unknown': unread(
    CREATE,
    'union_tag_invalid',
    () => "Input tag does not match any of the expected tags: 'assistant', 'system', 'tool', 'user'",
  ),
  'developer-role': unread(
    CREATE,
    'union_tag_invalid',
    () => "Input tag does not match any of the expected tags: 'assistant', 'system', 'tool', 'user'",
  ),
  // `name` of a user, `reasoning_content` of an assistant: https://github.com/charmbracelet/crush/issues/1590
  'message-field': unread('https://github.com/nomtek/mistralai_client_dart/issues/44', 'extra_forbidden', extra),
  'content-form': unread(CREATE, 'string_type', () => 'Input should be a valid string'),
  ...pictureRules((say) => rule(400, VISION, say)),
  'picture-form': rule(400, VISION, (detail) => `${detail.path}: expected a URL or a data URL of base64`),
  'picture-count': rule(400, VISION, (detail) => `Too many images: ${detail.count}, at most ${detail.limit}`),
  'part-type': unread(CREATE, 'union_tag_invalid', () => 'Input tag does not match any of the expected tags'),
  'assistant-empty': rule(
    400,
    VALIDATOR,
    () => 'Assistant message must have either content or tool_calls, but not none.',
    () => ({
      type: 'invalid_request_assistant_message',
      code: '3240',
    }),
  ),
  'call-id-form': rule(400, ID, (detail) => `Tool call id was ${detail.value} but must be a-z, A-Z, 0-9, with a length of 9.`, call),
  'call-id-twice': rule(400, STRICTER, (detail) => `Duplicate tool call id in assistant message: ${detail.value}`, call),
  'call-name': rule(
    400,
    VALIDATOR,
    (detail) => `Function name was ${detail.value} but must be a-z, A-Z, 0-9, or contain underscores and dashes.`,
    call,
  ),
  'arguments-type': unread(TOOLS, 'string_type', () => 'Input should be a valid string'),
  'arguments-json': rule(400, STRICTER, () => 'Tool call arguments are not valid JSON', call),
  'answer-id-missing': rule(400, VALIDATOR, () => 'Tool call id has to be defined.', call),
  'answer-orphan': rule(400, 'https://github.com/charmbracelet/crush/issues/279', () => "Unexpected role 'tool' after role 'user'", order),
  'answer-unknown': rule(400, VALIDATOR, (detail) => `Unexpected tool call id ${detail.value} in tool results`, order),
  'call-unanswered': rule(400, COUNT, () => 'Not the same number of function calls and responses', order),
  'user-after-tool': rule(400, ORDER, () => "Unexpected role 'user' after role 'tool'", order),
  'system-late': rule(400, VALIDATOR, (detail) => `Unexpected role 'system' after role '${detail.other}'`, order),
  'last-assistant': rule(
    400,
    'https://github.com/0xPlaygrounds/rig/pull/1130',
    () => 'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
    order,
  ),
  'last-system': rule(
    400,
    VALIDATOR,
    () => 'Expected last role User or Tool (or Assistant with prefix True) for serving but got system',
    order,
  ),
  context: rule(
    400,
    STRICTER,
    (detail) =>
      `Prompt contains ${detail.count} tokens and 0 draft tokens, too large for model with ${detail.limit} maximum context length`,
    () => ({ type: 'invalid_request_prompt', code: '3051' }),
  ),
};

const limited = (message: string, headers?: Readonly<Record<string, string>>): ErrorAnswer => ({
  status: 429,
  ...(headers === undefined ? {} : { headers }),
  body: { ...Object(error(message, { type: 'rate_limited', code: '1300' })), raw_status_code: 429 },
});
const internal = error('Internal server error', { type: 'internal_server_error', code: '1000' });

export const mistral = createChatDialect({
  name: 'mistral',
  base: () => '/v1',
  defaultModel: (options) => (options.reasoning === true ? 'magistral-medium-latest' : 'mistral-large-latest'),
  rules,
  // 10 MB each, 8 a request; a tool message holds chunks of content there (https://docs.mistral.ai/api/endpoint/chat, `ToolMessage`).
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000, count: 8, inTools: true },
  // `ChatCompletionRequest` of the official client: no `stream_options`, no `seed`, no `user`, no `logprobs`.
  parameters: [
    ...COMMON_PARAMETERS.filter((name) => !['stream_options', 'seed', 'user', 'logprobs', 'top_logprobs', 'logit_bias'].includes(name)),
    'random_seed',
    'metadata',
    'prediction',
    'reasoning_effort',
    'prompt_mode',
    'guardrails',
    'prompt_cache_key',
    'service_tier',
    'safe_prompt',
  ],
  messageFields: {
    system: new Set(['role', 'content']),
    user: new Set(['role', 'content']),
    assistant: new Set(['role', 'content', 'tool_calls', 'prefix']),
    tool: new Set(['role', 'content', 'tool_call_id', 'name']),
  },
  caching: 'none',
  shape: {
    reasoning: 'content',
    streamUsage: 'last',
    wholeCalls: true,
    words: { filter: 'error', refusal: 'stop' },
    usage: ({ counts, thinkingOutside }) => ({
      prompt_tokens: counts.input,
      completion_tokens: thinkingOutside ? counts.text : counts.text + counts.reasoning,
      total_tokens: counts.input + counts.text + counts.reasoning,
    }),
  },
  // https://docs.mistral.ai/api and https://github.com/nearai/ironclaw/issues/1241 for the shape
  errors: {
    unauthorized: { status: 401, body: { detail: 'Unauthorized' } },
    payment: { status: 402, body: error('Payment required', { type: 'payment_required', code: '1400' }) },
    forbidden: { status: 403, body: { message: 'You cannot consume this service' } },
    'not-found': { status: 404, body: { message: 'no Route matched with those values' } },
    'rate-limited-header': limited('Requests rate limit exceeded', { 'retry-after': '2', 'ratelimitbysize-reset': '2' }),
    'rate-limited-body': limited('Rate limit exceeded. Please try again in 20s.'),
    overloaded: {
      status: 503,
      body: error('Service tier capacity exceeded for this model.', { type: 'service_tier_capacity_exceeded', code: '3505' }),
    },
    'server-error': { status: 500, body: internal },
    'context-exceeded': {
      status: 400,
      body: error('Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length', {
        type: 'invalid_request_prompt',
        code: '3051',
      }),
    },
    'error-in-200': { status: 200, body: { error: { code: 402, message: 'Payment required' } } },
  },
  streamError: event(internal),
  without: ['tool-use-failed', 'refusal', 'content-filter'],
});
