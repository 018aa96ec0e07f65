/** `forks.json` in the dossier: where people set a thread back to an earlier checkpoint. */
import { z } from 'zod';
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
