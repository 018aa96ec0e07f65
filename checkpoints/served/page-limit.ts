/** The most that one answer holds: rows are read while they fit, so that a listing cannot take the memory that all share. */
import { ServedError } from '../../domain/served.ts';
import { charactersOf } from '../sql/statement.ts';

/** In characters of the texts of the rows. */
export const MAX_PAGE_LENGTH = 64 * 1024 * 1024;

/** Takes the rows of one answer one by one; the first one always fits. @throws ServedError `invalid` at the row that is too much. */
export function fitting<Row extends object>(left = MAX_PAGE_LENGTH): (row: Row) => Row {
  let length = 0;
  let count = 0;
  return (row) => {
    length += charactersOf(row);
    count += 1;
    if (length > left && count > 1)
      throw new ServedError('invalid', `limit: the first ${count} rows are longer than ${left} characters; ask for fewer`);
    return row;
  };
}
