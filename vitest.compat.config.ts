/** The official dev server, from a package of its own, over our graphs: `npm run test:compat`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/compat/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
