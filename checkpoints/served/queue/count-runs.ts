/** How many runs stand in each status. */
import { SERVED_STATUSES, type ServedStatus } from '../../../domain/served.ts';
import { many, type Transaction } from '../../sql/transaction.ts';

export function* countRuns(): Transaction<Readonly<Record<ServedStatus, number>>> {
  const rows = yield* many<{ status: ServedStatus; count: number }>('SELECT status, COUNT(*) AS count FROM thread_runs GROUP BY status');
  const zero = Object.fromEntries(SERVED_STATUSES.map((status) => [status, 0])) as Record<ServedStatus, number>; // every status
  return Object.assign(zero, Object.fromEntries(rows.map((row) => [row.status, row.count])));
}
