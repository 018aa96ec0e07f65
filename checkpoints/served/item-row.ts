/** How an item of the store stands in its row: the namespace as labels joined by '.', the value as JSON text. */
import { toError } from '../../domain/errors.ts';
import type { ItemRow, ItemWrite } from '../../domain/items.ts';
import { type Json, ServedError } from '../../domain/served.ts';
import { one, type Transaction } from '../sql/transaction.ts';

export interface Row {
  namespace: string;
  key: string;
  value: string;
  created_at: string;
  updated_at: string;
  ttl_minutes: number | null;
}

/** Not outlived at the time of this parameter. @example liveAt('$4') */
export const liveAt = (parameter: string): string => `(expires_at IS NULL OR expires_at > ${parameter})`;

/** Undefined also for one that is outlived at `now` (ISO). */
export const readItem = ({ tenant, path, key }: { tenant: string; path: string; key: string }, now: string): Transaction<Row | undefined> =>
  one<Row>(`SELECT * FROM items WHERE tenant = $1 AND namespace = $2 AND key = $3 AND ${liveAt('$4')}`, [tenant, path, key, now]);

/** SQLite's text would hold another character for it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export const rowOf = (row: Row): ItemRow => ({
  namespace: row.namespace.split('.'),
  key: row.key,
  value: JSON.parse(row.value) as Json, // written by textOf
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** What a custom auth handler's filters look at. */
export const itemDocument = (item: { namespace: readonly string[]; key: string; value: Json }): Json => ({
  ...item.value,
  namespace: item.namespace,
  key: item.key,
});

/** @throws ServedError `invalid`. */
export function pathOf(namespace: readonly string[]): string {
  for (const label of namespace)
    if (typeof label !== 'string' || label === '' || label.includes('.') || LONE_SURROGATE.test(label))
      throw new ServedError('invalid', `namespace ${JSON.stringify(namespace)}: a label is text, not empty, without '.'`);
  return namespace.join('.');
}

/** @throws ServedError `invalid`, also for what LangGraph's BaseStore keeps for itself. */
export function pathToWrite(namespace: readonly string[]): string {
  if (namespace.length === 0) throw new ServedError('invalid', 'namespace []: needs at least one label');
  if (namespace[0] === 'langgraph') throw new ServedError('invalid', `namespace ${JSON.stringify(namespace)}: "langgraph" is reserved`);
  return pathOf(namespace);
}

/** @throws ServedError `invalid` for what JSON cannot hold. */
export function textOf({ key, value }: ItemWrite): string {
  if (LONE_SURROGATE.test(key)) throw new ServedError('invalid', `key ${JSON.stringify(key)}: is not whole Unicode`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new ServedError('invalid', `item ${key}: its value must be JSON (${toError(error).message})`);
  }
  if (text?.startsWith('{') !== true)
    throw new ServedError('invalid', `item ${key}: its value must be an object; got ${text?.slice(0, 100)}`);
  return text;
}
