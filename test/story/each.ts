/** For stories: a world of its own for each test of a file, with its operations open. */
import { afterEach, beforeEach } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { makeWorld, type World } from './world.ts';

/** The world of this test, once `eachWorld` was called. */
export let world: World;
/** The operations over its home. */
export let operations: Operations;

async function open(options?: Parameters<typeof makeWorld>[0]): Promise<void> {
  world = makeWorld(options);
  operations = await world.open();
}

async function close(): Promise<void> {
  await operations.close();
  world.dispose();
}

/** Each test of the file gets a world; it goes with the test. */
export function eachWorld(): void {
  beforeEach(() => open());
  afterEach(close);
}

/** This test stands on another world than the others. */
export async function otherWorld(options: Parameters<typeof makeWorld>[0]): Promise<void> {
  await close();
  await open(options);
}

/** Changes the world while nobody has its home open. */
export async function whileClosed(change: () => void): Promise<void> {
  await operations.close();
  change();
  operations = await world.open();
}
