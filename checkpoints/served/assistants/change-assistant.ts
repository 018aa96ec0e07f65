/** Makes, changes and deletes assistants; each change is a new version. */
import { type AssistantPatch, type AssistantRow, type Assistants, type Scope, ServedError } from '../../../domain/served.ts';
import { one, run, type Transaction } from '../../sql/transaction.ts';
import { anyAssistant, findAssistant, needAssistant, needChangeable } from './assistant-row.ts';
import { saveNew, saveVersion } from './save-assistant.ts';

type NewAssistant = Parameters<Assistants['create']>[1];

/** `at` is ISO. @throws ServedError `conflict`. */
export function* createAssistant(
  scope: Scope,
  assistant: NewAssistant,
  ifExists: 'raise' | 'do_nothing',
  at: string,
): Transaction<AssistantRow> {
  if ((yield* anyAssistant(assistant.assistantId)) === undefined) return yield* saveNew({ ...assistant, tenant: scope.tenant }, at);
  const found = yield* findAssistant(scope, assistant.assistantId);
  if (found === undefined || ifExists === 'raise') throw new ServedError('conflict', `assistant ${assistant.assistantId}: exists already`);
  return found;
}

/** `at` is ISO. @throws ServedError `missing`; `conflict` for a system assistant's graph. */
export function* patchAssistant(scope: Scope, id: string, patch: AssistantPatch, at: string): Transaction<AssistantRow> {
  const row = yield* needChangeable(scope, id);
  if (row.tenant === null && patch.graphId !== undefined && patch.graphId !== row.graphId)
    throw new ServedError('conflict', `assistant ${id}: is the system's own for graph "${row.graphId}"; its graph cannot be changed`);
  const newest = yield* one<{ last: number }>('SELECT MAX(version) AS last FROM assistant_versions WHERE assistant_id = $1', [id]);
  // Its first version was saved with it.
  return yield* saveVersion({ ...row, ...changes(row, patch), version: (newest?.last ?? 0) + 1, updatedAt: at });
}

/** @throws ServedError `missing`; `conflict` for a system assistant. */
export function* deleteAssistant(scope: Scope, id: string): Transaction<void> {
  const row = yield* needAssistant(scope, id);
  if (row.tenant === null)
    throw new ServedError('conflict', `assistant ${id}: is the system's own; remove graph "${row.graphId}" from langgraph.json`);
  yield* run('DELETE FROM assistants WHERE assistant_id = $1', [id]);
  yield* run('DELETE FROM assistant_versions WHERE assistant_id = $1', [id]);
}

/** Metadata is merged, everything else replaced. */
function changes(row: AssistantRow, patch: AssistantPatch): Partial<AssistantRow> {
  return {
    ...(patch.graphId === undefined ? {} : { graphId: patch.graphId }),
    ...(patch.name === undefined ? {} : { name: patch.name }),
    ...(patch.description === undefined ? {} : { description: patch.description }),
    ...(patch.config === undefined ? {} : { config: patch.config }),
    ...(patch.context === undefined ? {} : { context: patch.context }),
    ...(patch.metadata === undefined ? {} : { metadata: { ...row.metadata, ...patch.metadata } }),
  };
}
