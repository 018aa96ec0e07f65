/** Which models see: what the configuration says, else what is known of the name, and never where the dialect carries no pictures. */
import { describe, expect, it } from 'vitest';
import { modelSchema } from '../../domain/config.ts';
import type { Picture } from '../../domain/picture.ts';
import { countInputBound } from '../../models/count.ts';
import { createModels } from '../../models/registry.ts';
import { isKnownToSee, sightOf } from '../../models/sight.ts';

it.each([
  'gpt-4o',
  'gpt-4o-mini-2024-07-18',
  'gpt-4.1',
  'gpt-5.4-mini',
  'o3',
  'o4-mini',
  'claude-3-5-haiku-latest',
  'claude-sonnet-4-6',
  'claude-opus-5',
  'gemini-2.5-flash',
  'gemini-3-pro-preview',
  'openai/gpt-4o',
  'google/gemini-3-flash-preview',
  'pixtral-large-latest',
  'meta-llama/llama-4-scout-17b-16e-instruct',
])('%s sees', (model) => {
  expect(isKnownToSee(model)).toBe(true);
});

it.each([
  'gpt-3.5-turbo',
  'gpt-4',
  'gpt-4o-audio-preview',
  'o1-mini',
  'o3-mini',
  'claude-2.1',
  'gemini-2.5-flash-preview-tts',
  'codestral-latest',
  'deepseek-chat',
  'qwen3-coder',
  'my-gpt-4o',
])('%s is not known to', (model) => {
  expect(isKnownToSee(model)).toBe(false);
});

const PICTURE: Picture = { mediaType: 'image/png', width: 1024, height: 1024, base64: 'A'.repeat(100_000) };
const carrying = { name: 'chat:openai', pictures: ['image/png', 'image/jpeg'] } as const;

describe('sight', () => {
  it('is what the configuration says, else what is known', () => {
    const sees = (model: string, vision?: boolean): boolean => sightOf({ model, vision }, carrying) !== undefined;
    expect([sees('gpt-4o'), sees('gpt-4o', false), sees('mine'), sees('mine', true)]).toEqual([true, false, false, true]);
  });

  it('is of the kinds that the dialect carries alone', () => {
    const sight = sightOf({ model: 'gpt-4o' }, carrying);
    expect(sight?.(PICTURE)).toBe(765);
    expect(sight?.({ ...PICTURE, mediaType: 'image/gif' })).toBeUndefined();
    expect(sightOf({ model: 'gpt-4o', vision: true }, { ...carrying, pictures: [] })).toBeUndefined();
  });

  it('is a word of the configuration: true or false, nothing else', () => {
    const parsed = (vision: unknown) => modelSchema.safeParse({ provider: 'openai', model: 'mine', vision });
    expect(parsed(true).data?.vision).toBe(true);
    expect(parsed(undefined).data?.vision).toBeUndefined();
    expect(parsed('yes').error?.issues.map((issue) => issue.path.join('.'))).toEqual(['vision']);
  });

  it('said of a model whose endpoint takes no pictures is an error that names the key; not said, it is none', async () => {
    const made = (vision?: boolean) => {
      const lead = modelSchema.parse({ provider: 'openai', model: 'mine', baseUrl: 'http://127.0.0.1:1/v1', dialect: 'deepseek', vision });
      const config = { models: { lead }, prices: { mine: 'free' as const } };
      return createModels({ config, env: {}, secrets: () => undefined }).forRole('lead', false);
    };
    await expect(made(true)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('models.lead.vision: true, but the chat:deepseek endpoint takes no pictures'),
    });
    expect((await made()).model.sight).toBeUndefined();
  });
});

it('what is said of one model is not said of another that a person names in its place', async () => {
  const lead = modelSchema.parse({ provider: 'openai', model: 'mine', baseUrl: 'http://127.0.0.1:1/v1', vision: true });
  const config = { models: { lead }, prices: { mine: 'free' as const, other: 'free' as const } };
  const models = createModels({ config, env: {}, secrets: () => undefined });
  expect((await models.forRole('lead', false)).model.sight).toBeDefined();
  expect((await models.forRole('lead', false, 'other')).model.sight).toBeUndefined();
});

it('a picture is counted by its formula, never by its base64, and not at all where it is not seen', () => {
  const message = { role: 'tool', toolCallId: 'a', toolName: 'read_file', content: 'a.png' } as const;
  const count = (sight?: ReturnType<typeof sightOf>, picture?: Picture): number =>
    countInputBound({ messages: [{ ...message, picture }], tools: [] }, 'x', sight);
  const sight = sightOf({ model: 'gpt-4o' }, carrying);
  const more = count(sight, PICTURE) - count(sight);
  expect(more).toBeGreaterThan(765);
  expect(more).toBeLessThan(765 + 300);
  expect(count(undefined, PICTURE)).toBe(count(undefined));
});
