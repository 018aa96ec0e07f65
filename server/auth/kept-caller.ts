/** A caller that is kept, to be known again when nobody is there to send a credential: for what a cron does later. */
import { z } from 'zod';
import { PERSON_ROLES } from '../../domain/access.ts';
import type { Json } from '../../domain/served.ts';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';

const keptSchema = z.strictObject({
  id: z.string(),
  roles: z.array(z.enum(PERSON_ROLES)),
  method: z.enum(['local', 'key', 'jwt', 'custom']),
  tenant: z.string(),
  graphs: z.array(z.string()).optional(),
  keyId: z.string().optional(),
  user: z.record(z.string(), z.unknown()).optional(),
});
export type KeptCaller = z.output<typeof keptSchema>;

/** What is stored; shown to nobody, since a project's own auth may put tokens into its user. @throws Problem 403 for a caller that nothing proves. */
export function keptOf({ person, tenant, graphs, keyId, user }: Caller): Json {
  const kept = keptSchema.safeParse({
    id: person.id,
    roles: person.roles,
    method: person.method,
    tenant,
    ...(graphs === undefined ? {} : { graphs }),
    ...(keyId === undefined ? {} : { keyId }),
    ...(user === undefined ? {} : { user }),
  });
  if (kept.success) return kept.data;
  throw new Problem(403, `${person.id}: came by ${person.method}, which cannot be asked again later; come with a key or a token`);
}

/** @throws Error for what `keptOf` did not write. */
export const keptCallerIn = (stored: Json): KeptCaller => keptSchema.parse(stored);
