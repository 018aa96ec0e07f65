/** For stories: a world of its own for each test of a file, with its operations open. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { RunResult } from '../../domain/run.ts';
import type { Operations } from '../../runtime/operations.ts';
import { type Kept, keep } from './kept.ts';
import { makeWorld, start, type World } from './world.ts';

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

/** The run that waits at its release gate, once `eachWorldAtGate` was called. */
export let waiting: RunResult;

/** Each test of the file gets a world whose run waits at its release gate: driven there once, and put back for each. */
export function eachWorldAtGate(): void {
  let driven: World;
  let kept: Kept;
  beforeAll(async () => {
    driven = makeWorld();
    const first = await driven.open();
    waiting = await start(driven, first);
    await first.close();
    expect(waiting).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
    kept = keep(driven.folder);
  });
  beforeEach(async () => {
    kept.putBack();
    world = driven;
    operations = await world.open();
  });
  afterEach(close);
  afterAll(() => kept.dispose());
}

/** This test stands on another world than the others. */
export async function otherWorld(options?: Parameters<typeof makeWorld>[0]): Promise<void> {
  await close();
  await open(options);
}

/** Changes the world while nobody has its home open. */
export async function whileClosed(change: () => void): Promise<void> {
  await operations.close();
  change();
  operations = await world.open();
}
