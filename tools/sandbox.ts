/** Chooses the sandbox of this system; all levels speak the same interface. */
import type { Sandbox } from '../domain/workspace.ts';
import { type BwrapPlaces, createBwrap } from './bwrap.ts';
import { createSeatbelt } from './seatbelt.ts';
import { standingLinks } from './standing-links.ts';
import { createUnsafe } from './unsafe.ts';

/** `unsafe` conceals nothing. `bwrap` is `seatbelt` on macOS. */
export interface SandboxOptions extends BwrapPlaces {
  readonly level: 'bwrap' | 'unsafe';
}

export function createSandbox(options: SandboxOptions): Sandbox {
  const sandbox = levelOf(options);
  return { ...sandbox, run: async (request) => sandbox.run({ ...request, links: await standingLinks(request.workspace, request.links) }) };
}

function levelOf(options: SandboxOptions): Sandbox {
  if (options.level === 'unsafe') return createUnsafe(options.stateFolder, options.limits);
  return process.platform === 'darwin' ? createSeatbelt(options) : createBwrap(options);
}
