/** What OpenAI-compatible endpoints want beyond the API, as data: one row a dialect, known by its host name. */
import type { DIALECTS, ModelConfig } from '../../domain/config.ts';
import { PICTURE_TYPES, type PictureType } from '../../domain/picture.ts';

export type DialectName = (typeof DIALECTS)[number];

interface Foreign {
  readonly message?: Readonly<Record<string, unknown>>;
  readonly firstCall?: Readonly<Record<string, unknown>>;
}

export interface Quirks {
  /** Host names, whole or as the end of one. */
  readonly hosts: readonly string[];
  /** The field of the output limit; undefined: as the SDK chooses by the model's name. */
  readonly outputField?: 'max_tokens' | 'max_completion_tokens';
  /** Wants `stream_options.include_usage`, or refuses it. */
  readonly streamOptions: boolean;
  /** Fields of an answer's message that it wants back with the next request; others refuse what they do not know. */
  readonly giveBack: readonly string[];
  /** The same for each tool call. */
  readonly giveBackOfCalls: readonly string[];
  /** What stands in for them in a message with tool calls that another model wrote; `callId` is the first call's. */
  readonly foreign?: (model: string, callId: string) => Foreign;
  /** What ids of tool calls may look like. */
  readonly callId: RegExp;
  readonly keyHeader: 'authorization' | 'api-key';
  /** How it is told to think less or more; undefined: it is not told. */
  readonly effort: 'reasoning_effort' | 'reasoning' | undefined;
  /** The kinds of pictures it takes; none: words alone. */
  readonly pictures: readonly PictureType[];
  /** A user message after the results, as the API says, or the message of the result itself where roles must take turns. */
  readonly picturePlace: 'user' | 'tool';
}

// https://platform.openai.com/docs/api-reference/chat; ids have 40 characters at most.
const CALL_ID = /^[a-zA-Z0-9_-]{1,40}$/;
const PLAIN = {
  hosts: [],
  streamOptions: true,
  giveBack: [],
  giveBackOfCalls: [],
  callId: CALL_ID,
  keyHeader: 'authorization',
  effort: 'reasoning_effort',
  pictures: PICTURE_TYPES,
  picturePlace: 'user',
} as const satisfies Quirks;

/** What Google takes for a signature where there is none (https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ). */
const UNSIGNED = 'skip_thought_signature_validator';

export const QUIRKS: Readonly<Record<DialectName, Quirks>> = {
  openai: { ...PLAIN, hosts: ['api.openai.com'], outputField: 'max_completion_tokens' },
  // https://learn.microsoft.com/azure/ai-foundry/openai/reference
  azure: {
    ...PLAIN,
    hosts: ['.openai.azure.com', '.services.ai.azure.com', '.cognitiveservices.azure.com'],
    outputField: 'max_completion_tokens',
    keyHeader: 'api-key',
  },
  // https://docs.mistral.ai/api: ids are 9 letters or digits; unknown fields are a 422; thinking comes and goes inside `content`.
  mistral: {
    ...PLAIN,
    hosts: ['api.mistral.ai', 'codestral.mistral.ai'],
    outputField: 'max_tokens',
    streamOptions: false,
    giveBack: ['content'],
    callId: /^[a-zA-Z0-9]{9}$/,
    effort: undefined,
    // A tool message holds chunks of content there, and no user message may follow it.
    picturePlace: 'tool',
  },
  // https://api-docs.deepseek.com/guides/thinking_mode: a 400 where it is missing after a tool call; an empty one is missing to V4
  // (https://github.com/NousResearch/hermes-agent/pull/18263).
  deepseek: {
    ...PLAIN,
    hosts: ['api.deepseek.com'],
    outputField: 'max_tokens',
    giveBack: ['reasoning_content'],
    foreign: () => ({ message: { reasoning_content: ' ' } }),
    effort: undefined,
    // Contents are strings (https://api-docs.deepseek.com/api/create-chat-completion).
    pictures: [],
  },
  // https://console.groq.com/docs/openai
  groq: { ...PLAIN, hosts: ['api.groq.com'], outputField: 'max_completion_tokens' },
  // https://openrouter.ai/docs/use-cases/reasoning-tokens: the details as they came, in their order. Behind it Gemini wants its
  // signatures (https://github.com/RooCodeInc/Roo-Code/pull/10640).
  openrouter: {
    ...PLAIN,
    hosts: ['openrouter.ai'],
    outputField: 'max_tokens',
    giveBack: ['reasoning_details'],
    foreign: (model, id) =>
      /gemini/i.test(model)
        ? { message: { reasoning_details: [{ type: 'reasoning.encrypted', data: UNSIGNED, format: 'google-gemini-v1', index: 0, id }] } }
        : {},
    effort: 'reasoning',
  },
  // https://ai.google.dev/gemini-api/docs/thought-signatures ("OpenAI compatibility")
  gemini: {
    ...PLAIN,
    hosts: ['generativelanguage.googleapis.com'],
    outputField: 'max_tokens',
    giveBackOfCalls: ['extra_content'],
    // https://ai.google.dev/gemini-api/docs/image-understanding: no GIF.
    pictures: ['image/png', 'image/jpeg', 'image/webp'],
    foreign: () => ({ firstCall: { extra_content: { google: { thought_signature: UNSIGNED } } } }),
  },
  // https://docs.vllm.ai/en/latest/features/reasoning_outputs.html
  // Many templates want turns, so a picture stands in the tool message. Some models' parsers take only text there (vllm-project/vllm#43203):
  // those are asked once more in words.
  vllm: { ...PLAIN, outputField: 'max_tokens', giveBack: ['reasoning', 'reasoning_content'], picturePlace: 'tool' },
  // https://github.com/ggml-org/llama.cpp/tree/master/tools/server
  // It refuses WebP: "Failed to load image or audio file" (cline/cline#8977; ggml-org/llama.cpp#19066 would have added it).
  llamacpp: { ...PLAIN, outputField: 'max_tokens', giveBack: ['reasoning_content'], pictures: ['image/png', 'image/jpeg', 'image/gif'] },
  // A gateway or a server that nobody here knows: it gets back what it sent.
  compatible: {
    ...PLAIN,
    giveBack: ['reasoning_content', 'reasoning_details'],
    giveBackOfCalls: ['extra_content', 'provider_specific_fields'],
  },
};

/** The dialect that a configuration names, else the one of the address's host, else `compatible`. */
export function dialectOf(config: ModelConfig, baseUrl: string): DialectName {
  if (config.dialect !== undefined && config.dialect !== 'auto') return config.dialect;
  const { hostname } = new URL(baseUrl);
  const names = Object.keys(QUIRKS) as DialectName[]; // the keys of this very table
  const found = names.find((name) =>
    QUIRKS[name].hosts.some((host) => (host.startsWith('.') ? hostname.endsWith(host) : hostname === host)),
  );
  return found ?? 'compatible';
}

/** Models of OpenAI that think; with an effort they take tools at the Responses API alone (docs: "Migrate to the Responses API"). */
const THINKS = /^(?:gpt-[5-9](?!.*-chat)|o[1-9]|codex)/;

export const thinks = (config: ModelConfig): boolean => config.reasoningEffort !== undefined || THINKS.test(config.model);
