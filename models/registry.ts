/** Which model answers for which role: the configuration turned into models with prices, made when first asked for. */

import type { Price } from '../domain/budget.ts';
import type { Config, ModelConfig } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import type { ChatModel } from '../domain/ports.ts';
import type { Role } from '../domain/roles.ts';
import { addressOf, type ProviderOptions, secretFor } from './provider.ts';
import { loadScript, type Script } from './script.ts';

export interface ChosenModel {
  readonly model: ChatModel;
  readonly price: Price;
  readonly config: ModelConfig;
  /** Where it is asked; undefined for one that costs nothing. */
  readonly address?: string;
  /** What answers instead, in this order, when it does not. */
  readonly fallbacks: readonly Omit<ChosenModel, 'fallbacks'>[];
}

export interface Models {
  /**
   * The lean model when `lean` and one is configured; a `model` that a person named instead of both, with the settings of the
   * configured role or fallback that has it, else of this one. @throws UsageError naming the missing key of `governor.yaml`.
   */
  forRole(role: Role, lean: boolean, model?: string): Promise<ChosenModel>;
}

export interface ModelsOptions extends ProviderOptions {
  readonly config: Pick<Config, 'models' | 'prices'>;
  /** The scenario behind `provider: script`. */
  readonly script?: { readonly file: string };
}

/** Libraries are loaded only for the models that are used. */
export function createModels(options: ModelsOptions): Models {
  const made = new Map<ModelConfig, Promise<ChosenModel>>();
  const named = new Map<string, { key: string; config: ModelConfig }>();
  let script: Promise<Script> | undefined;
  const scriptOf = (key: string): Promise<Script> => {
    if (options.script === undefined) throw new UsageError(`models.${key}: provider "script" needs a script of replies; none was given`);
    script ??= loadScript(options.script.file);
    return script;
  };
  return {
    forRole: async (role, lean, model) => {
      const usual = chooseConfig(options.config.models, role, lean && model === undefined);
      let choice = model === undefined ? usual : named.get(`${role} ${model}`);
      if (choice === undefined) {
        choice = namedConfig(options.config.models, usual, model ?? '');
        named.set(`${role} ${model}`, choice);
      }
      const { key, config } = choice;
      let chosen = made.get(config);
      if (chosen === undefined) {
        chosen = make(options, key, config, scriptOf);
        made.set(config, chosen);
      }
      return chosen;
    },
  };
}

/** Every role falls back to the lead's model. */
function chooseConfig(models: Config['models'], role: Role, lean: boolean): { key: string; config: ModelConfig } {
  if (lean && models.lean !== undefined) return { key: 'lean', config: models.lean };
  const own = models[role];
  if (own !== undefined) return { key: role, config: own };
  if (models.lead !== undefined) return { key: 'lead', config: models.lead };
  throw new UsageError('models.lead: no model is configured; add to governor.yaml: models: { lead: { provider: openai, model: <name> } }');
}

/** The window and the sight are the other model's own; what else a role says of its endpoint stays. */
function namedConfig(models: Config['models'], usual: { key: string; config: ModelConfig }, model: string) {
  const all = Object.entries(models).flatMap(([key, config]) => [
    { key, config },
    ...(config?.fallback ?? []).map((one, index) => ({ key: `${key}.fallback.${index}`, config: one })),
  ]);
  for (const { key, config } of all) if (config?.model === model) return { key, config };
  const { contextTokens: _window, vision: _sight, ...config } = usual.config;
  return { key: usual.key, config: { ...config, model } };
}

async function make(
  options: ModelsOptions,
  key: string,
  config: ModelConfig,
  scriptOf: (key: string) => Promise<Script>,
): Promise<ChosenModel> {
  const { fallback = [], ...own } = config;
  // All at once: a key that is missing is told before money is spent, not in the middle of the night.
  const [first, ...others] = await Promise.all(
    [own, ...fallback].map((one, index) => makeOne(options, index === 0 ? key : `${key}.fallback.${index - 1}`, one, scriptOf)),
  );
  if (first === undefined) throw new Error('a list with one entry has none');
  return { ...first, fallbacks: others };
}

async function makeOne(
  options: ModelsOptions,
  key: string,
  config: ModelConfig,
  scriptOf: (key: string) => Promise<Script>,
): Promise<Omit<ChosenModel, 'fallbacks'>> {
  const { contextTokensOf, priceOf } = await import('./catalog.ts');
  const { provider } = config;
  const address = provider === 'script' ? undefined : addressOf(options, key, { ...config, provider });
  const contextTokens = contextTokensOf(config.model, config.contextTokens);
  const price = priceOf(config.model, options.config.prices, { required: true, windowTokens: contextTokens, address });
  if (provider === 'script' || address === undefined) {
    const { createScriptedModel } = await import('./scripted.ts');
    const script = await scriptOf(key);
    const { model, timeout: timeoutMs, vision } = config;
    return { model: createScriptedModel({ script, model, contextTokens, timeoutMs, vision }), price, config };
  }
  const secret = secretFor(options, key, { ...config, provider });
  const [{ createEndpointModel }, { dialectFor }, { createTransport }] = await Promise.all([
    import('./endpoint.ts'),
    import('./dialects/choose.ts'),
    import('./wire/transport.ts'),
  ]);
  const dialect = await dialectFor(config, address);
  if (config.vision === true && dialect.pictures.length === 0)
    throw new UsageError(
      `models.${key}.vision: true, but the ${dialect.name} endpoint takes no pictures; remove it, or name the dialect of one that does`,
    );
  const endpoint = { dialect, baseUrl: address, secret, transport: createTransport(options.env) };
  return { model: createEndpointModel(config, endpoint, { contextTokens }), price, config, address };
}
