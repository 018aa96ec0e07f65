/** Azure's two doors to OpenAI's models: by deployment with an api-version, and the newer `/openai/v1`. */
import { createChatDialect } from './chat-dialect.ts';
import { openAiUsage } from './chat-render.ts';
import { openAiError, ruleOf, STRICTER } from './chat-words.ts';
import { bodyOffences, headerKey } from './envelope.ts';
import { OPENAI_PARAMETERS } from './openai-chat.ts';
import { OPENAI_BODY_RULES, OPENAI_ERRORS, OPENAI_STREAM_ERROR } from './openai-rules.ts';
import type { Context, Incoming, Offence, Rules } from './types.ts';

const REFERENCE = 'https://learn.microsoft.com/azure/ai-foundry/openai/reference';
const LIFECYCLE = 'https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle';

const door = (code: string, message: string) => ({ error: { code, message } });
const notFound = door('404', 'Resource not found');
const denied = door(
  '401',
  'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
);
const noDeployment = door(
  'DeploymentNotFound',
  'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
);
const rule = ruleOf(openAiError);

const rules: Rules = {
  path: { status: 404, source: 'https://github.com/KeyserDSoze/Rystem.OpenAi/issues/22', body: () => notFound },
  method: { status: 405, source: REFERENCE, body: () => door('405', 'Method Not Allowed') },
  'key-missing': { status: 401, source: REFERENCE, body: () => denied },
  'key-wrong': { status: 401, source: REFERENCE, body: () => denied },
  'version-missing': { status: 404, source: LIFECYCLE, body: () => notFound },
  'version-form': { status: 404, source: LIFECYCLE, body: () => notFound },
  'deployment-unknown': { status: 404, source: 'https://github.com/chatboxai/chatbox/issues/861', body: () => noDeployment },
  'content-type': rule(415, STRICTER, () => 'Unsupported Media Type'),
  json: rule(400, REFERENCE, () => 'We could not parse the JSON body of your request.'),
  'model-unknown': { status: 404, source: 'https://github.com/chatboxai/chatbox/issues/861', body: () => noDeployment },
  ...OPENAI_BODY_RULES,
};

const DEPLOYMENT = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/;

function* doors(incoming: Incoming, context: Context): Generator<Offence> {
  const { pathname, searchParams } = incoming.url;
  const deployment = DEPLOYMENT.exec(pathname)?.[1];
  const version = searchParams.get('api-version');
  if (deployment === undefined && pathname !== '/openai/v1/chat/completions') yield { rule: 'path', detail: { path: pathname } };
  if (incoming.method !== 'POST') yield { rule: 'method', detail: { path: pathname } };
  yield* headerKey(incoming, context, 'api-key');
  if (deployment !== undefined && version === null) yield { rule: 'version-missing', detail: {} };
  const form = deployment === undefined ? /^(v1|preview)$/ : /^\d{4}-\d{2}-\d{2}(-preview)?$/;
  if (version !== null && !form.test(version)) yield { rule: 'version-form', detail: { value: version } };
  if (deployment !== undefined && decodeURIComponent(deployment) !== context.model)
    yield { rule: 'deployment-unknown', detail: { value: deployment } };
  yield* bodyOffences(incoming);
}

const SAFE = { hate: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'safe' } };
const VIOLENT = { hate: { filtered: false, severity: 'safe' }, violence: { filtered: true, severity: 'medium' } };

export const azure = createChatDialect({
  name: 'azure',
  base: () => '/openai/v1',
  defaultModel: (options) => (options.reasoning === true ? 'gpt-5.4-mini' : 'gpt-4.1-mini'),
  rules,
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000 },
  parameters: [...OPENAI_PARAMETERS, 'data_sources', 'user_security_context'],
  envelope: doors,
  shape: {
    reasoning: 'none',
    streamUsage: 'asked',
    usage: openAiUsage,
    extra: () => ({ system_fingerprint: 'fp_imitation', prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }] }),
    choiceExtra: (answer) => ({ content_filter_results: answer.end === 'filter' ? VIOLENT : SAFE }),
  },
  errors: {
    ...OPENAI_ERRORS,
    unauthorized: { status: 401, body: denied },
    payment: { status: 403, body: door('Forbidden', 'The subscription of this resource is disabled.') },
    forbidden: { status: 403, body: door('403', 'Public access is disabled. Please configure private endpoint.') },
    'not-found': { status: 404, body: noDeployment },
    'rate-limited-header': {
      status: 429,
      headers: { 'retry-after': '2', 'retry-after-ms': '1500', 'x-ratelimit-reset-requests': '2' },
      body: door('429', 'Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current pricing tier.'),
    },
    'rate-limited-body': {
      status: 429,
      body: door(
        '429',
        'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 20 seconds.',
      ),
    },
  },
  streamError: OPENAI_STREAM_ERROR,
  without: ['tool-use-failed', 'finish-error'],
});
