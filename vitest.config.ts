/** The suite that `npm test` runs: under five minutes on two cores. */
import { defineConfig } from 'vitest/config';
import { OVER_IMITATIONS } from './vitest.dialects.config.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/chaos/**',
      'test/browser/**',
      'test/compat/**',
      'test/dialects/**',
      'test/agents/**',
      ...OVER_IMITATIONS,
      '**/node_modules/**',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
