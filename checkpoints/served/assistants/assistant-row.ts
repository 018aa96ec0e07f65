/** An assistant as it stands in its row, and who may see and change it. */
import { type AssistantRow, DEFAULT_TENANT, type Json, type Scope, ServedError } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { type Conditions, conditions } from '../conditions.ts';

export interface Row {
  assistant_id: string;
  tenant: string | null;
  graph_id: string;
  name: string;
  description: string | null;
  config: string;
  context: string | null;
  metadata: string;
  version: number;
  created_at: string;
  updated_at: string;
}

// The JSON columns were written by the files beside this one.
export const rowOf = (row: Row): AssistantRow => ({
  assistantId: row.assistant_id,
  tenant: row.tenant,
  graphId: row.graph_id,
  name: row.name,
  description: row.description,
  config: JSON.parse(row.config) as Json, // as said above
  context: row.context === null ? null : JSON.parse(row.context),
  metadata: JSON.parse(row.metadata) as Json, // as said above
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** A system assistant has no tenant and no owner: everybody sees it, whatever the filters say. */
export function addSight(asked: Conditions, { tenant, filters }: Scope): void {
  if (filters === undefined) asked.add('(tenant IS NULL OR tenant = ?)', tenant);
  else asked.add('(tenant IS NULL OR (tenant = ? AND json_allowed(metadata, ?) = 1))', tenant, JSON.stringify(filters));
}

export function* findAssistant(scope: Scope, id: string): Transaction<AssistantRow | undefined> {
  const asked = conditions();
  asked.add('assistant_id = ?', id);
  addSight(asked, scope);
  const row = yield* one<Row>(`SELECT * FROM assistants WHERE ${asked.where.join(' AND ')}`, asked.parameters);
  return row === undefined ? undefined : rowOf(row);
}

/** Whoever may see it. */
export function* anyAssistant(id: string): Transaction<AssistantRow | undefined> {
  const row = yield* one<Row>('SELECT * FROM assistants WHERE assistant_id = $1', [id]);
  return row === undefined ? undefined : rowOf(row);
}

/** @throws ServedError `missing`. */
export function* needAssistant(scope: Scope, id: string): Transaction<AssistantRow> {
  const row = yield* findAssistant(scope, id);
  if (row === undefined) throw new ServedError('missing', `assistant ${id}: there is no such assistant`);
  return row;
}

/** @throws ServedError `missing`; `conflict` for a system assistant in a scope that may not change it. */
export function* needChangeable(scope: Scope, id: string): Transaction<AssistantRow> {
  const row = yield* needAssistant(scope, id);
  // All tenants share it; only the operator's own tenant, in full sight of its rows, may change what they all get.
  if (row.tenant === null && (scope.tenant !== DEFAULT_TENANT || scope.filters !== undefined))
    throw new ServedError('conflict', `assistant ${id}: is the system's own for graph "${row.graphId}"; create another one for this graph`);
  return row;
}
