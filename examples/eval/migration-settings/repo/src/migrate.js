import { STEPS } from './migrations/steps.js';

/** Step by step to the newest version; what is newer stays as it is. */
export function migrate(settings) {
  let now = settings;
  for (let version = now.version ?? 0; version < STEPS.length; version += 1) now = STEPS[version](now);
  return now;
}
