/** Which model answers for which role. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Config, configSchema } from '../../domain/config.ts';
import type { Role } from '../../domain/roles.ts';
import { createModels } from '../../models/registry.ts';
import { chatRequest, completion, json, serve } from './fakes.ts';

function models(parts: object, options: { env?: Record<string, string>; script?: { file: string }; endpoints?: string[] } = {}) {
  const config: Config = configSchema.parse({ version: 1, prices: { a: 'free', b: 'free', c: 'free' }, ...parts });
  const env = options.env ?? {};
  const secrets = (reference: string) => env[reference.replace('secret://env/', '')];
  const { script, endpoints } = options;
  return createModels({
    config,
    secrets,
    env,
    ...(script === undefined ? {} : { script }),
    ...(endpoints === undefined ? {} : { endpoints }),
  });
}
const openai = (model: string, more: object = {}) => ({ provider: 'openai', model, ...more });
const KEY = { OPENAI_API_KEY: 'key-1' };

describe('a role', () => {
  it('without a model of its own uses the lead’s; lean uses the lean one if there is one', async () => {
    const named = models({ models: { lead: openai('a'), critic: openai('b'), lean: openai('c') } }, { env: KEY });
    const nameOf = async (role: Role, lean: boolean) => (await named.forRole(role, lean)).model.model;
    expect([await nameOf('planner', false), await nameOf('worker', false), await nameOf('critic', false)]).toEqual(['a', 'a', 'b']);
    expect([await nameOf('critic', true), await nameOf('lead', true)]).toEqual(['c', 'c']);
    expect((await models({ models: { lead: openai('a') } }, { env: KEY }).forRole('lead', true)).model.model).toBe('a');
  });

  it('is asked for a model that a person names where it is configured, also as another’s fallback', async () => {
    const lead = openai('a', { fallback: [openai('b', { baseUrl: 'http://127.0.0.1:2/v1' })] });
    const made = models({ models: { lead, critic: openai('c') } }, { env: KEY });
    expect(await made.forRole('critic', false, 'b')).toMatchObject({ address: 'http://127.0.0.1:2/v1', fallbacks: [] });
    expect(await made.forRole('lead', false, 'c')).toMatchObject({ address: 'https://api.openai.com/v1' });
  });

  it('without any model says which key to add', async () => {
    await expect(models({}).forRole('worker', false)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('models.lead'),
    });
  });

  it('whose model has no price is refused, also a scripted one', async () => {
    await expect(models({ models: { lead: { provider: 'script', model: 'x' } } }).forRole('lead', false)).rejects.toThrow('prices."x"');
  });
});

describe('a key', () => {
  it('that is missing at the public endpoint is named', async () => {
    await expect(models({ models: { lead: openai('a') } }).forRole('lead', false)).rejects.toThrow('OPENAI_API_KEY is not set');
  });

  it.each(['\u201ckey-1\u201d', 'key\n-1', 'key\u00e9'])('that no header can hold (%j) is told before anything is asked', async (key) => {
    const made = models({ models: { lead: openai('a') } }, { env: { OPENAI_API_KEY: key } }).forRole('lead', false);
    await expect(made).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining('OPENAI_API_KEY') });
    await expect(made).rejects.not.toThrow(key);
  });

  it('that is named but not set is an error at any endpoint', async () => {
    const lead = openai('a', { apiKey: 'secret://env/MINE', baseUrl: 'http://127.0.0.1:1/v1' });
    await expect(models({ models: { lead } }).forRole('lead', false)).rejects.toThrow('models.lead.apiKey: secret://env/MINE is not set');
  });

  it.each([
    [{}, undefined],
    [KEY, 'Bearer key-1'],
  ])('of %j reaches the endpoint of OPENAI_BASE_URL as %s', async (env, authorization) => {
    const server = await serve((response) => json(response, 200, completion()));
    try {
      const named = models({ models: { lead: openai('a') } }, { env: { ...env, OPENAI_BASE_URL: server.url } });
      const { model } = await named.forRole('lead', false);
      await model.complete(chatRequest(), new AbortController().signal);
      expect(server.seen[0]?.headers.authorization).toBe(authorization);
    } finally {
      await server.close();
    }
  });
});

describe('an endpoint that only a repository names', () => {
  const ask = async (lead: object, url: string, options: { env?: Record<string, string>; endpoints?: string[] } = {}) => {
    const named = models({ models: { lead: openai('a', { baseUrl: url, ...lead }) } }, { env: { ...KEY, OTHER: 'key-2' }, ...options });
    const { model } = await named.forRole('lead', false);
    await model.complete(chatRequest(), new AbortController().signal);
  };

  it.each([
    ["never gets the operator's own key", {}, undefined, undefined],
    ['gets the key that it names', { apiKey: 'secret://env/OTHER' }, undefined, 'Bearer key-2'],
    ["gets the operator's key where the operator lists it", {}, '', 'Bearer key-1'],
  ])('%s', async (_title, lead, listed, authorization) => {
    const server = await serve((response) => json(response, 200, completion()));
    try {
      await ask(lead, server.url, listed === undefined ? {} : { endpoints: [server.url] });
      expect(server.seen[0]?.headers.authorization).toBe(authorization);
    } finally {
      await server.close();
    }
  });

  it.each(['https://evil.test/v1', 'https://good.test/v10', 'https://good.test:444/v1', 'http://good.test/v1'])(
    'is refused when the operator has a list without it: %s',
    async (url) => {
      await expect(ask({}, url, { endpoints: ['https://good.test/v1'] })).rejects.toThrow(`models.lead.baseUrl: ${url} is not under any`);
    },
  );

  it('is refused when its address holds a user name', async () => {
    await expect(ask({}, 'https://u@good.test/v1', { endpoints: ['https://good.test/v1'] })).rejects.toThrow(
      'models.lead.baseUrl: an address holds no user name or password',
    );
  });
});

describe('a scripted model', () => {
  it('needs a script', async () => {
    await expect(models({ models: { lead: { provider: 'script', model: 'a' } } }).forRole('lead', false)).rejects.toThrow('needs a script');
  });

  it('answers from it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'governor-registry-'));
    try {
      const file = join(folder, 'script.json');
      writeFileSync(file, JSON.stringify({ version: 1, replies: [{ role: 'lead', text: 'canned' }] }));
      const { model } = await models({ models: { lead: { provider: 'script', model: 'a' } } }, { script: { file } }).forRole('lead', false);
      expect(await model.complete(chatRequest(), new AbortController().signal)).toMatchObject({ text: 'canned', canned: true });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
