/** Where a provider's requests go and with whose key: the configuration, the environment, and whom each of them may name. */
import type { ModelConfig } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import { plainAddress } from './wire/address.ts';

/** Where requests go when nothing else is said, and the variables that say something else: the ones of each provider's own clients. */
export const PROVIDERS = {
  openai: { baseUrl: 'https://api.openai.com/v1', addresses: ['OPENAI_BASE_URL'], keys: ['OPENAI_API_KEY'] },
  anthropic: { baseUrl: 'https://api.anthropic.com', addresses: ['ANTHROPIC_BASE_URL'], keys: ['ANTHROPIC_API_KEY'] },
  google: {
    baseUrl: 'https://generativelanguage.googleapis.com',
    addresses: ['GOOGLE_GEMINI_BASE_URL'],
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  },
} as const;

type Provider = keyof typeof PROVIDERS;

export interface ProviderOptions {
  /** Resolves `secret://env/NAME`; undefined when it is not set. */
  readonly secrets: (reference: string) => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the operator allows as `baseUrl` of a repository's configuration; undefined: any. */
  readonly endpoints?: readonly string[];
}

type Provided = ModelConfig & { readonly provider: Provider };

/** @param key the place in `models`, for messages. @throws UsageError naming it when it is no address. */
export function addressOf(options: ProviderOptions, key: string, config: Provided): string {
  if (config.baseUrl !== undefined) return plainAddress(config.baseUrl, `models.${key}.baseUrl`);
  return operatorsAddress(options, config.provider) ?? PROVIDERS[config.provider].baseUrl;
}

function operatorsAddress({ env }: ProviderOptions, provider: Provider): string | undefined {
  const variable = PROVIDERS[provider].addresses.find((name) => env[name]);
  return variable === undefined ? undefined : plainAddress(env[variable] ?? '', variable);
}

/** The key that goes to a model's address, if any. @throws UsageError naming the place in `models` when it must not or cannot be used. */
export function secretFor(options: ProviderOptions, key: string, config: Provided): string | undefined {
  const own = config.baseUrl === undefined ? undefined : addressOf(options, key, config);
  const known = { publicUrl: PROVIDERS[config.provider].baseUrl, operator: operatorsAddress(options, config.provider) };
  return secretOf(options, key, config, trustOf(options, key, own, known));
}

type Trust = 'public' | 'operator' | 'repository';

/** Whose endpoint is it? A repository may name one only where the operator's list, if there is one, has it. */
function trustOf(
  options: ProviderOptions,
  key: string,
  baseUrl: string | undefined,
  known: { publicUrl: string; operator: string | undefined },
): Trust {
  if (baseUrl === undefined) return known.operator === undefined ? 'public' : 'operator';
  if (baseUrl === known.publicUrl) return 'public';
  if (baseUrl === known.operator) return 'operator';
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
function secretOf(options: ProviderOptions, key: string, config: Provided, trust: Trust): string | undefined {
  if (config.apiKey === undefined && trust === 'repository') return undefined;
  const { keys } = PROVIDERS[config.provider];
  const references = config.apiKey === undefined ? keys.map((name) => `secret://env/${name}`) : [config.apiKey];
  const secret = references.map((reference) => options.secrets(reference)?.trim()).find((value) => value !== undefined && value !== '');
  if (secret !== undefined) {
    // A typographic quote, a line end in the middle: such a header cannot be sent at all.
    if (/[^\x20-\x7e]/.test(secret))
      throw new UsageError(
        `models.${key}: the key from ${config.apiKey ?? keys.join(' or ')} holds characters that no key has; copy it again`,
      );
    return secret;
  }
  if (config.apiKey !== undefined) throw new UsageError(`models.${key}.apiKey: ${config.apiKey} is not set`);
  if (trust === 'operator') return undefined;
  throw new UsageError(
    `models.${key}: ${keys.join(' or ')} is not set; set it, name another key in models.${key}.apiKey, or set models.${key}.baseUrl for a local endpoint`,
  );
}
