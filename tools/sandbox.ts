/** Chooses the sandbox; both levels speak the same interface. */
import type { Sandbox } from '../domain/workspace.ts';
import { type BwrapPlaces, createBwrap } from './bwrap.ts';
import { createUnsafe } from './unsafe.ts';

/** `unsafe` conceals nothing. */
export interface SandboxOptions extends BwrapPlaces {
  readonly level: 'bwrap' | 'unsafe';
}

export function createSandbox(options: SandboxOptions): Sandbox {
  return options.level === 'bwrap' ? createBwrap(options) : createUnsafe(options.stateFolder, options.growth);
}
