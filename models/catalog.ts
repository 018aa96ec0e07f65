/** What models cost and how much they can read: the configuration first, then the built-in catalogue. */
import { calcPrice, type ModelPrice, type PriceCalculation } from '@pydantic/genai-prices';
import type { Price } from '../domain/budget.ts';
import type { PriceConfig } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';

const MICRO = 1_000_000;
/** The window that is assumed when neither the configuration nor the catalogue knows it. */
export const DEFAULT_CONTEXT_TOKENS = 128_000;
const FREE: Price = { inputMicroUsdPerMillion: 0, cachedInputMicroUsdPerMillion: 0, outputMicroUsdPerMillion: 0 };

/**
 * The price of a model in micro-dollars per million tokens. Where the catalogue has steps by size, it is the dearest step
 * that a request within `windowTokens` can reach, so that a reservation stays an upper bound. Offline: the catalogue is
 * the one in the package; its updates are never asked for.
 * @throws UsageError when it is unknown and required; unknown and not required is free.
 */
export function priceOf(
  model: string,
  overrides: Readonly<Record<string, PriceConfig>>,
  options: { required: boolean; windowTokens?: number },
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
  const known = lookUp(model);
  const window = options.windowTokens ?? Number.POSITIVE_INFINITY;
  const input = known === null ? undefined : dearest(known.model_price, 'input_mtok', window);
  const output = known === null ? undefined : dearest(known.model_price, 'output_mtok', window);
  if (known === null || input === undefined || output === undefined) {
    if (!options.required) return FREE;
    throw new UsageError(
      `model ${JSON.stringify(model)}: no price is known, so limits.costUsd cannot be kept; add prices.${JSON.stringify(model)}: ` +
        '{ input: <dollars per million tokens>, output: <dollars per million tokens> } to governor.yaml, or "free" for a local model',
    );
  }
  const cacheWrite = dearest(known.model_price, 'cache_write_mtok', window);
  return {
    inputMicroUsdPerMillion: micro(input),
    cachedInputMicroUsdPerMillion: micro(dearest(known.model_price, 'cache_read_mtok', window) ?? input),
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
  const known = lookUp(model);
  if (known?.model.context_window === undefined) return DEFAULT_CONTEXT_TOKENS;
  return Math.min(known.model.context_window, ...Object.values(known.model_price).flatMap(steps));
}

function lookUp(model: string): PriceCalculation | null {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return calcPrice(usage, model, { providerId: 'openai' }) ?? calcPrice(usage, model);
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
