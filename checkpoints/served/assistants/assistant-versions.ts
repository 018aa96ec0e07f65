/** The versions of an assistant: listed, and made the current one again. */
import { type AssistantRow, type Assistants, type Scope, ServedError } from '../../../domain/served.ts';
import { one, some, type Transaction } from '../../sql/transaction.ts';
import { conditions } from '../conditions.ts';
import { fitting, MAX_PAGE_LENGTH } from '../page-limit.ts';
import { needAssistant, needChangeable, type Row, rowOf } from './assistant-row.ts';
import { saveAssistant } from './save-assistant.ts';

/** A version does not keep whose it is. */
type VersionRow = Omit<Row, 'tenant'>;
const VERSIONS = 'SELECT v.*, v.created_at AS updated_at FROM assistant_versions v';

/** Newest first. @throws ServedError `missing`; `invalid` when they are longer than an answer may be. */
export function* listVersions(
  scope: Scope,
  id: string,
  { limit, offset, metadata }: Parameters<Assistants['versions']>[2],
): Transaction<readonly AssistantRow[]> {
  const { tenant } = yield* needAssistant(scope, id);
  const asked = conditions();
  asked.add('v.assistant_id = ?', id);
  if (metadata !== undefined) asked.add('json_contains(v.metadata, ?) = 1', JSON.stringify(metadata));
  const place = asked.parameters.length;
  const rows = yield* some<VersionRow>(
    `${VERSIONS} WHERE ${asked.where.join(' AND ')} ORDER BY v.version DESC LIMIT $${place + 1} OFFSET $${place + 2}`,
    [...asked.parameters, limit, offset],
    MAX_PAGE_LENGTH,
  );
  const measured = fitting<VersionRow>();
  return rows.map((row) => rowOf({ ...measured(row), tenant }));
}

/** `at` is ISO. @throws ServedError `missing`; `conflict` for a system assistant in a scope that may not change it. */
export function* setLatest(scope: Scope, id: string, version: number, at: string): Transaction<AssistantRow> {
  const { tenant, createdAt } = yield* needChangeable(scope, id);
  const found = yield* one<VersionRow>(`${VERSIONS} WHERE v.assistant_id = $1 AND v.version = $2`, [id, version]);
  if (found === undefined) throw new ServedError('missing', `assistant ${id}: has no version ${version}`);
  return yield* saveAssistant({ ...rowOf({ ...found, tenant }), createdAt, updatedAt: at });
}
