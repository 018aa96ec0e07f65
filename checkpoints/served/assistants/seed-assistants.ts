/** Makes the system assistants equal to the graphs that are served. */
import { canonicalJson } from '../../../domain/ids.ts';
import type { AssistantRow, SystemAssistant } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { anyAssistant } from './assistant-row.ts';
import { saveAssistant, saveNew, textsOf } from './save-assistant.ts';

type Settings = Pick<AssistantRow, 'description' | 'config' | 'context'>;

/** Others stay, so that their threads can be read. `at` is ISO. */
export function* seedAssistants(system: readonly SystemAssistant[], at: string): Transaction<void> {
  for (const { assistantId, graphId, description = null, config = {}, context = {} } of system) {
    const settings = { description, config, context };
    const found = yield* anyAssistant(assistantId);
    if (found === undefined)
      yield* saveNew({ assistantId, tenant: null, graphId, name: graphId, ...settings, metadata: { created_by: 'system' } }, at);
    else if (found.version === 1) yield* follow(found, settings, at);
  }
}

/** A first version is as the project says: nobody has changed it. */
function* follow(row: AssistantRow, said: Settings, at: string): Transaction<void> {
  const { description, config, context } = row;
  if (canonicalJson({ description, config, context }) === canonicalJson(said)) return;
  const changed = yield* saveAssistant({ ...row, ...said, updatedAt: at });
  const texts = textsOf(changed);
  yield* run('UPDATE assistant_versions SET description = $1, config = $2, context = $3 WHERE assistant_id = $4 AND version = 1', [
    changed.description,
    texts.config,
    texts.context,
    row.assistantId,
  ]);
}
