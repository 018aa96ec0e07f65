/** Whole runs under crashes, power cuts, damage, races and attacks: `npm run test:hostile`, minutes. */
import { defineConfig } from 'vitest/config';

export const HOSTILE = [
  'test/story/{appeal-crash,attack,crash,damage,drift,exploits,forged,power-cut,races,tell-crash}.test.ts',
  'test/nodes/review/rules-flood.test.ts',
  'test/server/{auth/local-user-attack,runs/worker-durable}.test.ts',
  'test/tools/sandbox-attack.test.ts',
];

export default defineConfig({
  test: {
    include: HOSTILE,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
