/** Finds the threads that only their JSON tells apart, in slices, so that a search through very many holds up nobody else. */
import { setImmediate } from 'node:timers/promises';
import type { ThreadFilter } from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { contains } from './filters.ts';

/** What is looked at between two turns of the event loop: a few milliseconds. */
const SLICE_BYTES = 256 * 1024;
/** What a row costs beside its JSON. */
const ROW_BYTES = 1024;

interface Candidates {
  readonly from: string;
  readonly where: readonly string[];
  readonly order: string;
  readonly values: readonly unknown[];
}

/** Ids in the order asked for, `most` at most. @throws ServedError `invalid` for a filter that takes too many comparisons. */
export async function scanned(database: Database, among: Candidates, filter: ThreadFilter, most: number): Promise<string[]> {
  const candidates = database
    .prepare(`SELECT t.thread_id FROM ${among.from} WHERE ${among.where.join(' AND ')} ORDER BY ${among.order}`)
    .all(...among.values) as { thread_id: string }[]; // the selected column
  const one = database.prepare('SELECT metadata, "values" FROM threads WHERE thread_id = ?');
  const found: string[] = [];
  let bytes = 0;
  for (const { thread_id: id } of candidates) {
    const row = one.get(id) as { metadata: string; values: string | null } | undefined; // the selected columns
    if (row !== undefined && isWanted(row, filter)) found.push(id);
    if (found.length >= most) break;
    bytes += ROW_BYTES + (row?.metadata.length ?? 0) + (row?.values?.length ?? 0);
    if (bytes < SLICE_BYTES) continue;
    bytes = 0;
    await setImmediate();
  }
  return found;
}

function isWanted(row: { metadata: string; values: string | null }, { metadata, values }: ThreadFilter): boolean {
  if (metadata !== undefined && !contains(JSON.parse(row.metadata), metadata)) return false;
  return values === undefined || Object.keys(values).length === 0 || (row.values !== null && contains(JSON.parse(row.values), values));
}
