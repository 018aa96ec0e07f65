/** A list in the dossier that people add to, each entry first in the audit trail: what stands only in the file is forged. */
import { z } from 'zod';
import { StopError } from '../../domain/errors.ts';
import type { Runtime } from '../runtime.ts';

export interface RecordedList<Entry> {
  /** Oldest first. @throws StopError `STATE_TAMPERED`. */
  read(runtime: Runtime, threadId: string): Promise<Entry[]>;
  add(runtime: Runtime, threadId: string, entry: Entry): Promise<void>;
}

export function recordedList<Entry extends { readonly id: string; readonly by: string; readonly at: string }>(list: {
  readonly file: string;
  readonly kind: string;
  /** Of its audit records. */
  readonly action: string;
  readonly schema: z.ZodType<Entry>;
}): RecordedList<Entry> {
  const { file, kind, action, schema } = list;
  const read = async (runtime: Runtime, threadId: string): Promise<Entry[]> => {
    const found = await runtime.stores.dossier.read(threadId, file);
    if (found === undefined) return [];
    const envelope = await runtime.stores.dossier.readVerified(threadId, found.ref);
    const parsed = z.array(schema).safeParse(envelope.body);
    if (!parsed.success) throw new StopError('STATE_TAMPERED', `${file}: it is not a list of ${kind}`, { evidence: [file] });
    const recorded = (await runtime.stores.audit.read({ threadId })).filter((record) => record.action === action);
    const forged = parsed.data.find((entry) => !recorded.some(({ facts }) => facts?.['id'] === entry.id));
    if (forged !== undefined)
      throw new StopError('STATE_TAMPERED', `${file}: ${kind} ${forged.id} has no audit record`, { evidence: [file] });
    return parsed.data;
  };
  return {
    read,
    add: async (runtime, threadId, entry) => {
      await runtime.stores.audit.assertTail();
      const before = await read(runtime, threadId);
      await runtime.stores.audit.append({ threadId, actor: entry.by, action, facts: { ...entry } });
      await runtime.stores.dossier.writeJson(threadId, file, {
        kind,
        version: 1,
        thread_id: threadId,
        attempt: before.length + 1,
        inputs: [],
        made_by: entry.by,
        made_at: entry.at,
        body: [...before, entry],
      });
    },
  };
}
