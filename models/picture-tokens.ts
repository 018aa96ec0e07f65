/** How many tokens a picture takes at most, by the documented formula of who counts it; where none is known, by the highest of all. */
import type { Picture } from '../domain/picture.ts';

type Size = Pick<Picture, 'width' | 'height'>;
type Tokens = (size: Size) => number;

/** @param dialect the `name` of a `Dialect`. @param model as the endpoint names it. */
export function pictureTokensOf(dialect: string, model: string): Tokens {
  switch (dialect) {
    case 'anthropic':
      return claude(model);
    case 'google':
    case 'chat:gemini':
      return gemini(model);
    case 'chat:openai':
    case 'responses:openai':
      return OPENAI.find(([named]) => named.test(model))?.[1] ?? highest;
    default:
      // Also Azure: a deployment may be named after another model.
      return highest;
  }
}

/** The longest side becomes 2048, then the shortest 768; squares of 512 (https://platform.openai.com/docs/guides/images-vision, "Calculating costs"). */
const tiles =
  (base: number, each: number): Tokens =>
  ({ width, height }) => {
    const longest = Math.ceil((768 * Math.max(width, height)) / Math.min(width, height));
    return base + each * 2 * Math.ceil(longest / 512);
  };

/** Squares of 32, up to a budget that a larger picture is scaled down to; times a number of the model's (same page). */
const patches =
  (most: number, times: number): Tokens =>
  ({ width, height }) =>
    Math.ceil(Math.min(most, Math.ceil(width / 32) * Math.ceil(height / 32)) * times);

/** "original" detail, which some models take by themselves. */
const ORIGINAL_PATCHES = 10_000;

/** The table of that page; names that it does not have are in none of these. */
const OPENAI: readonly (readonly [RegExp, Tokens])[] = [
  [/^gpt-4o-mini/, tiles(2833, 5667)],
  [/^(?:chatgpt-4o|gpt-4o|gpt-4\.[15](?!-mini|-nano))/, tiles(85, 170)],
  [/^gpt-5(?:-chat-latest|-\d{4}-\d\d-\d\d)?$/, tiles(70, 140)],
  [/^o[13](?!-mini)/, tiles(75, 150)],
  [/^(?:gpt-4\.1-mini|gpt-5-mini)/, patches(1536, 1.62)],
  [/^(?:gpt-4\.1-nano|gpt-5-nano)/, patches(1536, 2.46)],
  [/^o4-mini/, patches(1536, 1.72)],
  [/^gpt-5\.4/, patches(ORIGINAL_PATCHES, 2.46)],
];

/** Up to 4.6 a picture is scaled down to about 1600 tokens, from 4.7 on to 4784 (https://docs.anthropic.com/en/docs/build-with-claude/vision). */
const CLAUDE_STANDARD = /^claude-(?:3|[a-z]+-4(?:-[0-6](?!\d))?(?:-\d{8}|$))/;

function claude(model: string): Tokens {
  const most = CLAUDE_STANDARD.test(model) ? 1600 : 4784;
  // Width times height by 750 is an estimate of what squares of 28 come to.
  return ({ width, height }) => Math.min(most, Math.max(Math.ceil((width * height) / 750), Math.ceil(width / 28) * Math.ceil(height / 28)));
}

/** https://ai.google.dev/gemini-api/docs/image-understanding, "Token calculation": 258 a tile, of 768 or of two thirds of the shortest side. */
const TILE_TOKENS = 258;
/** From Gemini 3 on at most this, at the highest resolution (https://ai.google.dev/gemini-api/docs/media-resolution). */
const ULTRA_HIGH_TOKENS = 2240;

function gemini(model: string): Tokens {
  const byTiles: Tokens = ({ width, height }) => {
    if (width <= 384 && height <= 384) return TILE_TOKENS;
    const count = (unit: number): number => Math.ceil(width / unit) * Math.ceil(height / unit);
    const unit = Math.max(1, Math.floor(Math.min(width, height) / 1.5));
    return TILE_TOKENS * Math.max(count(768), count(unit));
  };
  return /^gemini-(?:1|2)/.test(model) ? byTiles : (size) => Math.max(ULTRA_HIGH_TOKENS, byTiles(size));
}

/**
 * Never below 25 000 tokens, since gpt-4o-mini counts so: more than any open model is known to take (Qwen-VL 16 384, Pixtral 4096). What
 * a picture truly took is known from the next report.
 */
const highest: Tokens = (size) =>
  Math.max(...[...OPENAI.map(([, tokens]) => tokens), claude(''), gemini('')].map((tokens) => tokens(size)));
