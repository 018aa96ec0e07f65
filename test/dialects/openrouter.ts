/** OpenRouter: one door to many providers, whose refusals come through in its own envelope. */
import { COMMON_PARAMETERS, createChatDialect, keep, returned } from './chat-dialect.ts';
import { MESSAGE_FIELDS } from './chat-messages.ts';
import { openAiUsage } from './chat-render.ts';
import { ruleOf, SAY, STRICTER } from './chat-words.ts';
import { blob, event } from './ids.ts';
import { missingSignature } from './openai-chat.ts';
import { pictureRules } from './pictures.ts';
import type { Answer, Detail, ErrorAnswer, Rule, Rules } from './types.ts';

const DOCS = 'https://openrouter.ai/docs/api-reference/errors';
const CREATE = 'https://openrouter.ai/docs/api-reference/chat-completion';
const MODEL = 'https://github.com/maxnowack/anthropic-proxy/issues/4';
const UPSTREAM = 'https://github.com/xinnan-tech/xiaozhi-esp32-server/issues/1465';
const DETAILS = 'https://github.com/LibreChat-AI/agents/issues/37';

const error = (status: number, message: string, metadata?: object) => ({
  error: { message, code: status, ...(metadata === undefined ? {} : { metadata }) },
  user_id: 'user_imitation',
});
const own = (status: number, source: string, say: (detail: Detail) => string): Rule => ({
  status,
  source,
  body: (detail) => error(status, say(detail)),
});
/** Its own schema's refusals: https://openrouter.ai/docs/api-reference/errors */
const VISION = 'https://openrouter.ai/docs/features/multimodal/images';
const input = (source: string, say: (detail: Detail) => string): Rule =>
  own(400, source, (detail) => `Invalid input: ${detail.path}: ${say(detail)}`);
/** A provider's refusal in its envelope. */
const upstream = (source: string, say: (detail: Detail) => string): Rule =>
  ruleOf((message) => error(400, 'Provider returned error', { raw: JSON.stringify({ error: { message } }), provider_name: 'OpenAI' }))(
    400,
    source,
    say,
  );

const rules: Rules = {
  path: own(404, DOCS, () => 'Not Found'),
  method: own(405, DOCS, () => 'Method Not Allowed'),
  'key-missing': own(401, 'https://github.com/musistudio/claude-code-router/issues/227', () => 'No auth credentials found'),
  'key-wrong': own(401, 'https://github.com/continuedev/continue/issues/10532', () => 'User not found.'),
  'content-type': own(400, STRICTER, () => 'Content-Type must be application/json'),
  json: own(400, DOCS, () => 'Invalid JSON body'),
  'model-missing': own(400, CREATE, () => 'No models provided'),
  'model-unknown': own(400, MODEL, (detail) => `${detail.value} is not a valid model ID`),
  'messages-empty': own(400, CREATE, () => 'Input required: specify "prompt" or "messages"'),
  'unknown-parameter': input(STRICTER, () => 'unrecognized key'),
  'limit-form': input(CREATE, () => 'expected an integer of at least 1'),
  'temperature-form': input(CREATE, () => 'expected a number between 0 and 2'),
  'tools-empty': upstream(STRICTER, SAY.emptyArray),
  'choice-without-tools': upstream(CREATE, () => "'tool_choice' is only allowed when 'tools' are specified."),
  'tool-type': input(CREATE, () => 'expected "function"'),
  'tool-name': upstream(UPSTREAM, SAY.pattern),
  'tool-name-long': upstream(UPSTREAM, SAY.long),
  'tool-twice': upstream(STRICTER, (detail) => `tools: Tool names must be unique: ${detail.value}`),
  'parameters-object': upstream(CREATE, SAY.schemaObject),
  'role-unknown': input(CREATE, () => 'invalid discriminator value'),
  'message-field': input(STRICTER, () => 'unrecognized key'),
  'content-form': input(CREATE, () => 'expected string, received null'),
  ...pictureRules((say) => input(VISION, say)),
  'picture-form': input(VISION, () => 'expected a URL or a data URL of base64'),
  'part-type': input(CREATE, () => 'invalid discriminator value'),
  'assistant-empty': upstream(STRICTER, () => 'messages: assistant content must be non-empty'),
  'calls-empty': upstream(STRICTER, SAY.emptyArray),
  'call-id-missing': input(CREATE, () => 'expected string'),
  'call-id-long': upstream('https://github.com/openclaw/openclaw/pull/875', SAY.long),
  'call-id-twice': upstream('https://github.com/BerriAI/litellm/issues/23510', () => 'messages.1.content.1: `tool_use` ids must be unique'),
  'call-type': input(CREATE, () => 'expected "function"'),
  'call-name': upstream('https://github.com/mcp-use/mcp-use/issues/90', SAY.pattern),
  'arguments-type': input(CREATE, () => 'expected string'),
  'arguments-json': upstream(STRICTER, () => 'tool_use.input: Input should be a valid dictionary'),
  'arguments-object': upstream(
    'https://github.com/anthropics/claude-code/issues/6696',
    () => 'tool_use.input: Input should be a valid dictionary',
  ),
  'answer-id-missing': input(CREATE, () => 'expected string'),
  'answer-orphan': upstream('https://github.com/charmbracelet/crush/issues/279', SAY.orphan),
  'answer-unknown': upstream(STRICTER, SAY.orphan),
  'call-unanswered': upstream('https://github.com/microsoft/vscode/issues/299295', SAY.unanswered),
  'reasoning-missing': {
    status: 400,
    source: DETAILS,
    body: (detail) => signature(missingSignature(detail)),
  },
  'reasoning-changed': {
    status: 400,
    source: 'https://github.com/RooCodeInc/Roo-Code/pull/10640',
    body: () => signature('Unable to submit request because Thought signature is not valid'),
  },
  context: own(400, 'https://github.com/Aider-AI/aider/issues/3721', (detail) => exceeded(detail)),
};

