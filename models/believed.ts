/** Which part of a usage report is booked: what cannot be true is replaced by what was reserved, and told. */
import { type Amounts, dearestInputOf, type Price, type Usage } from '../domain/budget.ts';

/** A report above this is a defect of the endpoint; clamped so that every sum stays a safe integer. */
const MAX_REPORTED_TOKENS = 1_000_000_000;

/** What cannot be true: no number at all (null), or fewer tokens than there were. */
export interface Lie {
  readonly of: 'input' | 'output' | 'cache';
  readonly reported: number | null;
  readonly least: number;
}

export interface Believed {
  readonly usage: Usage;
  readonly lies: readonly Lie[];
}

/**
 * A report is believed where it is a positive whole number, not below what was asked and answered, and its parts are no more
 * than the whole (`docs/contract.md`, "What a model sees"). The estimate is the reservation, not the bytes of an answer: a model
 * that reasons is billed for tokens that nobody sees.
 */
export function believed(
  reported: Partial<Usage> | undefined,
  price: Price,
  { reserved, least }: { reserved: Amounts; least: { readonly input: number; readonly output: number } },
): Believed {
  const lies: Lie[] = [];
  const judge = (of: 'input' | 'output', value: number | undefined, atLeast: number): number | undefined => {
    if (isWhole(value) && value > 0 && value >= atLeast) return Math.min(value, MAX_REPORTED_TOKENS);
    lies.push({ of, reported: value === undefined || Number.isNaN(value) ? null : value, least: Math.max(1, atLeast) });
    return undefined;
  };
  const input = judge('input', reported?.inputTokens, least.input);
  const outputTokens = judge('output', reported?.outputTokens, least.output) ?? reserved.outputTokens;
  // A damaged report may lack its parts too: whatever is left of it gets no discount.
  if (input === undefined || lies.length > 0)
    return { usage: { ...dearestInput(price, input ?? reserved.inputTokens), outputTokens }, lies };
  const cached = isWhole(reported?.cachedInputTokens) ? reported.cachedInputTokens : 0;
  const written = writtenOf(reported?.cacheWriteTokens, price, input - cached);
  if (cached + (written ?? 0) > input) {
    // Counts that leave the cached part out come like this: the whole is not known then.
    lies.push({ of: 'cache', reported: cached + (written ?? 0), least: input });
    return { usage: { ...dearestInput(price, reserved.inputTokens), outputTokens }, lies };
  }
  const parts = written === undefined ? {} : { cacheWriteTokens: written };
  return { usage: { inputTokens: input, outputTokens, cachedInputTokens: cached, ...parts }, lies };
}

const isWhole = (value: number | undefined): value is number => Number.isSafeInteger(value) && (value ?? -1) >= 0;

/** What is no number stands for all that was not read from the cache, where a write is the dearer. */
function writtenOf(reported: number | undefined, price: Price, uncached: number): number | undefined {
  if (reported === undefined || isWhole(reported)) return reported;
  return (price.cacheWriteMicroUsdPerMillion ?? 0) > price.inputMicroUsdPerMillion ? Math.max(0, uncached) : undefined;
}

/** Input of which nothing is known is booked at the dearest of its prices, as it was reserved. */
function dearestInput(price: Price, inputTokens: number): Omit<Usage, 'outputTokens'> {
  const dearest = dearestInputOf(price);
  if (dearest === price.inputMicroUsdPerMillion) return { inputTokens, cachedInputTokens: 0 };
  if (dearest === price.cachedInputMicroUsdPerMillion) return { inputTokens, cachedInputTokens: inputTokens };
  return { inputTokens, cachedInputTokens: 0, cacheWriteTokens: inputTokens };
}
