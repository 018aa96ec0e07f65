/** Pages in real Chromium, with React and its driver from a package of their own: `npm run test:browser`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
