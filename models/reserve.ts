/** What a model call may cost at worst, what it did cost, and how far its output limit must come down to be payable. */
import { type Amounts, costOf, dearestInputOf, type Price, type Refusal, type Usage, worstCaseOf, ZERO } from '../domain/budget.ts';

/** Below this an answer is of no use. */
export const LEAST_OUTPUT_TOKENS = 256;

/** The worst case of one call. */
export function reservationOf(price: Price, inputTokens: number, maxOutputTokens: number): Amounts {
  return {
    ...ZERO,
    costMicroUsd: worstCaseOf(price, inputTokens, maxOutputTokens),
    inputTokens,
    outputTokens: maxOutputTokens,
    modelCalls: 1,
  };
}

/** The largest output limit that the refusing cap can still pay; undefined when it is none of use, or another cap. */
export function payableOutput(refusal: Refusal, price: Price, inputTokens: number, maxOutputTokens: number): number | undefined {
  const left = refusal.limit - refusal.used;
  let tokens: number;
  if (refusal.cap === 'tokens') tokens = left - inputTokens;
  else if (refusal.cap === 'costMicroUsd' && price.outputMicroUsdPerMillion > 0)
    tokens = Math.floor((left * 1_000_000 - inputTokens * dearestInputOf(price)) / price.outputMicroUsdPerMillion);
  else return undefined;
  return tokens >= LEAST_OUTPUT_TOKENS && tokens < maxOutputTokens ? tokens : undefined;
}

export function actualOf(price: Price, usage: Usage): Amounts {
  return {
    ...ZERO,
    costMicroUsd: costOf(price, usage),
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    modelCalls: 1,
  };
}

export function exceeds(actual: Amounts, reserved: Amounts): boolean {
  return (
    actual.costMicroUsd > reserved.costMicroUsd || actual.inputTokens > reserved.inputTokens || actual.outputTokens > reserved.outputTokens
  );
}
