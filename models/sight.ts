/** Which models see pictures, and what a picture costs each: the configuration first, then what their makers say. */
import type { ModelConfig } from '../domain/config.ts';
import type { PictureType } from '../domain/picture.ts';
import type { ChatModel } from '../domain/ports.ts';
import { pictureTokensOf } from './picture-tokens.ts';

/**
 * By name, also behind a router (`openai/gpt-4o`). Sources: https://platform.openai.com/docs/models,
 * https://docs.anthropic.com/en/docs/about-claude/models, https://ai.google.dev/gemini-api/docs/models,
 * https://docs.mistral.ai/capabilities/vision, https://console.groq.com/docs/vision. What is not here does not see.
 */
const SEES: readonly RegExp[] = [
  /^(?:chatgpt-4o|gpt-4o(?!.*(?:audio|realtime|transcribe|tts|search))|gpt-4\.1|gpt-4\.5|gpt-4-turbo|gpt-5)/,
  /^o(?:1(?!-mini|-preview)|3(?!-mini)|4-mini)/,
  /^claude-(?:3|[a-z]+-[4-9])/,
  /^gemini-(?:1\.5|2|3)(?!.*(?:tts|audio|embedding))/,
  /^pixtral-/,
  /^mistral-(?:small|medium)-(?:latest|2503|2505|2506|2508)/,
  /^(?:meta-llama\/)?llama-4-(?:scout|maverick)/,
];

/** Does the catalogue know it as one that sees? */
export function isKnownToSee(model: string): boolean {
  const name = model.toLowerCase();
  return SEES.some((known) => known.test(name) || known.test(name.slice(name.indexOf('/') + 1)));
}

/**
 * @param dialect its name, and the kinds of pictures that it carries. Undefined: this model is shown none.
 */
export function sightOf(
  { model, vision }: Pick<ModelConfig, 'model' | 'vision'>,
  dialect: { readonly name: string; readonly pictures: readonly PictureType[] },
): ChatModel['sight'] {
  if (!(vision ?? isKnownToSee(model)) || dialect.pictures.length === 0) return undefined;
  const tokens = pictureTokensOf(dialect.name, model);
  return (picture) => (dialect.pictures.includes(picture.mediaType) ? tokens(picture) : undefined);
}
