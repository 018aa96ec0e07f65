/** `forks.json` in the dossier: where people set a thread back to an earlier checkpoint. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Runtime } from '../runtime.ts';
import { recordedList } from './recorded-list.ts';

const forkSchema = z.strictObject({
  id: z.string(),
  by: z.string(),
  at: z.string(),
  /** Where it goes on from. */
  checkpoint: z.string(),
});

export const forkList = recordedList<z.infer<typeof forkSchema>>({
  file: 'forks.json',
  kind: 'forks',
  action: 'run-forked',
  schema: forkSchema,
});

/** Once it is set back; under the lease of who did it. */
export function recordFork(runtime: Runtime, threadId: string, checkpoint: string): Promise<void> {
  const at = new Date(runtime.clock.now()).toISOString();
  return forkList.add(runtime, threadId, { id: randomUUID(), by: runtime.person.id, at, checkpoint });
}
