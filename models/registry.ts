/** Which model answers for which role: the configuration turned into models with prices, made when first asked for. */
import type { Role } from '../domain/access.ts';
import type { Price } from '../domain/budget.ts';
import type { Config, ModelConfig } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import type { ChatModel } from '../domain/ports.ts';
import { loadScript, type Script } from './script.ts';

export interface ChosenModel {
  readonly model: ChatModel;
  readonly price: Price;
  readonly config: ModelConfig;
}

export interface Models {
  /**
   * The lean model when `lean` and one is configured; a `model` that a person named instead of both, with the settings of the
   * configured role that has it, else of this one. @throws UsageError naming the missing key of `governor.yaml`.
   */
  forRole(role: Role, lean: boolean, model?: string): Promise<ChosenModel>;
}

export interface ModelsOptions {
  readonly config: Pick<Config, 'models' | 'prices'>;
  /** Resolves `secret://env/NAME`; undefined when it is not set. */
  readonly secrets: (reference: string) => string | undefined;
  /** The scenario behind `provider: script`. */
  readonly script?: { readonly file: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the operator allows as `baseUrl` of a repository's configuration; undefined: any. */
  readonly endpoints?: readonly string[];
}

const DEFAULT_KEY = 'secret://env/OPENAI_API_KEY';

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

/** The window is the other model's own; what else a role says of its endpoint stays. */
function namedConfig(models: Config['models'], usual: { key: string; config: ModelConfig }, model: string) {
  const known = Object.entries(models).find(([, config]) => config?.model === model);
  if (known?.[1] !== undefined) return { key: known[0], config: known[1] };
  const { contextTokens: _window, ...config } = usual.config;
  return { key: usual.key, config: { ...config, model } };
}

async function make(
  options: ModelsOptions,
  key: string,
  config: ModelConfig,
  scriptOf: (key: string) => Promise<Script>,
): Promise<ChosenModel> {
  const { contextTokensOf, priceOf } = await import('./catalog.ts');
  const contextTokens = contextTokensOf(config.model, config.contextTokens);
  const price = priceOf(config.model, options.config.prices, { required: true, windowTokens: contextTokens });
  switch (config.provider) {
    case 'script': {
      const { createScriptedModel } = await import('./scripted.ts');
      const script = await scriptOf(key);
      return { model: createScriptedModel({ script, model: config.model, contextTokens, timeoutMs: config.timeout }), price, config };
    }
    case 'openai': {
      const { createOpenAiModel, OPENAI_BASE_URL } = await import('./openai.ts');
      const baseUrl = config.baseUrl ?? (options.env['OPENAI_BASE_URL'] || OPENAI_BASE_URL);
      const secret = secretOf(options, key, config, trustOf(options, key, config.baseUrl, OPENAI_BASE_URL));
      return { model: createOpenAiModel(config, secret, { baseUrl, contextTokens }), price, config };
    }
    default:
      return config.provider satisfies never;
  }
}

type Trust = 'public' | 'operator' | 'repository';

/** Whose endpoint is it? A repository may name one only where the operator's list, if there is one, has it. */
function trustOf(options: ModelsOptions, key: string, baseUrl: string | undefined, publicUrl: string): Trust {
  if (baseUrl === undefined) return options.env['OPENAI_BASE_URL'] ? 'operator' : 'public';
  if (baseUrl === publicUrl) return 'public';
  if (baseUrl === options.env['OPENAI_BASE_URL']) return 'operator';
  if (options.endpoints === undefined) return 'repository';
  if (options.endpoints.some((allowed) => isUnder(baseUrl, allowed))) return 'operator';
  throw new UsageError(
    `models.${key}.baseUrl: ${baseUrl} is not under any of the endpoints that operator.yaml allows (${options.endpoints.join(', ') || 'none'})`,
  );
}

function isUnder(url: string, allowed: string): boolean {
  const [one, other] = [new URL(url), new URL(allowed)];
  const folder = other.pathname.endsWith('/') ? other.pathname : `${other.pathname}/`;
  return one.origin === other.origin && one.username === '' && (one.pathname === other.pathname || one.pathname.startsWith(folder));
}

/**
 * The key a model is asked with. The operator's own key never goes to an endpoint that only a repository names: that one gets
 * the key it names, or none. A key that is named but not set is an error.
 */
function secretOf(options: ModelsOptions, key: string, config: ModelConfig, trust: Trust): string | undefined {
  if (config.apiKey === undefined && trust === 'repository') return undefined;
  const secret = options.secrets(config.apiKey ?? DEFAULT_KEY);
  if (secret !== undefined && secret !== '') return secret;
  if (config.apiKey !== undefined) throw new UsageError(`models.${key}.apiKey: ${config.apiKey} is not set`);
  if (trust === 'operator') return undefined;
  throw new UsageError(
    `models.${key}: OPENAI_API_KEY is not set; set it, name another key in models.${key}.apiKey, or set models.${key}.baseUrl for a local endpoint`,
  );
}
