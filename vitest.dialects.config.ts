/** The imitations of model endpoints: their rules, the providers' own clients (a package of their own), our faults: `npm run test:dialects`. */
import { defineConfig } from 'vitest/config';

/** Ours, over the imitations: minutes, so not in `npm test`. */
export const OVER_IMITATIONS = ['test/models/dialects-faults.test.ts', 'test/story/{dialects,faults,odd-answers}.test.ts'];

export default defineConfig({
  test: {
    include: ['test/dialects/**/*.test.ts', ...OVER_IMITATIONS],
    exclude: ['**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
