/** The numbered migrations, in order; the database's user_version is how many have run. */
import { sql as first } from './0001-first.ts';
import { sql as extensionAmounts } from './0002-extension-amounts.ts';
import { sql as served } from './0003-served.ts';
import { sql as idempotencyOwner } from './0004-idempotency-owner.ts';
import { sql as replacedWrites } from './0005-replaced-writes.ts';
import { sql as askedAmounts } from './0006-asked-amounts.ts';
import { sql as sequences } from './0007-sequences.ts';
import { sql as auditByThread } from './0008-audit-by-thread.ts';
import { sql as signedSeals } from './0009-signed-seals.ts';
import { sql as threadEvents } from './0010-thread-events.ts';
import { sql as crons } from './0011-crons.ts';

export const MIGRATIONS: readonly string[] = [
  first,
  extensionAmounts,
  served,
  idempotencyOwner,
  replacedWrites,
  askedAmounts,
  sequences,
  auditByThread,
  signedSeals,
  threadEvents,
  crons,
];
