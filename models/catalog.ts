/** What models cost and how much they can read: the configuration first, then the built-in catalogue. */
import { calcPrice, type ModelPrice, type PriceCalculation, waitForUpdate } from '@pydantic/genai-prices';
import type { Price } from '../domain/budget.ts';
import type { PriceConfig } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/ids.ts';

const MICRO = 1_000_000;
/** The window that is assumed when neither the configuration nor the catalogue knows it. */
export const DEFAULT_CONTEXT_TOKENS = 128_000;
const ONE_EACH = { input_tokens: 1, output_tokens: 1 };
const FREE: Price = { inputMicroUsdPerMillion: 0, cachedInputMicroUsdPerMillion: 0, outputMicroUsdPerMillion: 0 };

/**
 * The price of a model in micro-dollars per million tokens. Where the catalogue has steps by size, it is the dearest step
 * that a request within `windowTokens` can reach, so that a reservation stays an upper bound. `address` tells whose price it is
 * where several sell the same model. Offline: the catalogue is
 * the one in the package; its updates are never asked for.
 * @throws UsageError when it is unknown and required; unknown and not required is free.
 */
export function priceOf(
  model: string,
  overrides: Readonly<Record<string, PriceConfig>>,
  options: { required: boolean; windowTokens?: number; address?: string | undefined },
): Price {
  const override = Object.hasOwn(overrides, model) ? overrides[model] : undefined;
  if (override === 'free') return FREE;
  if (override !== undefined) {
    return {
      inputMicroUsdPerMillion: micro(override.input),
      cachedInputMicroUsdPerMillion: micro(override.cachedInput ?? override.input),
      ...(override.cacheWrite === undefined ? {} : { cacheWriteMicroUsdPerMillion: micro(override.cacheWrite) }),
      outputMicroUsdPerMillion: micro(override.output),
    };
  }
  const known = lookUp(model, options.address);
  const price = known === null ? undefined : catalogued(known, options.windowTokens);
  if (price !== undefined) return price;
  if (!options.required) return FREE;
  throw new UsageError(
    `model ${JSON.stringify(model)}: no price is known, so limits.costUsd cannot be kept; add prices.${JSON.stringify(model)}: ` +
      '{ input: <dollars per million tokens>, output: <dollars per million tokens> } to governor.yaml, or "free" for a local model',
  );
}

/**
 * Why a price may be another one: the catalogue does not know who stands behind the address, so the name alone decided, and others
 * sell the same name at other prices. Undefined where the price is configured, where the address's own price is known, and where
 * all take the same.
 */
export async function priceDoubt(
  model: string,
  overrides: Readonly<Record<string, PriceConfig>>,
  options: { address: string; windowTokens?: number },
): Promise<string | undefined> {
  if (Object.hasOwn(overrides, model) || calcPrice(ONE_EACH, model, { providerApiUrl: options.address }) !== null) return undefined;
  const known = lookUp(model, undefined);
  const taken = known === null ? undefined : catalogued(known, options.windowTokens);
  if (known === null || taken === undefined) return undefined;
  const others = ((await waitForUpdate()) ?? []).flatMap((provider) => {
    const sold = calcPrice(ONE_EACH, model, { provider });
    const price = sold === null ? undefined : catalogued(sold, options.windowTokens);
    return price === undefined || canonicalJson(price) === canonicalJson(taken) ? [] : [`${provider.id} ${words(price)}`];
  });
  if (others.length === 0) return undefined;
  return (
    `the price of ${JSON.stringify(model)} is that of ${known.provider.id} (${words(taken)}), found by the model's name alone; others sell it at ` +
    `other prices: ${others.slice(0, OTHERS_TOLD).join(', ')}. If ${options.address} takes another, the limits are not kept: add ` +
    `prices.${JSON.stringify(model)}: { input: <dollars per million tokens>, output: <dollars per million tokens> } to governor.yaml`
  );
}

/** How many other prices are told. */
const OTHERS_TOLD = 4;

const words = ({ inputMicroUsdPerMillion, outputMicroUsdPerMillion }: Price): string =>
  `$${inputMicroUsdPerMillion / MICRO} in, $${outputMicroUsdPerMillion / MICRO} out`;

function catalogued({ model_price: prices }: PriceCalculation, windowTokens = Number.POSITIVE_INFINITY): Price | undefined {
  const input = dearest(prices, 'input_mtok', windowTokens);
  const output = dearest(prices, 'output_mtok', windowTokens);
  const cacheWrite = dearest(prices, 'cache_write_mtok', windowTokens);
  if (input === undefined || output === undefined) return undefined;
  return {
    inputMicroUsdPerMillion: micro(input),
    cachedInputMicroUsdPerMillion: micro(dearest(prices, 'cache_read_mtok', windowTokens) ?? input),
    ...(cacheWrite === undefined ? {} : { cacheWriteMicroUsdPerMillion: micro(cacheWrite) }),
    outputMicroUsdPerMillion: micro(output),
  };
}

/**
 * The window of a model in tokens: configured, else the catalogue's, else 128 000. The catalogue's is cut at the first
 * step of a price by size, so that nobody pays the dearer step without having asked for the larger window.
 */
export function contextTokensOf(model: string, configured: number | undefined): number {
  if (configured !== undefined) return configured;
  const known = lookUp(model, undefined);
  if (known?.model.context_window === undefined) return DEFAULT_CONTEXT_TOKENS;
  return Math.min(known.model.context_window, ...Object.values(known.model_price).flatMap(steps));
}

/** By who stands behind the address, else as OpenAI's, else by the name alone. */
function lookUp(model: string, address: string | undefined): PriceCalculation | null {
  const own = address === undefined ? null : calcPrice(ONE_EACH, model, { providerApiUrl: address });
  return own ?? calcPrice(ONE_EACH, model, { providerId: 'openai' }) ?? calcPrice(ONE_EACH, model);
}

function dearest(prices: ModelPrice, key: string, windowTokens: number): number | undefined {
  const price = Object.hasOwn(prices, key) ? prices[key] : undefined;
  if (price === undefined || typeof price === 'number') return price;
  return Math.max(price.base, ...price.tiers.filter((tier) => tier.start < windowTokens).map((tier) => tier.price));
}

function steps(price: ModelPrice[string]): number[] {
  return price === undefined || typeof price === 'number' ? [] : price.tiers.map((tier) => tier.start).filter((start) => start > 0);
}

/** Rounded up, so that no rounding falls below the true price. */
function micro(dollars: number): number {
  const exact = dollars * MICRO;
  return Math.abs(exact - Math.round(exact)) < 1e-3 ? Math.round(exact) : Math.ceil(exact);
}
