/** Which models an evaluation asks: those of a `governor.yaml`, with what `--models` puts over them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, configSchema, modelSchema, type Operator } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import { ROLES, type Role } from '../../domain/roles.ts';
import { createModels } from '../../models/registry.ts';
import { secretResolver } from '../environment.ts';
import { givenText } from '../given-file.ts';
import { CONFIG_NAME } from '../start/config-file.ts';
import { parseYaml } from '../yaml-file.ts';

/** As written: what goes over `models` and `prices` of every task. */
export interface AskedModels {
  readonly models: Readonly<Record<string, unknown>>;
  readonly prices: Readonly<Record<string, unknown>>;
}

const KEYS = [...ROLES, 'lean'] as const;
const WRITE = 'write role=provider:model, such as lead=openai:gpt-5.4-mini, or provider:model for every role';

/**
 * From `configFile`, else from the `governor.yaml` of `folder`, else nothing: then a task's own models answer.
 * @throws UsageError naming the flag, or file, line and key.
 */
export function askedModels(options: { configFile?: string; folder: string; models?: string }): AskedModels {
  const beside = join(options.folder, CONFIG_NAME);
  const file = options.configFile ?? (existsSync(beside) ? beside : undefined);
  const written = file === undefined ? { models: {}, prices: {} } : writtenIn(options.configFile === undefined ? '' : '--config', file);
  return options.models === undefined ? written : { ...written, models: overridden(written.models, options.models) };
}

function writtenIn(flag: string, file: string): AskedModels {
  const { raw } = parseYaml(givenText(flag, file), file, configSchema);
  const part = (name: string): Record<string, unknown> => ({ ...Object(Object(raw)[name]) });
  return { models: part('models'), prices: part('prices') };
}

/** A role keeps what is said of its endpoint when the provider stays. */
function overridden(models: AskedModels['models'], flag: string): AskedModels['models'] {
  let next: Record<string, unknown> = { ...models };
  for (const word of flag.split(',').map((part) => part.trim())) {
    const [, role, provider = '', model = ''] = /^(?:([a-z]+)=)?([a-z]+):(.+)$/.exec(word) ?? [];
    if (model === '') throw new UsageError(`--models ${JSON.stringify(word)}: ${WRITE}`);
    if (role !== undefined && !KEYS.some((key) => key === role))
      throw new UsageError(`--models ${JSON.stringify(word)}: there is no role ${JSON.stringify(role)}; use one of ${KEYS.join(', ')}`);
    const known: Record<string, unknown> = { ...Object(next[role ?? 'lead']) };
    const { contextTokens: _window, vision: _sight, fallback: _fallback, ...endpoint } = known;
    const asked = { ...(known['provider'] === provider ? endpoint : {}), provider, model };
    const problem = modelSchema.safeParse(asked).error?.issues[0];
    if (problem !== undefined)
      throw new UsageError(`--models ${JSON.stringify(word)}: ${problem.path.join('.')}: ${problem.message}; ${WRITE}`);
    next = role === undefined ? { lead: asked } : { ...next, [role]: asked };
  }
  return next;
}

/** The configuration of a task, as its run is given it. */
export function taskConfig(rawConfig: object, { models, prices }: AskedModels): object {
  const own: { models?: unknown; prices?: unknown } = rawConfig;
  return {
    ...rawConfig,
    ...(Object.keys(models).length === 0 ? {} : { models }),
    prices: { ...Object(own.prices), ...prices },
  };
}

export interface Asked {
  /** Of each role, as `provider:model`. */
  readonly names: Record<Role, string>;
  /** False where no call can cost anything. */
  readonly paid: boolean;
}

/** Makes every model that may be asked, lean or as a fallback. @throws UsageError naming the missing key, price or model. */
export async function checkAsked(
  config: Pick<Config, 'models' | 'prices'>,
  on: { env: Readonly<Record<string, string | undefined>>; operator: Operator | undefined },
): Promise<Asked> {
  const endpoints = on.operator?.endpoints;
  const models = createModels({ config, secrets: secretResolver(on.env), env: on.env, ...(endpoints === undefined ? {} : { endpoints }) });
  const names: [string, string][] = [];
  let paid = false;
  for (const role of ROLES) {
    const usual = await models.forRole(role, false);
    const lean = await models.forRole(role, true);
    names.push([role, `${usual.config.provider}:${usual.model.model}`]);
    for (const { price } of [usual, ...usual.fallbacks, lean, ...lean.fallbacks])
      paid ||= Object.values(price).some((microUsd) => typeof microUsd === 'number' && microUsd > 0);
  }
  return { names: Object.fromEntries(names) as Asked['names'], paid }; // one for each role
}
