/** The suite that `npm test` runs: under five minutes on two cores. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/chaos/**', 'test/browser/**', 'test/compat/**', '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than the cores: half of the time a story waits for a process, a lease or a timer.
    maxWorkers: 3,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
