/** The dialects by name. */
import { azure } from './azure.ts';
import { deepseek } from './deepseek.ts';
import { groq } from './groq.ts';
import { llamacpp } from './llamacpp.ts';
import { mistral } from './mistral.ts';
import { openaiChat } from './openai-chat.ts';
import { openrouter } from './openrouter.ts';
import type { Dialect, DialectName } from './types.ts';
import { vllm } from './vllm.ts';

export const DIALECTS: Readonly<Partial<Record<DialectName, Dialect>>> = {
  'openai-chat': openaiChat,
  mistral,
  deepseek,
  groq,
  vllm,
  llamacpp,
  azure,
  openrouter,
};
