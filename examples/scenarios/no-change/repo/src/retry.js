/** Tries again after a failure. The waiting comes in from outside, so that tests need no clock. */
import { delayMs } from './backoff.js';

export async function retry(work, { attempts, wait }) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts) throw error;
      await wait(delayMs(attempt));
    }
  }
}
