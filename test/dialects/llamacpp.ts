/** llama.cpp's `llama-server`: every tool becomes part of a grammar, and a schema that does not is an error. */
import { COMMON_PARAMETERS, createChatDialect } from './chat-dialect.ts';
import { type ErrorBody, ruleOf, SAY, STRICTER } from './chat-words.ts';
import { event } from './ids.ts';
import { pictureRules } from './pictures.ts';
import type { Rules } from './types.ts';
import { OPEN_MESSAGE_FIELDS, SELF_HOSTED } from './vllm.ts';

const DOCS = 'https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md';
const REPETITIONS = 'https://github.com/ggml-org/llama.cpp/issues/27087';
const PATTERN = 'https://github.com/ggml-org/llama.cpp/issues/26930';

const error =
  (status: number): ErrorBody =>
  (message, more = {}) => ({ error: { code: status, message, type: more.type ?? 'invalid_request_error' } });
const VISION = 'https://github.com/ggml-org/llama.cpp/blob/master/docs/multimodal.md';
const bad = ruleOf(error(400));
const key = ruleOf(error(401));
const authentication = () => ({ type: 'authentication_error' });
const grammar = () => 'Failed to initialize samplers: failed to parse grammar';

const rules: Rules = {
  path: ruleOf(error(404))(
    404,
    DOCS,
    () => 'File Not Found',
    () => ({ type: 'not_found_error' }),
  ),
  method: ruleOf(error(404))(
    404,
    DOCS,
    () => 'File Not Found',
    () => ({ type: 'not_found_error' }),
  ),
  'key-missing': key(401, DOCS, () => 'Invalid API Key', authentication),
  'key-wrong': key(401, DOCS, () => 'Invalid API Key', authentication),
  'content-type': bad(400, STRICTER, () => 'Content-Type must be application/json'),
  json: bad(400, DOCS, () => '[json.exception.parse_error.101] parse error at line 1, column 1: syntax error while parsing value'),
  // The router mode knows its models; a single model answers to every name.
  'model-unknown': bad(400, DOCS, (detail) => `model not found: ${detail.value}`),
  'messages-empty': bad(400, STRICTER, () => "'messages' is required"),
  'limit-form': bad(400, STRICTER, (detail) => `invalid value for ${detail.path}: ${detail.value}`),
  'stream-options': bad(400, STRICTER, () => 'stream_options is only allowed when stream is true'),
  'choice-without-tools': bad(400, STRICTER, () => 'tool_choice requires tools'),
  'tool-type': bad(400, DOCS, () => 'Unsupported tool type'),
  'tool-name': bad(400, STRICTER, grammar),
  'parameters-object': bad(400, STRICTER, (detail) => `JSON schema conversion failed:\nschema of ${detail.value} is not an object`),
  'reference-outside': bad(
    400,
    'https://github.com/ggml-org/llama.cpp/issues/19051',
    (detail) => `JSON schema conversion failed:\nUnsupported ref: ${detail.other}`,
  ),
  'pattern-anchors': bad(400, PATTERN, () => "JSON schema conversion failed:\nPattern must start with '^' and end with '$'"),
  'pattern-syntax': bad(400, 'https://github.com/NousResearch/hermes-agent/pull/18530', grammar),
  // 2000 exactly is refused by every version since b7139, more than that by those before b10000.
  repetitions: bad(400, REPETITIONS, grammar),
  'role-unknown': bad(400, STRICTER, (detail) => `Unexpected role: ${detail.value}`),
  'content-form': bad(400, STRICTER, () => "Expected 'content' to be a string or an array"),
  ...pictureRules((say) => bad(400, VISION, say)),
  'picture-form': bad(400, VISION, (detail) => `${detail.path}: expected a URL or a data URL of base64`),
  'part-type': bad(400, DOCS, (detail) => `unsupported content[].type: ${detail.value}`),
  'assistant-empty': bad(400, STRICTER, () => "Expected 'content' or 'tool_calls' (at least one) in message"),
  'call-id-twice': bad(400, STRICTER, (detail) => `duplicate tool call id: ${detail.value}`),
  'call-type': bad(400, STRICTER, () => 'Unsupported tool call type'),
  'arguments-type': bad(400, STRICTER, () => '[json.exception.type_error.302] type must be string, but is object'),
  // A 500, although the request is at fault.
  'arguments-json': ruleOf(error(500))(
    500,
    'https://github.com/ggml-org/llama.cpp/issues/25510',
    () =>
      'Failed to parse tool call arguments as JSON: [json.exception.parse_error.101] parse error at line 1, column 2: unexpected end of input',
    () => ({ type: 'server_error' }),
  ),
  'answer-orphan': bad(400, STRICTER, SAY.orphan),
  'answer-unknown': bad(400, STRICTER, SAY.orphan),
  'call-unanswered': bad(400, STRICTER, SAY.unanswered),
  'system-late': bad(400, STRICTER, () => 'System message must be at the beginning.'),
  'no-user': bad(400, STRICTER, () => 'No user query found in messages.'),
  'assistant-twice': bad(400, STRICTER, () => 'Cannot have 2 or more assistant messages at the end of the list.'),
  context: {
    status: 400,
    source: 'https://github.com/ggml-org/llama.cpp/pull/15780',
    body: (detail) => exceeded(detail.count ?? 0, detail.limit ?? 0),
  },
};

function exceeded(tokens: number, window: number): unknown {
  return {
    error: {
      code: 400,
      message: `request (${tokens} tokens) exceeds the available context size (${window} tokens), try increasing it`,
      type: 'exceed_context_size_error',
      n_prompt_tokens: tokens,
      n_ctx: window,
    },
  };
}

export const llamacpp = createChatDialect({
  name: 'llamacpp',
  base: () => '/v1',
  defaultModel: () => 'qwen3.6-27b',
  rules,
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif'], characters: 5_000_000 },
  parameters: COMMON_PARAMETERS,
  messageFields: OPEN_MESSAGE_FIELDS,
  shape: {
    reasoning: 'reasoning_content',
    streamUsage: 'asked',
    usage: ({ counts }) => ({
      prompt_tokens: counts.input,
      completion_tokens: counts.text + counts.reasoning,
      total_tokens: counts.input + counts.text + counts.reasoning,
      prompt_tokens_details: { cached_tokens: counts.cached },
    }),
    extra: ({ counts }) => ({
      system_fingerprint: 'b10819-imitation',
      timings: { cache_n: counts.cached, prompt_n: counts.input - counts.cached, predicted_n: counts.text + counts.reasoning },
    }),
  },
  errors: {
    ...SELF_HOSTED,
    unauthorized: { status: 401, body: error(401)('Invalid API Key', authentication()) },
    'not-found': { status: 404, body: error(404)('File Not Found', { type: 'not_found_error' }) },
    // https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md: while the model is loaded
    overloaded: { status: 503, body: error(503)('Loading model', { type: 'unavailable_error' }) },
    'server-error': { status: 500, body: error(500)('Compute error.', { type: 'server_error' }) },
    'context-exceeded': { status: 400, body: exceeded(14_429, 8192) },
  },
  streamError: event(error(500)('Compute error.', { type: 'server_error' })),
  without: [
    'tool-use-failed',
    'content-filter',
    'refusal',
    'finish-error',
    'forbidden',
    'payment',
    'rate-limited-header',
    'rate-limited-body',
    'thinking-outside',
  ],
});
