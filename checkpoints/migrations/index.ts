/** The numbered migrations, in order; the database's user_version is how many have run. */
import { sql as first } from './0001-first.ts';
import { sql as extensionAmounts } from './0002-extension-amounts.ts';

export const MIGRATIONS: readonly string[] = [first, extensionAmounts];
