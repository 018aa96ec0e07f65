/** What a model call may cost at worst, what it did cost, and how far its output limit must come down to be payable. */
import { type Amounts, believable, costOf, type Price, type Refusal, type Usage, worstCaseOf, ZERO } from '../domain/budget.ts';
import type { ChatAnswer } from '../domain/ports.ts';

/** Below this an answer is of no use. */
export const LEAST_OUTPUT_TOKENS = 256;
/** A report above this is a defect of the endpoint; clamped so that every sum stays a safe integer. */
const MAX_REPORTED_TOKENS = 1_000_000_000;

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
    tokens = Math.floor((left * 1_000_000 - inputTokens * price.inputMicroUsdPerMillion) / price.outputMicroUsdPerMillion);
  else return undefined;
  return tokens >= LEAST_OUTPUT_TOKENS && tokens < maxOutputTokens ? tokens : undefined;
}

/**
 * The usage to book: the report where it can be believed, else what was reserved. The bytes of an answer would be no estimate: a
 * model that reasons is billed for tokens that nobody sees.
 */
export function usageOf(answer: ChatAnswer, reserved: Amounts): Usage {
  const usage = believable(answer.usage, {
    inputTokens: reserved.inputTokens,
    outputTokens: reserved.outputTokens,
    cachedInputTokens: 0,
  });
  const clamp = (tokens: number): number => Math.min(tokens, MAX_REPORTED_TOKENS);
  return {
    inputTokens: clamp(usage.inputTokens),
    outputTokens: clamp(usage.outputTokens),
    cachedInputTokens: clamp(usage.cachedInputTokens),
  };
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
