/**
 * The mounts of a command. A source is opened first and is known by what was opened: its real path lies in the folder that it may come
 * from. A place in the work tree is made or used through no link. A mount that cannot be made stops the run.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StopError, toError } from '../domain/errors.ts';
import type { SandboxRequest } from '../domain/workspace.ts';

type Link = SandboxRequest['links'][number];

/** A folder or file of the machine as it was opened. */
export interface Source {
  /** Its real path. */
  readonly from: string;
  /** Device and inode, as `stat -c %d:%i` writes them: what is mounted must be this. */
  readonly identity: string;
}

export interface Places {
  readonly workspace: Source;
  readonly links: readonly (Source & { readonly at: string })[];
  readonly scratch: readonly string[];
  /** Files of the workspace itself, each reached through no link. */
  readonly readOnly: readonly string[];
  /** Removes what was made and is still empty. */
  readonly unmake: () => void;
}

/** @throws StopError `MOUNT_REFUSED` naming the mount, what is wrong with it and the mend. */
export function makePlaces(request: SandboxRequest): Places {
  const opened: number[] = [];
  const made: { readonly path: string; readonly folder: boolean }[] = [];
  const unmake = (): void => {
    for (const { path, folder } of made.toReversed()) removeIfEmpty(path, folder);
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  };
  const make = (at: string, folder: boolean): void => {
    let path = request.workspace;
    const parts = at.split('/');
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const wanted = folder || index < parts.length - 1;
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (there !== undefined && (wanted ? there.isDirectory() : there.isFile())) continue;
      if (there !== undefined) throw taken(at, parts.slice(0, index + 1).join('/'), there.isSymbolicLink() ? 'a link' : 'no folder');
      if (wanted) mkdirSync(path);
      else writeFileSync(path, '', { flag: 'wx' });
      made.push({ path, folder: wanted });
    }
  };
  try {
    const workspace = openWorkspace(request.workspace, opened);
    const links: Places['links'][number][] = [];
    for (const link of request.links) {
      const { folder, ...source } = openSource(link, opened);
      const above = links.find((other) => isBelow(link.at, other.at));
      if (above === undefined) make(link.at, folder);
      else if (!isIn(above, link.at)) throw refused(link.at, `has no place in ${above.at}, which is mounted read-only`, `make it there`);
      links.push({ ...source, at: link.at });
    }
    const scratch = request.scratch.filter((at) => {
      const above = links.find((link) => isBelow(at, link.at));
      // A place cannot be made in what is mounted read-only: the command finds none there, as in the source.
      if (above !== undefined) return isIn(above, at);
      make(at, true);
      return true;
    });
    const covers = [...links.map((link) => link.at), ...scratch];
    const readOnly = (request.readOnly ?? []).filter((at) => isPlain(request.workspace, at) && !covers.some((cover) => isBelow(at, cover)));
    return { workspace, links, scratch, readOnly, unmake };
  } catch (error) {
    unmake();
    throw error;
  }
}

/** Opens what is to be shown, following links, and looks where that lies. */
function openSource({ root, from, at }: Link, opened: number[]): Source & { folder: boolean } {
  const descriptor = open(from, at);
  opened.push(descriptor);
  const real = readlinkSync(`/proc/self/fd/${descriptor}`);
  const inside = isBelow(real, realpathSync(root)) ? real.slice(realpathSync(root).length + 1).split('/') : undefined;
  if (inside === undefined)
    throw refused(at, `leads to ${real}, which is not inside ${root}`, `replace ${from} by a folder of its own instead of a link`);
  if (inside.includes('.git')) throw refused(at, `leads to ${real}, which is git's own data`, 'name another folder');
  const { dev, ino, isFolder, isFile } = identityOf(descriptor);
  if (!isFolder && !isFile) throw refused(at, `leads to ${real}, which is neither a folder nor a file`, 'name another');
  return { from: real, identity: `${dev}:${ino}`, folder: isFolder };
}

function openWorkspace(path: string, opened: number[]): Source {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  opened.push(descriptor);
  const { dev, ino } = identityOf(descriptor);
  return { from: readlinkSync(`/proc/self/fd/${descriptor}`), identity: `${dev}:${ino}` };
}

/** Without waiting for the other end of a pipe. */
function open(from: string, at: string): number {
  try {
    return openSync(from, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw refused(at, `cannot be opened: ${toError(error).message}`, `make ${from} again`);
  }
}

function identityOf(descriptor: number) {
  const stat = fstatSync(descriptor, { bigint: true });
  return { dev: stat.dev, ino: stat.ino, isFolder: stat.isDirectory(), isFile: stat.isFile() };
}

export const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

/** Whether a place below a mounted folder is there, reached through no link. */
function isIn(above: Places['links'][number], at: string): boolean {
  let path = above.from;
  for (const part of at.slice(above.at.length + 1).split('/')) {
    path = join(path, part);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  }
  return true;
}

/** A file under this very name: nothing on the way to it is a link. */
function isPlain(workspace: string, at: string): boolean {
  const parts = at.split('/');
  return parts.every((_, index) => {
    const there = lstatSync(join(workspace, ...parts.slice(0, index + 1)), { throwIfNoEntry: false });
    return index === parts.length - 1 ? there?.isFile() === true : there?.isDirectory() === true;
  });
}

function taken(at: string, place: string, what: string): StopError {
  return refused(
    at,
    `belongs at ${place} of the work tree, where ${what === 'a link' ? what : `something that is ${what}`} stands`,
    `remove ${place} there`,
  );
}

/** For every mount that cannot be made. */
export function refused(at: string, problem: string, mend: string): StopError {
  return new StopError('MOUNT_REFUSED', `mount ${at}: ${problem}; nothing was run. ${mend[0]?.toUpperCase()}${mend.slice(1)}`);
}

function removeIfEmpty(path: string, folder: boolean): void {
  try {
    if (folder) rmdirSync(path);
    else if (lstatSync(path).size === 0) rmSync(path);
  } catch {
    // something was written there: it stays, and the tree's own rules decide
  }
}
