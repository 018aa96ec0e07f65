/** What a backend brings so that the server's stores are tested on it. A suite is `(name, backend) => void`. */
import { afterEach, beforeEach } from 'vitest';
import type { GuardedSaver } from '../../../checkpoints/saver/guarded-saver.ts';
import type { Truncated } from '../../../checkpoints/served/truncate.ts';
import type { Sql } from '../../../checkpoints/sql/transaction.ts';
import type { Served } from '../../../domain/server-stores.ts';

export interface ServedStores {
  readonly served: Served;
  readonly saver: GuardedSaver;
  /** Past every store: for what a test puts or looks at by itself. */
  readonly sql: Sql;
  truncate(what: Truncated): Promise<void>;
}

/** A new, empty place of a backend. */
export interface ServedPlace {
  /** What its stores tell the time by; it begins at `START_MS`. */
  readonly clock: { ms: number };
  /** A connection of its own, as another process would have. */
  open(): Promise<ServedStores>;
  /** Nothing is left of it. */
  dispose(): Promise<void>;
}

export type ServedBackend = () => Promise<ServedPlace>;
export type ServedSuite = (name: string, backend: ServedBackend) => void;

/** The place of this test, once `eachOpen` was called. */
export let place: ServedPlace;
/** Its stores, by one connection. */
export let stores: ServedStores;

/** Each test of the suite gets a place; it goes with the test. */
export function eachOpen(backend: ServedBackend): void {
  beforeEach(async () => {
    place = await backend();
    stores = await place.open();
  });
  afterEach(() => place.dispose());
}
