/** Whole runs on real repositories, from the goal to the release, through the library, the commands and the server, and what else takes long: `npm run test:stories`, minutes. */
import { defineConfig } from 'vitest/config';
import { AGENT_STORIES } from './vitest.agents.config.ts';
import { OVER_IMITATIONS } from './vitest.dialects.config.ts';
import { HOSTILE } from './vitest.hostile.config.ts';

/** But those that prove what the README promises first: they stay in `npm test`. */
export const STORIES = [
  'test/story/!(caps|approvals|evidence|redline).test.ts',
  'test/examples/*.test.ts',
  'test/cli/{commands,commands/decide,commands/eval,commands/log,commands/tell}.test.ts',
  'test/nodes/deploy/targets/merge-checkout.test.ts',
  'test/nodes/review/checks/{base-tests-cut,base-tests-named,check-inputs,listed-tests,red-lines,weakened-tests}.test.ts',
  'test/runtime/{evaluate,look/log}.test.ts',
  'test/server/api/{runs-strategies,state-history}.test.ts',
  'test/server/crons/ticker*.test.ts',
  'test/server/governed/{admit,afar-routes,answer-gate-inboxes,approval-routes-waive,edit-authors,live-sdk,routes,told-sdk}.test.ts',
  'test/server/governed/run{,-agents,-clients,-crash,-python,-remote-graph,-sdk}.test.ts',
  'test/server/protocol/{follow-thread-crash,socket/socket-session}.test.ts',
  'test/server/runs/worker-heartbeat.test.ts',
  'test/server/webhooks/webhooks-fair.test.ts',
];

export default defineConfig({
  test: {
    include: STORIES,
    exclude: [...OVER_IMITATIONS, ...HOSTILE, ...AGENT_STORIES, '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    passWithNoTests: false,
    globals: true,
    globalSetup: ['test/fresh-build.ts'],
  },
});
