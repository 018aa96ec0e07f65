/** Chooses the sandbox; both levels speak the same interface. */
import type { Sandbox } from '../domain/workspace.ts';
import { createBwrap } from './bwrap.ts';
import { createUnsafe } from './unsafe.ts';

export interface SandboxOptions {
  readonly level: 'bwrap' | 'unsafe';
  /** The home; a canary tries to read it. */
  readonly stateFolder: string;
}

export function createSandbox(options: SandboxOptions): Sandbox {
  return options.level === 'bwrap' ? createBwrap(options.stateFolder) : createUnsafe(options.stateFolder);
}
