/** Which models are asked: `--models` over a configuration, and whether any of them costs money. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema } from '../../../domain/config.ts';
import { askedModels, checkAsked, taskConfig } from '../../../runtime/eval/models.ts';
import { CONFIG, makeSuites, type Suites } from './suite-world.ts';

let suites: Suites;
beforeEach(() => {
  suites = makeSuites();
});
afterEach(() => suites.dispose());

const here = () => ({ folder: suites.folder });
const LOCAL = { provider: 'openai', model: 'small', baseUrl: 'http://127.0.0.1:1/v1', contextTokens: 9000 };

test('the configuration of the folder counts, a named one before it, and without any nothing is put over a task', () => {
  expect(askedModels(here())).toEqual({ models: {}, prices: {} });
  suites.put({
    'governor.yaml': { version: 1, models: { lead: LOCAL }, prices: { small: 'free' } },
    'other.yaml': { version: 1, models: { lead: { ...LOCAL, model: 'other' } } },
  });
  expect(askedModels(here())).toEqual({ models: { lead: LOCAL }, prices: { small: 'free' } });
  expect(askedModels({ ...here(), configFile: join(suites.folder, 'other.yaml') }).models['lead']).toMatchObject({ model: 'other' });
});

test('a role keeps its endpoint with another model of the same provider, and neither its window, its sight nor its fallbacks', () => {
  suites.put({ 'governor.yaml': { version: 1, models: { lead: { ...LOCAL, vision: true, fallback: [LOCAL] }, critic: LOCAL } } });
  const { models } = askedModels({ ...here(), models: 'lead=openai:large, planner=google:gemini-x' });
  expect(models).toEqual({
    lead: { provider: 'openai', model: 'large', baseUrl: LOCAL.baseUrl },
    critic: LOCAL,
    planner: { provider: 'google', model: 'gemini-x' },
  });
});

test('a model without a role answers for every role', () => {
  suites.put({ 'governor.yaml': { version: 1, models: { lead: LOCAL, critic: LOCAL } } });
  expect(askedModels({ ...here(), models: 'anthropic:claude-x' }).models).toEqual({ lead: { provider: 'anthropic', model: 'claude-x' } });
});

test.each([
  ['lead', /write role=provider:model/],
  ['leader=openai:x', /there is no role "leader"; use one of planner, lead/],
  ['lead=someone:x', /--models "lead=someone:x": provider/],
  ['', /write role=provider:model/],
])('--models %j is refused by name', (models, message) => {
  expect(() => askedModels({ ...here(), models })).toThrow(message);
});

test('only models and prices of a task are replaced', () => {
  const over = { models: { lead: LOCAL }, prices: { small: { input: 1, output: 2 } } };
  expect(taskConfig(CONFIG, over)).toEqual({ ...CONFIG, models: over.models, prices: { scripted: 'free', ...over.prices } });
  expect(taskConfig(CONFIG, { models: {}, prices: {} })).toEqual(CONFIG);
});

const asked = (models: object, prices: object, endpoints?: string[]) =>
  checkAsked(configSchema.parse({ version: 1, models, prices }), {
    env: {},
    operator:
      endpoints === undefined
        ? undefined
        : {
            version: 1,
            ceilings: {},
            endpoints,
            secrets: {},
            commands: {},
            sandbox: {
              allowUnsafe: false,
              egress: { allow: [], registries: true, addresses: [] },
              limits: { memoryMiB: 4096, processes: 512, fileMiB: 1024, openFiles: 4096, treeMiB: 2048, treeFiles: 500_000 },
            },
          },
  });

test('a free model costs nothing, and a priced one does, also where it is only lean or a fallback', async () => {
  const free = { provider: 'openai', model: 'small', baseUrl: 'http://127.0.0.1:1/v1' };
  const dear = { ...free, model: 'dear' };
  const prices = { small: 'free', dear: { input: 1, output: 1 } };
  expect(await asked({ lead: free }, prices)).toMatchObject({ paid: false, names: { planner: 'openai:small', worker: 'openai:small' } });
  expect(await asked({ lead: dear }, prices)).toMatchObject({ paid: true });
  expect(await asked({ lead: free, lean: dear }, prices)).toMatchObject({ paid: true });
  expect(await asked({ lead: { ...free, fallback: [dear] } }, prices)).toMatchObject({ paid: true });
});

test('no model, no price, or an endpoint that the operator does not list is refused before anything is asked', async () => {
  const local = { provider: 'openai', model: 'small', baseUrl: 'http://127.0.0.1:1/v1' };
  await expect(asked({}, {})).rejects.toThrow(/models\.lead/);
  await expect(asked({ lead: local }, {})).rejects.toThrow(/price/);
  await expect(asked({ lead: local }, { small: 'free' }, ['https://elsewhere.example/'])).rejects.toThrow(/operator/);
});
