/** What Anthropic's Messages endpoint refuses and how it fails, in its words. */

import { STRICTER } from './chat-words.ts';
import { pictureRules } from './pictures.ts';
import type { Detail, ErrorAnswer, FaultName, Rule, Rules } from './types.ts';

const API = 'https://platform.claude.com/docs/en/api/messages';
const ERRORS = 'https://platform.claude.com/docs/en/api/errors';
const THINKING = 'https://platform.claude.com/docs/en/build-with-claude/extended-thinking';
const VISION = 'https://platform.claude.com/docs/en/build-with-claude/vision';
const ISSUES = 'https://github.com/anthropics/claude-code/issues';

export const anthropicError = (type: string, message: string) => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_011CImitation',
});

const bad = (source: string, say: (detail: Detail) => string): Rule => ({
  status: 400,
  source,
  body: (detail) => anthropicError('invalid_request_error', say(detail)),
});
const of =
  (what: string) =>
  (detail: Detail): string =>
    `${detail.path}: ${what}`;

export const ANTHROPIC_RULES: Rules = {
  path: { status: 404, source: ERRORS, body: () => anthropicError('not_found_error', 'Not Found') },
  method: { status: 405, source: ERRORS, body: () => anthropicError('invalid_request_error', 'Method Not Allowed') },
  'key-missing': { status: 401, source: ERRORS, body: () => anthropicError('authentication_error', 'x-api-key header is required') },
  'key-wrong': { status: 401, source: ERRORS, body: () => anthropicError('authentication_error', 'invalid x-api-key') },
  'version-missing': bad('https://platform.claude.com/docs/en/api/versioning', () => 'anthropic-version: header is required'),
  'version-unknown': bad(
    'https://platform.claude.com/docs/en/api/versioning',
    (detail) => `anthropic-version: "${detail.value}" is not a valid version`,
  ),
  'sampling-removed': bad('https://platform.claude.com/docs/en/api/versioning', of('Extra inputs are not permitted')),
  'citations-removed': bad('https://platform.claude.com/docs/en/api/versioning', of('Extra inputs are not permitted')),
  'content-type': bad(STRICTER, () => 'content-type: must be application/json'),
  json: bad(ERRORS, () => 'The request body is not valid JSON: Expecting value: line 1 column 1 (char 0)'),
  'unknown-parameter': bad('https://github.com/amrit110/oli/issues/7', of('Extra inputs are not permitted')),
  'model-missing': bad(API, () => 'model: Field required'),
  'model-unknown': { status: 404, source: ERRORS, body: (detail) => anthropicError('not_found_error', `model: ${detail.value}`) },
  'limit-missing': bad('https://github.com/JohnnyZ93/oai-compatible-copilot/issues/161', () => 'max_tokens: Field required'),
  'limit-form': bad(API, () => 'max_tokens: Input should be greater than or equal to 1'),
  'messages-empty': bad(API, () => 'messages: at least one message is required'),
  'temperature-form': bad(API, () => 'temperature: range: 0..1'),
  'sampling-both': bad(API, () => '`temperature` and `top_p` cannot both be specified for this model. Please use only one.'),
  'system-empty': bad(ISSUES + '/49171', () => 'system: text content blocks must be non-empty'),
  'system-form': bad(API, () => 'system: Input should be a valid list'),
  'budget-small': bad(THINKING, () => 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'),
  'budget-limit': bad(THINKING, () => '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation.'),
  'thinking-temperature': bad(THINKING, () => '`temperature` may only be set to 1 when thinking is enabled.'),
  'thinking-choice': bad(THINKING, () => 'Thinking may not be enabled when tool_choice forces tool use.'),
  'tool-name': bad('https://github.com/anomalyco/opencode/issues/1279', of("String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")),
  'tool-twice': bad(API, () => 'tools: Tool names must be unique.'),
  'tool-field': bad(ISSUES + '/31033', of('Extra inputs are not permitted')),
  'schema-missing': bad('https://github.com/latitude-dev/latitude-llm/issues/1522', of('Field required')),
  'schema-object': bad(API, of("Input should be 'object'")),
  'schema-union': bad(STRICTER, of('input_schema does not support oneOf, allOf, or anyOf at the top level')),
  'schema-keys': bad(STRICTER, of("Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'")),
  'choice-form': bad(API, () => 'tool_choice: Input should be a valid dictionary or object to extract fields from'),
  'choice-without-tools': bad(API, () => 'tool_choice: may only be specified while providing tools'),
  'tools-for-history': bad(STRICTER, () => 'Requests which include `tool_use` or `tool_result` blocks must define tools.'),
  'marks-many': bad(
    'https://github.com/tghamm/Anthropic.SDK/issues/50',
    (detail) => `A maximum of 4 blocks with cache_control may be provided. Found ${detail.count}.`,
  ),
  'first-role': bad(API, () => 'messages: first message must use the "user" role'),
  'role-system': bad(
    API,
    () =>
      'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
  ),
  'role-unknown': bad(API, of("Input should be 'user' or 'assistant'")),
  'content-empty': bad(API, of('all messages must have non-empty content except for the optional final assistant message')),
  'text-empty': bad(ISSUES + '/49171', () => 'messages: text content blocks must be non-empty'),
  'text-blank': bad(ISSUES + '/23369', () => 'messages: text content blocks must contain non-whitespace text'),
  'cache-empty': bad(ISSUES + '/62379', of('cache_control cannot be set for empty text blocks')),
  'block-type': bad(
    API,
    (detail) => `${detail.path}: Input tag '${detail.value}' found using 'type' does not match any of the expected tags`,
  ),
  'block-field': bad(ISSUES + '/4378', of('Extra inputs are not permitted')),
  'block-role': bad(API, (detail) => `${detail.path}: \`${detail.value}\` blocks can not be in \`${detail.other}\` messages`),
  'use-id': bad('https://github.com/anomalyco/opencode/issues/1279', of("String should match pattern '^[a-zA-Z0-9_-]+$'")),
  'use-id-twice': bad(ISSUES + '/21317', of('`tool_use` ids must be unique')),
  'use-name': bad(API, of("String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")),
  'use-input': bad(ISSUES + '/6696', of('Input should be a valid dictionary')),
  'use-unanswered': bad(
    ISSUES + '/8210',
    (detail) =>
      `${detail.path}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${detail.value}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  ),
  'result-unknown': bad(
    ISSUES + '/13460',
    (detail) =>
      `${detail.path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${detail.value}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
  ),
  'result-twice': bad(
    STRICTER,
    (detail) => `${detail.path}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${detail.value}`,
  ),
  'result-content': bad(API, of('Input should be a valid string')),
  ...pictureRules((say) => bad(VISION, say)),
  'picture-form': bad(API, of('Input should be a valid dictionary')),
  'result-part': bad(
    API,
    (detail) => `${detail.path}: Input tag '${detail.value}' found using 'type' does not match any of the expected tags`,
  ),
  'error-empty': bad(API, of('content cannot be empty if `is_error` is true')),
  'trailing-space': bad(
    'https://github.com/langchain-ai/langchain/issues/35071',
    () => 'messages: final assistant content cannot end with trailing whitespace',
  ),
  prefill: bad(
    'https://platform.claude.com/docs/en/about-claude/models/migration-guide',
    () => 'This model does not support assistant message prefill. The conversation must end with a user message.',
  ),
  'signature-missing': bad(THINKING, of('Field required')),
  'signature-invalid': bad(
    'https://github.com/lbjlaq/Antigravity-Manager/issues/498',
    (detail) => `${detail.path}: Invalid \`signature\` in \`${detail.value}\` block`,
  ),
  'thinking-changed': bad(
    ISSUES + '/63203',
    of(
      '`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
    ),
  ),
  'thinking-first': bad(
    'https://github.com/pydantic/pydantic-ai/issues/2075',
    (detail) =>
      `${detail.path}: Expected \`thinking\` or \`redacted_thinking\`, but found \`${detail.value}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking`,
  ),
  context: bad(ISSUES + '/12186', (detail) => `prompt is too long: ${detail.count} tokens > ${detail.limit} maximum`),
  'context-output': bad(
    'https://github.com/docker/docker-agent/issues/569',
    (detail) =>
      `input length and \`max_tokens\` exceed context limit: ${detail.count} + ${detail.index} > ${detail.limit}, decrease input length or \`max_tokens\` and try again`,
  ),
};

const limited = 'Number of request tokens has exceeded your per-minute rate limit';

/** From https://platform.claude.com/docs/en/api/errors and https://platform.claude.com/docs/en/api/rate-limits */
export const ANTHROPIC_ERRORS: Readonly<Partial<Record<FaultName, ErrorAnswer>>> = {
  unauthorized: { status: 401, body: anthropicError('authentication_error', 'invalid x-api-key') },
  payment: {
    status: 400,
    body: anthropicError(
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    ),
  },
  forbidden: {
    status: 403,
    body: anthropicError('permission_error', 'Your API key does not have permission to use the specified resource.'),
  },
  'not-found': { status: 404, body: anthropicError('not_found_error', 'model: gone') },
  'rate-limited-header': {
    status: 429,
    headers: {
      'retry-after': '2',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:02Z',
    },
    body: anthropicError('rate_limit_error', limited),
  },
  'rate-limited-body': { status: 429, body: anthropicError('rate_limit_error', `${limited}. Please try again in 20s.`) },
  overloaded: { status: 529, body: anthropicError('overloaded_error', 'Overloaded') },
  'server-error': { status: 500, body: anthropicError('api_error', 'Internal server error') },
  'context-exceeded': { status: 400, body: anthropicError('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum') },
  'error-in-200': { status: 200, body: anthropicError('billing_error', 'Your credit balance is too low') },
};
