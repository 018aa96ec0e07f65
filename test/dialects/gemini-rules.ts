/** What Gemini's generateContent refuses and how it fails, in its words. */
import { STRICTER } from './chat-words.ts';
import { missingSignature } from './openai-chat.ts';
import { pictureRules } from './pictures.ts';
import type { Detail, ErrorAnswer, FaultName, Rule, Rules } from './types.ts';

const API = 'https://ai.google.dev/api/generate-content';
const SCHEMA = 'https://ai.google.dev/api/caching#Schema';
const SIGNATURES = 'https://ai.google.dev/gemini-api/docs/thought-signatures';
const VISION = 'https://ai.google.dev/gemini-api/docs/image-understanding';
const ORDER = 'https://github.com/google-gemini/gemini-cli/issues/11814';

export const geminiError = (code: number, status: string, message: string, details?: readonly object[]) => ({
  error: { code, message, status, ...(details === undefined ? {} : { details }) },
});

const bad = (source: string, say: (detail: Detail) => string): Rule => ({
  status: 400,
  source,
  body: (detail) => geminiError(400, 'INVALID_ARGUMENT', say(detail)),
});

/** The proto parser's refusal, with the field that it names. */
const payload = (source: string, say: (detail: Detail) => string): Rule => ({
  status: 400,
  source,
  body: (detail) =>
    geminiError(400, 'INVALID_ARGUMENT', `Invalid JSON payload received. ${say(detail)}`, [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [
          { ...(detail.path === '' ? {} : { field: detail.path }), description: `Invalid JSON payload received. ${say(detail)}` },
        ],
      },
    ]),
});

const inDeclaration = (what: string) => (detail: Detail) => `* GenerateContentRequest.${detail.path}: ${what}\n`;

