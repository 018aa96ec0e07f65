/** Deterministic agents against the shipped evaluation: `npm run test:agents`, minutes not seconds. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/agents/**/*.test.ts'],
    testTimeout: 10 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