function signature(message: string): unknown {
  const raw = `Gemini models require OpenRouter reasoning details to be preserved in each request. Please refer to our docs: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks. Upstream error: ${JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } })}`;
  return error(400, 'Provider returned error', { raw, provider_name: 'Google AI Studio' });
}

function exceeded(detail: Detail): string {
  const { count = 0, index = 0, limit = 0 } = detail;
  return `This endpoint's maximum context length is ${limit} tokens. However, you requested about ${count + index} tokens (${count} of text input, ${index} in the output). Please reduce the length of either one, or use the context-compression plugin to compress your prompt automatically.`;
}

/** https://openrouter.ai/docs/guides/best-practices/reasoning-tokens */
function details(answer: Answer): object[] {
  if (answer.reasoning === '') return [];
  const format = 'google-gemini-v1';
  return [
    { type: 'reasoning.text', text: answer.reasoning, format, index: 0 },
    {
      type: 'reasoning.encrypted',
      data: blob(`details ${answer.nth}`),
      format,
      index: 0,
      ...(answer.calls[0] === undefined ? {} : { id: answer.calls[0].id }),
    },
  ];
}

const limited = (body: unknown, headers?: Readonly<Record<string, string>>): ErrorAnswer => ({
  status: 429,
  ...(headers === undefined ? {} : { headers }),
  body,
});

export const openrouter = createChatDialect({
  name: 'openrouter',
  base: () => '/api/v1',
  defaultModel: () => 'google/gemini-3-flash-preview',
  rules,
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000 },
  // `ChatRequest` of the official client.
  parameters: [
    ...COMMON_PARAMETERS,
    'cache_control',
    'debug',
    'image_config',
    'max_completion_tokens',
    'metadata',
    'min_p',
    'modalities',
    'models',
    'plugins',
    'prediction',
    'prompt_cache_key',
    'prompt_cache_options',
    'provider',
    'reasoning',
    'reasoning_effort',
    'repetition_penalty',
    'service_tier',
    'session_id',
    'top_a',
    'top_k',
    'trace',
    'transforms',
    'usage',
    'verbosity',
  ],
  messageFields: {
    ...MESSAGE_FIELDS,
    assistant: new Set([...(MESSAGE_FIELDS['assistant'] ?? []), 'reasoning', 'reasoning_details', 'images', 'prefix']),
    tool: new Set(['role', 'content', 'tool_call_id', 'name']),
  },
  windowHoldsOutput: true,
  shape: {
    reasoning: 'reasoning',
    streamUsage: 'extra',
    comment: ': OPENROUTER PROCESSING\n\n',
    usage: (answer) => ({ ...openAiUsage(answer), cost: (answer.counts.input + answer.counts.text) / 1_000_000, is_byok: false }),
    extra: () => ({ provider: 'Google AI Studio', system_fingerprint: 'fp_imitation' }),
    choiceExtra: (answer) => ({ native_finish_reason: answer.end === 'malformed' ? 'MALFORMED_FUNCTION_CALL' : 'STOP' }),
    words: { malformed: 'error' },
    messageExtra: (answer) => (answer.reasoning === '' ? {} : { reasoning_details: details(answer) }),
  },
  *own(body, context) {
    if (context.options.reasoning === true) yield* returned(body, context, (message) => message['reasoning_details']);
  },
  remember(answer, message) {
    keep(answer, message, answer.reasoning === '' ? null : message['reasoning_details']);
  },
  // https://openrouter.ai/docs/api-reference/errors
  errors: {
    unauthorized: { status: 401, body: error(401, 'User not found.') },
    payment: {
      status: 402,
      body: error(
        402,
        'This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 312.',
      ),
    },
    forbidden: {
      status: 403,
      body: error(403, 'The input was flagged', {
        reasons: ['violence'],
        flagged_input: 'a sharp knife',
        provider_name: 'OpenAI',
        model_slug: 'openai/gpt-4.1',
      }),
    },
    'not-found': { status: 404, body: error(404, 'No endpoints found that support tool use.') },
    'rate-limited-header': limited(
      error(429, 'Rate limit exceeded: free-models-per-min.', { headers: { 'X-RateLimit-Reset': '1764316800000' } }),
      {
        'retry-after': '2',
        'x-ratelimit-reset': '1764316800000',
      },
    ),
    'rate-limited-body': limited(
      error(429, 'Provider returned error', {
        raw: 'google/gemini-3-flash-preview is temporarily rate-limited upstream. Please try again in 20s.',
        provider_name: 'Google AI Studio',
      }),
    ),
    overloaded: { status: 503, body: error(503, 'There is no available model provider that meets your routing requirements') },
    'server-error': { status: 500, body: error(500, 'Internal Server Error') },
    'context-exceeded': { status: 400, body: error(400, exceeded({ limit: 131_072, count: 10_535, index: 131_072 })) },
    // No status can say it once the answer has begun.
    'error-in-200': { status: 200, body: error(402, 'Insufficient credits') },
  },
  streamError: event({
    id: 'gen-imitation',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'google/gemini-3-flash-preview',
    provider: 'Google AI Studio',
    error: { code: 502, message: 'Provider disconnected unexpectedly' },
    choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'error' }],
  }),
  without: [],
});
