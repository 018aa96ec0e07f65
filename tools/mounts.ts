/** Places in a work tree for the mounts of a command; none is made or used through a link that an agent may have put there. */
import { lstatSync, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StopError } from '../domain/errors.ts';
import type { SandboxRequest } from '../domain/workspace.ts';

export interface Places {
  /** Those that can be mounted; where the tree has something else in the place, the command runs without. */
  readonly links: SandboxRequest['links'];
  readonly scratch: readonly string[];
  /** Removes what was made and is still empty. */
  unmake(): void;
}

export function makePlaces(request: SandboxRequest): Places {
  const made: { readonly path: string; readonly folder: boolean }[] = [];
  const make = (at: string, folder: boolean): boolean => {
    let path = request.workspace;
    const parts = at.split('/');
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const wanted = folder || index < parts.length - 1;
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (there !== undefined && (wanted ? there.isDirectory() : there.isFile())) continue;
      if (there !== undefined) return false;
      if (wanted) mkdirSync(path);
      else writeFileSync(path, '', { flag: 'wx' });
      made.push({ path, folder: wanted });
    }
    return true;
  };
  const links = request.links.filter((link, index) => {
    const from = statSync(link.from, { throwIfNoEntry: false });
    if (from === undefined) throw new StopError('SANDBOX_UNAVAILABLE', `sandbox: the linked ${link.from} is gone; nothing was run`);
    return within(link.at, request.links.slice(0, index)) || make(link.at, from.isDirectory());
  });
  return {
    links,
    scratch: request.scratch.filter((at) => within(at, links) || make(at, true)),
    unmake: () => {
      for (const { path, folder } of made.toReversed()) removeIfEmpty(path, folder);
    },
  };
}

const within = (at: string, links: SandboxRequest['links']): boolean => links.some((link) => at.startsWith(`${link.at}/`));

function removeIfEmpty(path: string, folder: boolean): void {
  try {
    if (folder) rmdirSync(path);
    else if (lstatSync(path).size === 0) rmSync(path);
  } catch {
    // something was written there: it stays, and the tree's own rules decide
  }
}
