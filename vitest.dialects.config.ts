/** The imitations of model endpoints: their rules, the providers' own clients (a package of their own), our faults: `npm run test:dialects`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/dialects/**/*.test.ts', 'test/models/dialect-faults.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globals: true,
  },
});
