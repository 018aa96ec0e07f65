/** vLLM's OpenAI-compatible server with a template that wants user and assistant in turns. */
import { COMMON_PARAMETERS, createChatDialect } from './chat-dialect.ts';
import { MESSAGE_FIELDS, type MessageFields } from './chat-messages.ts';
import { type ErrorBody, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { pictureRules } from './pictures.ts';
import type { ErrorAnswer, Rules } from './types.ts';

const DOCS = 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html';
const ALTERNATE = 'https://github.com/suitenumerique/conversations/issues/197';
const FORBIDDEN = 'https://github.com/1Panel-dev/MaxKB/issues/2912';
const HISTORY = 'https://github.com/vllm-project/vllm/issues/43995';

const error =
  (status: number): ErrorBody =>
  (message, more = {}) => ({ error: { message, type: more.type ?? 'BadRequestError', param: more.param ?? null, code: status } });
const VISION = 'https://docs.vllm.ai/en/latest/features/multimodal_inputs.html';
const bad = ruleOf(error(400));
const missing = ruleOf(error(404));

const alternate = () =>
  'Conversation roles must alternate user/assistant/user/assistant/... Conversation roles must alternate user/assistant/user/assistant/...';

const rules: Rules = {
  path: { status: 404, source: DOCS, body: () => ({ detail: 'Not Found' }) },
  method: { status: 405, source: DOCS, body: () => ({ detail: 'Method Not Allowed' }) },
  'key-missing': { status: 401, source: DOCS, body: () => ({ error: 'Unauthorized' }) },
  'key-wrong': { status: 401, source: DOCS, body: () => ({ error: 'Unauthorized' }) },
  'content-type': bad(
    400,
    DOCS,
    () => "[{'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, Unsupported Media Type: Only application/json is allowed'}]",
  ),
  json: bad(400, DOCS, () => "[{'type': 'json_invalid', 'loc': ('body', 0), 'msg': 'JSON decode error'}]"),
  'model-missing': bad(400, DOCS, () => "[{'type': 'missing', 'loc': ('body', 'model'), 'msg': 'Field required'}]"),
  'model-unknown': missing(
    404,
    DOCS,
    (detail) => `The model \`${detail.value}\` does not exist.`,
    () => ({ type: 'NotFoundError' }),
  ),
  'messages-empty': bad(400, STRICTER, () => 'list index out of range'),
  // Version 0.8 refuses what it does not know; others log it.
  'unknown-parameter': bad(
    400,
    FORBIDDEN,
    (detail) => `[{'type': 'extra_forbidden', 'loc': ('body', '${detail.path}'), 'msg': 'Extra inputs are not permitted'}]`,
  ),
  'limit-form': bad(
    400,
    'https://github.com/vllm-project/vllm/issues/4667',
    (detail) => `max_tokens must be at least 1, got ${detail.value}.`,
  ),
  'temperature-form': bad(400, DOCS, (detail) => `temperature must be non-negative, got ${detail.value}.`),
  'stream-options': bad(
    400,
    DOCS,
    () => "[{'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, Stream options can only be defined when `stream=True`.'}]",
  ),
  'tools-empty': bad(400, 'https://github.com/vllm-project/vllm/pull/39780', SAY.emptyArray),
  'choice-without-tools': bad(400, DOCS, () => 'When using `tool_choice`, `tools` must be set.'),
  'tool-type': bad(
    400,
    DOCS,
    (detail) => `[{'type': 'literal_error', 'loc': ('body', '${detail.path}'), 'msg': "Input should be 'function'"}]`,
  ),
  'tool-name': bad(400, STRICTER, SAY.pattern),
  'parameters-object': bad(
    400,
    'https://github.com/vllm-project/vllm/pull/21052',
    (detail) => `Grammar error: schema of ${detail.value} is not an object`,
  ),
  'role-unknown': bad(400, ALTERNATE, alternate),
  'developer-role': bad(400, STRICTER, alternate),
  'content-form': bad(400, DOCS, (detail) => `[{'type': 'missing', 'loc': ('body', '${detail.path}'), 'msg': 'Field required'}]`),
  ...pictureRules((say) => bad(400, VISION, say)),
  'picture-form': bad(400, VISION, (detail) => `${detail.path}: expected a URL or a data URL of base64`),
  'part-type': bad(400, DOCS, (detail) => `Unknown part type: ${detail.value}`),
  'assistant-empty': bad(400, STRICTER, () => "'NoneType' object has no attribute 'strip'"),
  'call-id-missing': bad(400, DOCS, (detail) => `[{'type': 'missing', 'loc': ('body', '${detail.path}'), 'msg': 'Field required'}]`),
  'call-id-twice': bad(400, STRICTER, (detail) => `Duplicate tool call id ${detail.value}`),
  'call-type': bad(400, DOCS, (detail) => `[{'type': 'missing', 'loc': ('body', '${detail.path}'), 'msg': 'Field required'}]`),
  'call-name': bad(400, STRICTER, SAY.pattern),
  'arguments-type': bad(
    400,
    DOCS,
    (detail) => `[{'type': 'string_type', 'loc': ('body', '${detail.path}'), 'msg': 'Input should be a valid string'}]`,
  ),
  'arguments-json': bad(400, HISTORY, () => "Expecting ',' delimiter: line 1 column 54 (char 53)"),
  'arguments-object': bad(400, 'https://github.com/sgl-project/sglang/pull/28035', () => "'str object' has no attribute 'items'"),
  'answer-id-missing': bad(400, DOCS, (detail) => `[{'type': 'missing', 'loc': ('body', '${detail.path}'), 'msg': 'Field required'}]`),
  'answer-orphan': bad(400, STRICTER, alternate),
  'answer-unknown': bad(400, STRICTER, (detail) => `tool_call_id ${detail.value} was not found in the previous message`),
  'call-unanswered': bad(
    400,
    'https://github.com/openclaw/openclaw/issues/33177',
    () => 'Not the same number of function calls and responses',
  ),
  'user-after-tool': bad(400, 'https://github.com/openclaw/openclaw/issues/33177', () => "Unexpected role 'user' after role 'tool'"),
  'system-late': bad(400, ALTERNATE, alternate),
  'roles-alternate': bad(400, 'https://github.com/vllm-project/vllm/issues/6862', alternate),
  'last-assistant': bad(
    400,
    STRICTER,
    () => 'Expected last role User or Tool (or Assistant with prefix or continue_final_message) for serving but got assistant',
  ),
  context: bad(400, 'https://github.com/vllm-project/vllm/issues/20409', SAY.requested),
};

/** Pydantic keeps unknown fields of messages. */
export const OPEN_MESSAGE_FIELDS: MessageFields = { tool: MESSAGE_FIELDS['tool'] ?? new Set() };

/** Of servers that a person runs: no account, no bill. */
export const SELF_HOSTED: Readonly<{ unauthorized: ErrorAnswer; 'error-in-200': ErrorAnswer }> = {
  unauthorized: { status: 401, body: { error: 'Unauthorized' } },
  'error-in-200': { status: 200, body: { error: { code: 402, message: 'Insufficient credits at the gateway' } } },
};

const internal = error(500)('EngineCore encountered an issue. See stack trace (above) for the root cause.', {
  type: 'InternalServerError',
});

export const vllm = createChatDialect({
  name: 'vllm',
  base: () => '/v1',
  defaultModel: () => 'mistralai/Mistral-Small-3.2-24B-Instruct-2506',
  rules,
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000, inTools: true },
  parameters: [
    ...COMMON_PARAMETERS,
    'max_completion_tokens',
    'reasoning_effort',
    'include_reasoning',
    'top_k',
    'min_p',
    'repetition_penalty',
    'chat_template_kwargs',
    'add_generation_prompt',
    'continue_final_message',
    'structured_outputs',
    'skip_special_tokens',
    'stop_token_ids',
    'ignore_eos',
    'min_tokens',
    'priority',
    'request_id',
    'cache_salt',
  ],
  messageFields: OPEN_MESSAGE_FIELDS,
  windowHoldsOutput: true,
  caching: 'none',
  shape: {
    reasoning: 'reasoning',
    streamUsage: 'asked',
    words: { refusal: 'stop' },
    usage: ({ counts }) => ({
      prompt_tokens: counts.input,
      completion_tokens: counts.text + counts.reasoning,
      total_tokens: counts.input + counts.text + counts.reasoning,
      prompt_tokens_details: null,
    }),
    extra: () => ({ service_tier: null, system_fingerprint: null, prompt_logprobs: null, kv_transfer_params: null }),
    choiceExtra: () => ({ stop_reason: null, token_ids: null }),
  },
  errors: {
    ...SELF_HOSTED,
    'not-found': { status: 404, body: error(404)('The model `gone` does not exist.', { type: 'NotFoundError' }) },
    'rate-limited-header': {
      status: 429,
      headers: { 'retry-after': '2' },
      body: error(429)('Too many requests', { type: 'RateLimitError' }),
    },
    overloaded: { status: 503, body: error(503)('The server is at capacity', { type: 'ServiceUnavailableError' }) },
    'server-error': { status: 500, body: internal },
    'context-exceeded': { status: 400, body: error(400)(SAY.requested({ limit: 16_384, count: 112_946, index: 10_000 })) },
  },
  streamError: event(internal),
  without: [
    'tool-use-failed',
    'content-filter',
    'refusal',
    'finish-error',
    'forbidden',
    'payment',
    'rate-limited-body',
    'thinking-outside',
  ],
});
