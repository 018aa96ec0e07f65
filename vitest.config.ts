/** Any file of any suite by its name: `npx vitest run test/story/caps.test.ts`. The suites have configurations of their own. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 10 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