export const GEMINI_RULES: Rules = {
  path: { status: 404, source: API, body: () => geminiError(404, 'NOT_FOUND', 'Requested entity was not found.') },
  method: { status: 405, source: API, body: () => geminiError(405, 'INVALID_ARGUMENT', 'Method Not Allowed') },
  'alt-missing': bad(STRICTER, () => 'streamGenerateContent is answered here with alt=sse alone.'),
  'key-missing': {
    status: 403,
    source: 'https://ai.google.dev/gemini-api/docs/troubleshooting',
    body: () =>
      geminiError(
        403,
        'PERMISSION_DENIED',
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      ),
  },
  'key-wrong': {
    status: 400,
    source: 'https://ai.google.dev/gemini-api/docs/troubleshooting',
    body: () =>
      geminiError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
      ]),
  },
  'content-type': bad(STRICTER, () => 'Content-Type must be application/json'),
  json: payload(API, () => 'Unexpected token.'),
  'model-unknown': {
    status: 404,
    source: 'https://ai.google.dev/gemini-api/docs/troubleshooting',
    body: (detail) =>
      geminiError(
        404,
        'NOT_FOUND',
        `models/${detail.value} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
      ),
  },
  // `$schema`, `additionalProperties`, `const`, `exclusiveMinimum`, …: https://github.com/openswarm-ai/openswarm/issues/24
  'unknown-name': payload(
    'https://github.com/pizza-bot-app/pizza-bot/issues/62',
    (detail) => `Unknown name "${detail.value}"${detail.path === '' ? '' : ` at '${detail.path}'`}: Cannot find field.`,
  ),
  'contents-empty': bad(API, () => '* GenerateContentRequest.contents: contents is not specified\n'),
  'limit-form': bad(API, () => '* GenerateContentRequest.generation_config.max_output_tokens: must be a positive integer\n'),
  'temperature-form': bad(API, () => '* GenerateContentRequest.generation_config.temperature: must be in the range [0.0, 2.0]\n'),
  'thinking-both': bad(
    'https://ai.google.dev/gemini-api/docs/gemini-3',
    () => 'You can only set only one of thinking budget and thinking level.',
  ),
  'system-empty': bad(API, () => '* GenerateContentRequest.system_instruction.parts: contents.parts must not be empty.\n'),
  'name-form': bad(
    'https://ai.google.dev/api/caching#FunctionDeclaration',
    inDeclaration(
      'Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.',
    ),
  ),
  'name-twice': bad(STRICTER, (detail) => `Duplicate function declaration found: ${detail.value}`),
  'parameters-both': bad(
    'https://ai.google.dev/api/caching#FunctionDeclaration',
    inDeclaration('only one of parameters and parameters_json_schema may be set'),
  ),
  'parameters-object': bad('https://ai.google.dev/api/caching#FunctionDeclaration', inDeclaration('schema should be of type OBJECT')),
  'json-schema-object': bad(
    'https://ai.google.dev/api/caching#FunctionDeclaration',
    inDeclaration('parameters_json_schema should be of type object'),
  ),
  'type-list': payload(SCHEMA, (detail) => `Unknown name "type" at '${detail.path}': Proto field is not repeating, cannot start list.`),
  'items-missing': bad(SCHEMA, (detail) => `* GenerateContentRequest.${detail.path}.items: missing field.\n`),
  'properties-empty': bad(SCHEMA, (detail) => `* GenerateContentRequest.${detail.path}.properties: should be non-empty for OBJECT type\n`),
  'enum-type': bad(SCHEMA, (detail) => `* GenerateContentRequest.${detail.path}.enum: only allowed for STRING type\n`),
  'format-unknown': bad(
    SCHEMA,
    (detail) => `* GenerateContentRequest.${detail.path}.format: only 'enum' and 'date-time' are supported for STRING type\n`,
  ),
  'required-unknown': bad(
    SCHEMA,
    (detail) => `* GenerateContentRequest.${detail.path}.required[${detail.index}]: property is not defined\n`,
  ),
  'role-unknown': bad(API, () => 'Please use a valid role: user, model.'),
  'parts-empty': bad(API, (detail) => `* GenerateContentRequest.${detail.path}.parts: contents.parts must not be empty.\n`),
  'part-empty': bad(
    API,
    (detail) => `* GenerateContentRequest.${detail.path}.data: required oneof field 'data' must have one initialized field\n`,
  ),
  'call-name': bad(API, (detail) => `* GenerateContentRequest.${detail.path}: Name cannot be empty.\n`),
  'answer-name': bad(API, (detail) => `* GenerateContentRequest.${detail.path}: Name cannot be empty.\n`),
  'call-role': bad(STRICTER, (detail) => `* GenerateContentRequest.${detail.path}: this part is not allowed for this role\n`),
  struct: bad(API, (detail) => `Invalid value at '${detail.path}' (type.googleapis.com/google.protobuf.Struct), ${detail.value}`),
  'roles-alternate': bad(STRICTER, () => 'Please ensure that multiturn requests alternate between user and model.'),
  'call-turn': bad(
    ORDER,
    () => 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
  ),
  'answer-turn': bad(
    'https://github.com/langchain-ai/langchain/issues/27799',
    () => 'Please ensure that function response turn comes immediately after a function call turn.',
  ),
  'answer-count': bad(
    'https://github.com/google-gemini/gemini-cli/issues/5443',
    () =>
      'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
  ),
  'answer-unknown': bad(
    STRICTER,
    (detail) => `* GenerateContentRequest.${detail.path}.function_response.name: no call of the turn before is named ${detail.value}\n`,
  ),
  'answer-id': bad(
    STRICTER,
    (detail) => `* GenerateContentRequest.${detail.path}.function_response.id: no call of the turn before has the id ${detail.value}\n`,
  ),
  ...pictureRules((say) => bad(VISION, say)),
  'picture-form': bad(API, (detail) => `* GenerateContentRequest.${detail.path}: inline_data needs mime_type and data\n`),
  'picture-place': bad(
    'https://ai.google.dev/gemini-api/docs/function-calling',
    (detail) => `* GenerateContentRequest.${detail.path}: multimodal function responses are not supported by this model\n`,
  ),
  'last-role': bad(API, () => 'Please ensure that single turn requests end with a user role or the role field is empty.'),
  'signature-missing': bad('https://github.com/langgenius/dify-official-plugins/issues/2088', missingSignature),
  'signature-changed': bad(SIGNATURES, () => 'Corrupted thought signature.'),
  context: bad(
    'https://github.com/google-gemini/gemini-cli/issues/6678',
    (detail) => `The input token count (${detail.count}) exceeds the maximum number of tokens allowed (${detail.limit}).`,
  ),
};

const QUOTA =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';
const limited = (message: string, details: readonly object[], headers?: Readonly<Record<string, string>>): ErrorAnswer => ({
  status: 429,
  ...(headers === undefined ? {} : { headers }),
  body: geminiError(429, 'RESOURCE_EXHAUSTED', message, details),
});
const quotaFailure = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests', quotaId }],
});

/** From https://ai.google.dev/gemini-api/docs/troubleshooting and https://ai.google.dev/gemini-api/docs/rate-limits */
export const GEMINI_ERRORS: Readonly<Partial<Record<FaultName, ErrorAnswer>>> = {
  unauthorized: {
    status: 401,
    body: geminiError(
      401,
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    ),
  },
  payment: limited(QUOTA, [quotaFailure('GenerateRequestsPerDayPerProjectPerModel-FreeTier')]),
  forbidden: {
    status: 403,
    body: geminiError(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked. Please use another API key.'),
  },
  'not-found': { status: 404, body: geminiError(404, 'NOT_FOUND', 'models/gone is not found for API version v1beta') },
  'rate-limited-header': limited('Resource exhausted. Please try again later.', [], { 'retry-after': '2' }),
  'rate-limited-body': limited(`${QUOTA}\nPlease retry in 15.002899939s.`, [
    quotaFailure('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'),
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '15s' },
  ]),
  overloaded: { status: 503, body: geminiError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.') },
  'server-error': {
    status: 500,
    body: geminiError(
      500,
      'INTERNAL',
      'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
    ),
  },
  'context-exceeded': {
    status: 400,
    body: geminiError(400, 'INVALID_ARGUMENT', 'The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).'),
  },
  'error-in-200': { status: 200, body: { error: { code: 402, message: 'Billing is not enabled for this project' } } },
};
