/** The suite that kills and restarts whole runs: `npm run test:chaos`, minutes not seconds. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/chaos/**/*.test.ts'],
    testTimeout: 15 * 60_000,
    hookTimeout: 15 * 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
