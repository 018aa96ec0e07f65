/** How often and after how long a failed model call is tried again, and what it ends as. */
import { type ProviderError, StopError } from '../domain/errors.ts';
import { faultOf } from '../domain/faults.ts';

/** Tries of one call in all. */
export const MAX_TRIES = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** An endpoint that asks for more is not waited for: the run stops, resumable. */
export const LONGEST_RETRY_AFTER_MS = 120_000;

/** The wait before the next try: none where waiting changes nothing, else full jitter over a doubling bound, and at least what was asked for. */
export function waitBeforeRetry(fault: ProviderError, tries: number, random: () => number): number {
  if (faultOf(fault.fault).next === 'again' && fault.retryAfterMs === undefined) return 0;
  const bound = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return Math.max(fault.retryAfterMs ?? 0, Math.floor(random() * bound));
}

/** The error that ends the call, or undefined when it is to be tried again. All are resumable: nothing that was paid is lost. */
export function finalError(fault: ProviderError, tries: number, model: string): StopError | undefined {
  const entry = faultOf(fault.fault);
  const asked = fault.retryAfterMs ?? 0;
  const tooLong = entry.next !== 'pause' && asked > LONGEST_RETRY_AFTER_MS;
  if (entry.next !== 'pause' && !tooLong && tries < MAX_TRIES) return undefined;
  const facts = {
    model,
    tries,
    fault: fault.fault,
    ...(entry.otherModel === true ? { next: 'governor resume <thread> --model NAME' } : {}),
    ...(fault.status === undefined ? {} : { status: fault.status }),
    ...(tooLong ? { retryAfterMs: asked } : {}),
  };
  const waited = `the endpoint asks to wait ${Math.ceil(asked / 1000)} s, more than ${LONGEST_RETRY_AFTER_MS / 1000} s: `;
  const tried = tries > 1 ? `${tries} tries failed; the last: ` : '';
  const message = `model ${model}: ${tooLong ? waited : tried}${fault.message}. What helps: ${entry.help}`;
  return new StopError(entry.code, message, { facts, cause: fault });
}
