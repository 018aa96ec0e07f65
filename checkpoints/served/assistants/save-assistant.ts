/** Writes an assistant, as it is now and as a version of it. */
import type { AssistantRow } from '../../../domain/served.ts';
import type { SqlValue } from '../../sql/statement.ts';
import { run, type Transaction } from '../../sql/transaction.ts';

/** Versions kept of one assistant; older ones go, the current one never does. */
export const VERSIONS_CAP = 1000;

/** Under their columns' names. */
export const textsOf = (row: Pick<AssistantRow, 'config' | 'context' | 'metadata'>) => ({
  config: JSON.stringify(row.config),
  context: row.context === null || row.context === undefined ? null : JSON.stringify(row.context),
  metadata: JSON.stringify(row.metadata),
});

/** What a row and a version have in common, in the order of the statements below. */
function shared(row: AssistantRow): readonly SqlValue[] {
  const { config, context, metadata } = textsOf(row);
  return [row.assistantId, row.graphId, row.name, row.description, config, context, metadata, row.version];
}

/** As it is now; no version of it. */
export function* saveAssistant(row: AssistantRow): Transaction<AssistantRow> {
  yield* run(
    `INSERT INTO assistants (assistant_id, graph_id, name, description, config, context, metadata, version, tenant, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (assistant_id) DO UPDATE SET graph_id = excluded.graph_id, name = excluded.name, description = excluded.description,
       config = excluded.config, context = excluded.context, metadata = excluded.metadata, version = excluded.version, updated_at = excluded.updated_at`,
    [...shared(row), row.tenant, row.createdAt, row.updatedAt],
  );
  return row;
}

/** As it is now, and as its newest version. */
export function* saveVersion(row: AssistantRow): Transaction<AssistantRow> {
  yield* saveAssistant(row);
  yield* run(
    `INSERT INTO assistant_versions (assistant_id, graph_id, name, description, config, context, metadata, version, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [...shared(row), row.updatedAt],
  );
  yield* run('DELETE FROM assistant_versions WHERE assistant_id = $1 AND version <= $2', [row.assistantId, row.version - VERSIONS_CAP]);
  return row;
}

/** Its first version. `at` is ISO. */
export const saveNew = (row: Omit<AssistantRow, 'version' | 'createdAt' | 'updatedAt'>, at: string): Transaction<AssistantRow> =>
  saveVersion({ ...row, version: 1, createdAt: at, updatedAt: at });
