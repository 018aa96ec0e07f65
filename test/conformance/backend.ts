/** What a backend brings to be tested, and its stores for each test of a suite. A suite is `(name, backend) => void`. */
import { afterEach, beforeEach } from 'vitest';
import type { CoreStores } from '../../checkpoints/core.ts';
import type { Fence } from '../../domain/ports.ts';
import { leased } from '../checkpoints/home.ts';

/** A new, empty place of a backend. */
export interface Place {
  /** What its stores tell the time by. */
  readonly clock: { ms: number };
  /** A connection of its own, as another process would have. */
  open(): Promise<CoreStores>;
  /** Nothing is left of it. */
  dispose(): Promise<void>;
}

export type Backend = () => Promise<Place>;
export type Suite = (name: string, backend: Backend) => void;

/** The place of this test, once `eachOpen` was called. */
export let home: Place;
/** Its stores, by one connection. */
export let stores: CoreStores;
/** The lease of thread 1 in them, once `eachLeased` was called. */
export let fence: Fence;

/** Each test of the suite gets a place; it goes with the test. */
export function eachOpen(backend: Backend): void {
  beforeEach(async () => {
    home = await backend();
    stores = await home.open();
  });
  afterEach(() => home.dispose());
}

/** As `eachOpen`, and thread 1 is there and leased. */
export function eachLeased(backend: Backend): void {
  eachOpen(backend);
  beforeEach(async () => {
    fence = await leased(stores);
  });
}
