/** The most that one answer holds: rows are read while they fit, so that a listing cannot take the memory that all share. */
import { ServedError } from '../../domain/served.ts';

/** In characters of the texts of the rows. */
export const MAX_PAGE_LENGTH = 64 * 1024 * 1024;

/** The rows, read one by one; the first one always fits. @throws ServedError `invalid` when they are longer than an answer may be. */
export function fitting<Row extends object>(rows: Iterable<Row>, left = MAX_PAGE_LENGTH): Row[] {
  const found: Row[] = [];
  let length = 0;
  for (const row of rows) {
    for (const value of Object.values(row)) if (typeof value === 'string') length += value.length;
    if (length > left && found.length > 0)
      throw new ServedError('invalid', `limit: the first ${found.length + 1} rows are longer than ${left} characters; ask for fewer`);
    found.push(row);
  }
  return found;
}
