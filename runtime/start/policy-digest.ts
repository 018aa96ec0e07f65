/** The digest of the rules that a run was started under, taken of what a person wrote: a default that comes later changes nothing. */
import { z } from 'zod';
import { digestOf } from '../../domain/ids.ts';
import type { RequestBody } from '../../nodes/session.ts';

/**
 * Raised by hand when a key that is written under `checks`, `protect`, `protectFrom`, `deny`, `scope` or `release` comes to mean something else; a new
 * key with a default does not. `PIPELINE_VERSION` is raised with it, so that a waiting run asks a person before it goes on.
 */
export const POLICY_VERSION = 1;

const rules = z.looseObject({
  patterns: z.unknown().optional(),
  checks: z.unknown().optional(),
  protect: z.unknown().optional(),
  protectDefaults: z.unknown().optional(),
  protectFrom: z.unknown().optional(),
  deny: z.unknown().optional(),
  scope: z.unknown().optional(),
  release: z.unknown().optional(),
});

/** Digest of what a review and an approval stand on. `raw`: the configuration as it was written. */
export function policyDigest(raw: unknown, version: number = POLICY_VERSION): string {
  const { patterns, checks, protect, protectDefaults, protectFrom, deny, scope, release } = rules.parse(raw);
  return digestOf({ version, written: { patterns, checks, protect, protectDefaults, protectFrom, deny, scope, release } });
}

/**
 * True when the request's policy digest is the one that the run was created with. Up to 0.1.0 it was taken of parsed values, which no
 * later build can parse again; those requests have no `policy_version`, and `recorded`, the facts of the audit trail, vouches for them.
 */
export async function policyHolds(
  request: Pick<RequestBody, 'config' | 'policy_digest' | 'policy_version'>,
  recorded: () => Promise<Readonly<Record<string, unknown>> | undefined>,
): Promise<boolean> {
  const { policy_version: version, policy_digest: digest } = request;
  if (version !== undefined) return policyDigest(request.config, version) === digest;
  const facts = await recorded();
  // A process that died between the run's row and its first record left none; the row's digest of the whole configuration stands.
  if (facts === undefined) return true;
  return facts['policy'] === digest && facts['policy_version'] === undefined;
}
