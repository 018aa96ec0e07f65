/** The suite that `npm test` runs: under five minutes on two cores. */
import { defineConfig } from 'vitest/config';
import { AGENT_STORIES } from './vitest.agents.config.ts';
import { OVER_IMITATIONS } from './vitest.dialects.config.ts';
import { HOSTILE } from './vitest.hostile.config.ts';
import { STORIES } from './vitest.stories.config.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/chaos/**',
      'test/browser/**',
      'test/compat/**',
      'test/dialects/**',
      'test/agents/**',
      'test/repositories/**',
      ...OVER_IMITATIONS,
      ...HOSTILE,
      ...AGENT_STORIES,
      ...STORIES,
      '**/node_modules/**',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
