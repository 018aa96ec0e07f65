/** The providers' own clients, from a package of their own, against our imitations of their endpoints: `npm run test:dialects`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/dialects/clients/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    globals: true,
  },
});
