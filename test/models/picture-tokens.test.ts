/** What a picture takes at most: the documented examples of each maker, and the highest of all where no formula is known. */
import { describe, expect, it } from 'vitest';
import { pictureTokensOf } from '../../models/picture-tokens.ts';

const tokens = (dialect: string, model: string, width: number, height: number): number =>
  pictureTokensOf(dialect, model)({ width, height });

it.each<[string, string, number, number, number]>([
  // https://platform.openai.com/docs/guides/images-vision
  ['responses:openai', 'gpt-4o', 1024, 1024, 765],
  ['chat:openai', 'gpt-4o', 2048, 4096, 1105],
  ['chat:openai', 'gpt-4o-mini', 1024, 1024, 25_501],
  ['chat:openai', 'gpt-5', 1024, 1024, 630],
  ['chat:openai', 'o3', 1024, 1024, 675],
  ['chat:openai', 'gpt-4.1-mini', 1024, 1024, 1659],
  ['chat:openai', 'gpt-4.1-mini', 1800, 2400, 2489],
  ['chat:openai', 'o4-mini', 1024, 1024, 1762],
  // https://platform.claude.com/docs/en/build-with-claude/vision
  ['anthropic', 'claude-sonnet-4-6', 200, 200, 64],
  ['anthropic', 'claude-sonnet-4-5-20250929', 1000, 1000, 1334],
  ['anthropic', 'claude-sonnet-4-20250514', 4000, 4000, 1600],
  ['anthropic', 'claude-opus-4-7', 1920, 1080, 2765],
  ['anthropic', 'claude-opus-5', 3840, 2160, 4784],
  // https://ai.google.dev/gemini-api/docs/image-understanding
  ['google', 'gemini-2.5-flash', 384, 384, 258],
  ['google', 'gemini-2.5-flash', 960, 540, 1548],
  ['chat:gemini', 'gemini-3-flash-preview', 384, 384, 2240],
])('%s %s: %i x %i pixels take %i', (dialect, model, width, height, most) => {
  expect(tokens(dialect, model, width, height)).toBe(most);
});

describe('the highest of all', () => {
  const all: [string, string][] = [
    ['chat:openai', 'gpt-4o'],
    ['chat:openai', 'gpt-4o-mini'],
    ['chat:openai', 'gpt-5.4'],
    ['anthropic', 'claude-opus-4-8'],
    ['google', 'gemini-2.5-pro'],
    ['google', 'gemini-3-pro'],
  ];
  it.each<[string, string]>([
    ['chat:compatible', 'my-model'],
    ['chat:azure', 'gpt-4o'],
    ['chat:openrouter', 'openai/gpt-4o'],
    ['chat:openai', 'gpt-9'],
    ['script', 'scripted'],
  ])('is taken for %s %s, whose formula nobody knows', (dialect, model) => {
    for (const [width, height] of [
      [1, 1],
      [1024, 1024],
      [8000, 4000],
      [8000, 10],
    ] as const)
      for (const known of all) expect(tokens(dialect, model, width, height)).toBeGreaterThanOrEqual(tokens(...known, width, height));
    expect(tokens(dialect, model, 8, 8)).toBeGreaterThan(16_384);
  });
});
