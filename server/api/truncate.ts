/** Empties the server for conformance tests; the route exists under `GOVERNOR_TEST_MODE=1` alone. */
import { z } from 'zod';
import { assertOwnHouse } from '../caller.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json } from '../endpoint.ts';

const schema = z.strictObject({
  runs: z.boolean().optional(),
  threads: z.boolean().optional(),
  assistants: z.boolean().optional(),
  store: z.boolean().optional(),
  checkpointer: z.boolean().optional(),
});

export const testEndpoints = (server: Server): readonly Endpoint[] => [
  endpoint(
    'post',
    '/internal/truncate',
    { tag: 'test', summary: 'Delete everything (tests only)', permission: 'admin', body: schema },
    async (call) => {
      assertOwnHouse(call.caller);
      await server.house.stores.truncate(call.body);
      return json({ ok: true });
    },
  ),
];
