/** For tests of the stores: an opened home of its own for each test of a file. */
import { afterEach, beforeEach } from 'vitest';
import type { Stores } from '../../checkpoints/stores.ts';
import type { Fence } from '../../domain/ports.ts';
import { type Home, leased, makeHome } from './home.ts';

/** The home of this test, once `eachOpen` was called. */
export let home: Home;
/** Its stores. */
export let stores: Stores;
/** The lease of thread 1 in them, once `eachLeased` was called. */
export let fence: Fence;

/** Each test of the file gets a home; it goes with the test. */
export function eachOpen(): void {
  beforeEach(async () => {
    home = makeHome();
    stores = await home.open();
  });
  afterEach(() => home.dispose());
}

/** As `eachOpen`, and thread 1 is there and leased. */
export function eachLeased(): void {
  eachOpen();
  beforeEach(async () => {
    fence = await leased(stores);
  });
}
