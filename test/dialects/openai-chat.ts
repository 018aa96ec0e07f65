/** OpenAI's `/v1/chat/completions`, and with `geminiCompat` Google's imitation of it. */
import { type ChatProfile, COMMON_PARAMETERS, createChatDialect, keep, returned } from './chat-dialect.ts';
import { MESSAGE_FIELDS } from './chat-messages.ts';
import { openAiUsage } from './chat-render.ts';
import { blob } from './ids.ts';
import { at, type Json } from './json.ts';
import { OPENAI_BODY_RULES, OPENAI_DOOR_RULES, OPENAI_ERRORS, OPENAI_STREAM_ERROR } from './openai-rules.ts';
import type { Context, Detail, Dialect, Rules } from './types.ts';

/** Of `ChatCompletionCreateParams` in the official client. */
export const OPENAI_PARAMETERS: readonly string[] = [
  ...COMMON_PARAMETERS,
  'audio',
  'function_call',
  'functions',
  'max_completion_tokens',
  'metadata',
  'modalities',
  'moderation',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning_effort',
  'safety_identifier',
  'service_tier',
  'store',
  'verbosity',
  'web_search_options',
];

const OPENAI_RULES: Rules = { ...OPENAI_DOOR_RULES, ...OPENAI_BODY_RULES };

const profile: ChatProfile = {
  name: 'openai-chat',
  base: () => '/v1',
  defaultModel: (options) => (options.reasoning === true ? 'gpt-5.4-mini' : 'gpt-4.1-mini'),
  rules: OPENAI_RULES,
  parameters: OPENAI_PARAMETERS,
  shape: {
    reasoning: 'none',
    streamUsage: 'asked',
    usage: openAiUsage,
    extra: () => ({ service_tier: 'default', system_fingerprint: null }),
  },
  // Stricter: the documentation says 50 MB in all (https://platform.openai.com/docs/guides/images-vision).
  pictures: { types: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], characters: 5_000_000 },
  errors: OPENAI_ERRORS,
  streamError: OPENAI_STREAM_ERROR,
  without: ['tool-use-failed', 'finish-error'],
};

const plain = createChatDialect(profile);

/** Google wraps the errors of its compatible endpoint in a list: https://github.com/Gitlawb/openclaude/issues/67 */
const googleError = (message: string) => [{ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }];

export const missingSignature = (detail: Detail): string =>
  `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${detail.value}\` , position ${(detail.index ?? 0) + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`;

const signatureOf = (message: Json): unknown => at(message, 'tool_calls', 0, 'extra_content', 'google', 'thought_signature');

const SIGNATURE_RULES: Rules = {
  'signature-missing': {
    status: 400,
    source: 'https://github.com/labring/aiproxy/issues/450',
    body: (detail) => googleError(missingSignature(detail)),
  },
  'signature-changed': {
    status: 400,
    source: 'https://ai.google.dev/gemini-api/docs/thought-signatures',
    body: () => googleError('Corrupted thought signature.'),
  },
};

const OPENAI_ONLY = ['effort-with-tools', 'max-tokens-unsupported', 'temperature-unsupported', 'call-id-long', 'effort-unsupported'];

const compat = createChatDialect({
  ...profile,
  base: () => '/v1beta/openai',
  defaultModel: () => 'gemini-3-flash-preview',
  parameters: [...OPENAI_PARAMETERS, 'extra_body'],
  // https://ai.google.dev/gemini-api/docs/image-understanding: no GIF.
  pictures: { types: ['image/png', 'image/jpeg', 'image/webp'], characters: 5_000_000 },
  rules: { ...Object.fromEntries(Object.entries(OPENAI_RULES).filter(([name]) => !OPENAI_ONLY.includes(name))), ...SIGNATURE_RULES },
  messageFields: { ...MESSAGE_FIELDS, assistant: new Set([...(MESSAGE_FIELDS['assistant'] ?? []), 'extra_content']) },
  shape: {
    reasoning: 'none',
    streamUsage: 'asked',
    wholeCalls: true,
    // The total holds thinking that the completion leaves out.
    usage: ({ counts }) => ({
      prompt_tokens: counts.input,
      completion_tokens: counts.text,
      total_tokens: counts.input + counts.text + counts.reasoning,
    }),
    callExtra: (answer, index) =>
      index === 0 && answer.context.options.reasoning === true
        ? { extra_content: { google: { thought_signature: blob(`signature ${answer.nth}`) } } }
        : {},
  },
  *own(body, context) {
    if (context.options.reasoning !== true) return;
    for (const { rule, detail } of returned(body, context, signatureOf))
      yield { rule: rule === 'reasoning-missing' ? 'signature-missing' : 'signature-changed', detail };
  },
  remember: (answer, message) => keep(answer, message, signatureOf(message)),
});

const pick = (context: Context): Dialect => (context.options.geminiCompat === true ? compat : plain);

export const openaiChat: Dialect = {
  ...plain,
  rules: { ...plain.rules, ...SIGNATURE_RULES },
  base: (options) => (options.geminiCompat === true ? compat : plain).base(options),
  defaultModel: (options) => (options.geminiCompat === true ? compat : plain).defaultModel(options),
  *offences(incoming, context, input) {
    const dialect = pick(context);
    for (const offence of dialect.offences(incoming, context, input)) if (dialect.rules[offence.rule] !== undefined) yield offence;
  },
  whole: (answer) => pick(answer.context).whole(answer),
  stream: (answer) => pick(answer.context).stream(answer),
};
