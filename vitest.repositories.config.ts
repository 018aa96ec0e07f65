/** Releases on odd repositories, each held against plain git byte for byte: `npm run test:repositories`, minutes. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/repositories/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
