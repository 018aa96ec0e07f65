/** Empties the server for conformance tests; the route exists under `GOVERNOR_TEST_MODE=1` alone. */
import { z } from 'zod';
import { assertDefaultTenant } from '../auth/caller.ts';
import type { Server } from '../context.ts';
import { type Endpoint, endpoint, json } from '../http/endpoint.ts';

const schema = z.strictObject({
  runs: z.boolean().optional(),
  threads: z.boolean().optional(),
  assistants: z.boolean().optional(),
  store: z.boolean().optional(),
  checkpointer: z.boolean().optional(),
  /** The official tests' word for it. */
  checkpoint: z.boolean().optional(),
});

/** The official tests bring no credential, also to a server with auth: on loopback none is asked for. */
export const testEndpoints = (server: Server, loopback: boolean): readonly Endpoint[] => [
  endpoint(
    'post',
    '/internal/truncate',
    { tag: 'test', summary: 'Delete everything (tests only)', permission: loopback ? 'public' : 'admin', body: schema },
    async (call) => {
      if (!loopback) assertDefaultTenant(call.caller);
      const { checkpoint, ...parts } = call.body;
      await server.runtime.stores.truncate({ ...parts, checkpointer: parts.checkpointer === true || checkpoint === true });
      return json({ ok: true });
    },
  ),
];
