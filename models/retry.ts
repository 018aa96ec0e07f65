/** How often and after how long a failed model call is tried again. */
import { type ProviderError, StopError } from '../domain/errors.ts';

/** Tries of one call in all. */
export const MAX_TRIES = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** An endpoint that asks for more is not waited for: the run stops, resumable. */
export const LONGEST_RETRY_AFTER_MS = 120_000;

/** The wait before the next try: full jitter over a doubling bound, and at least what the endpoint asked for. */
export function waitBeforeRetry(fault: ProviderError, tries: number, random: () => number): number {
  const bound = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return Math.max(fault.retryAfterMs ?? 0, Math.floor(random() * bound));
}

/** The error that ends the call, or undefined when it is to be tried again. */
export function finalError(fault: ProviderError, tries: number, model: string): StopError | undefined {
  const facts = { model, tries, ...(fault.status === undefined ? {} : { status: fault.status }) };
  if (!fault.retryable) return new StopError('PROVIDER_REFUSED', `model ${model}: ${fault.message}`, { facts, cause: fault });
  const asked = fault.retryAfterMs ?? 0;
  if (asked > LONGEST_RETRY_AFTER_MS)
    return new StopError(
      'PROVIDER_UNAVAILABLE',
      `model ${model}: the endpoint asks to wait ${Math.ceil(asked / 1000)} s, more than ${LONGEST_RETRY_AFTER_MS / 1000} s: ${fault.message}`,
      { facts: { ...facts, retryAfterMs: asked }, cause: fault },
    );
  if (tries < MAX_TRIES) return undefined;
  return new StopError('PROVIDER_UNAVAILABLE', `model ${model}: ${tries} tries failed; the last: ${fault.message}`, {
    facts,
    cause: fault,
  });
}
