/** The numbered migrations, in order; the database's user_version is how many have run. */
import { sql as first } from './0001-first.ts';

export const MIGRATIONS: readonly string[] = [first];
