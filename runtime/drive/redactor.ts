/** Masks what this home knows to be secret, beside the well-known shapes of keys. */
import type { Config } from '../../domain/config.ts';
import { PROVIDERS } from '../../models/provider.ts';
import { createRedactor } from '../../tools/redact.ts';
import { secretResolver } from '../environment.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Named = Pick<Config, 'models'> | undefined;

export const redactorOf = (env: Env, config: Named): ((text: string) => string) => createRedactor(knownSecrets(env, config));

/** The keys of the usual providers, and those that the configuration names. */
export function knownSecrets(env: Env, config: Named): string[] {
  const models = Object.values(config?.models ?? {});
  const named = models.flatMap((model) => [model?.apiKey, ...(model?.fallback ?? []).map((one) => one.apiKey)]);
  const usual = Object.values(PROVIDERS).flatMap(({ keys }) => keys.map((name) => `secret://env/${name}`));
  const resolve = secretResolver(env);
  const values = [...usual, ...named].map((reference) => (reference === undefined ? undefined : resolve(reference)?.trim()));
  return [...new Set(values.filter((value): value is string => value !== undefined && value.length >= 8))];
}
