/** Finds the threads that only their JSON tells apart, in slices, so that a search through very many holds up nobody else. */
import { setImmediate } from 'node:timers/promises';
import type { ThreadFilter } from '../../../domain/served.ts';
import { many, one, type Sql, type Transaction } from '../../sql/transaction.ts';
import { contains } from '../filters.ts';
import type { ThreadQuery } from './thread-query.ts';

/** What is looked at between two turns of the event loop: a few milliseconds. */
const SLICE_BYTES = 256 * 1024;
/** What a row costs beside its JSON. */
const ROW_BYTES = 1024;

interface Looked {
  readonly found: readonly string[];
  /** How many of the candidates were looked at. */
  readonly passed: number;
}

/** Ids in the order asked for, `most` at most. @throws ServedError `invalid` for a filter that takes too many comparisons. */
export async function scanThreads(sql: Sql, among: ThreadQuery, filter: ThreadFilter, most: number): Promise<string[]> {
  const text = `SELECT t.thread_id FROM ${among.from} WHERE ${among.where.join(' AND ')} ORDER BY ${among.order}`;
  const rows = await sql.read(() => many<{ thread_id: string }>(text, among.parameters));
  const candidates = rows.map((row) => row.thread_id);
  const found: string[] = [];
  for (let next = 0; next < candidates.length && found.length < most; ) {
    if (next > 0) await setImmediate();
    const from = next;
    const looked = await sql.read(() => lookAt(candidates, from, filter, most - found.length));
    found.push(...looked.found);
    next += looked.passed;
  }
  return found;
}

function* lookAt(candidates: readonly string[], from: number, filter: ThreadFilter, most: number): Transaction<Looked> {
  const found: string[] = [];
  let bytes = 0;
  let passed = 0;
  while (from + passed < candidates.length && found.length < most && bytes < SLICE_BYTES) {
    const id = candidates[from + passed] ?? '';
    const row = yield* one<Texts>('SELECT metadata, "values" FROM threads WHERE thread_id = $1', [id]);
    passed += 1;
    if (row !== undefined && isWanted(row, filter)) found.push(id);
    bytes += ROW_BYTES + (row?.metadata.length ?? 0) + (row?.values?.length ?? 0);
  }
  return { found, passed };
}

interface Texts {
  readonly metadata: string;
  readonly values: string | null;
}

function isWanted(row: Texts, { metadata, values }: ThreadFilter): boolean {
  if (metadata !== undefined && !contains(JSON.parse(row.metadata), metadata)) return false;
  return values === undefined || Object.keys(values).length === 0 || (row.values !== null && contains(JSON.parse(row.values), values));
}
