/** Chooses the sandbox; both levels speak the same interface. */
import type { Sandbox } from '../domain/workspace.ts';
import { createBwrap } from './bwrap.ts';
import type { Growth } from './quota.ts';
import { createUnsafe } from './unsafe.ts';

export interface SandboxOptions {
  readonly level: 'bwrap' | 'unsafe';
  /** The home; a canary tries to read it. */
  readonly stateFolder: string;
  /** How far commands may make one work tree grow; default 2 GiB and 500,000 files. */
  readonly growth?: Growth;
}

export function createSandbox(options: SandboxOptions): Sandbox {
  return options.level === 'bwrap' ? createBwrap(options.stateFolder, options.growth) : createUnsafe(options.stateFolder, options.growth);
}
