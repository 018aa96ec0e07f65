/** Addresses under which feedback on a run is given: one a key, for whoever holds it, for an hour. */
import { createHash, randomBytes } from 'node:crypto';
import type { Server } from '../context.ts';

/** As long as the events of an ended run are kept, which tell the addresses. */
export const FEEDBACK_MS = 3600 * 1000;

/** What is kept of a token. */
export const tokenHashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The data of the event `feedback`: key -> address. */
export async function askFeedback(server: Server, runId: string, keys: readonly string[]): Promise<Record<string, string>> {
  const tokens = [...new Set(keys)].map((key) => ({ key, token: randomBytes(32).toString('base64url') }));
  const asked = tokens.map(({ key, token }) => ({ key, tokenHash: tokenHashOf(token) }));
  await server.served.feedback.ask(runId, asked, server.runtime.clock.now() + FEEDBACK_MS);
  const { url } = server.runtime.address;
  return Object.fromEntries(tokens.map(({ key, token }) => [key, `${url ?? ''}/feedback/tokens/${token}`]));
}
