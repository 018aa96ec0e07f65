/** Agents at work: against the shipped evaluation, in long runs, in swarms and as recorded: `npm run test:agents`, minutes. */
import { defineConfig } from 'vitest/config';

export const AGENT_STORIES = ['test/story/{answers,context,long-run,swarm,traces}.test.ts'];

export default defineConfig({
  test: {
    include: ['test/agents/**/*.test.ts', ...AGENT_STORIES],
    testTimeout: 10 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
