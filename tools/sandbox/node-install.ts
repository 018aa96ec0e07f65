/** What commands see of this process's own Node: the binary, the libraries it has loaded and npm; nothing else of where it is installed. */
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NodeInstall {
  /** Arguments of bubblewrap. */
  readonly mounts: readonly string[];
  /** Folders of the machine that are shown with it. */
  readonly folders: readonly string[];
  /** Where commands find Node. */
  readonly program: string;
  /** First in `PATH`; undefined where it is in `/usr` anyway. */
  readonly bin: string | undefined;
}

/** Where version managers (nvm, fnm, asdf, volta) and the official archive keep npm beside `bin/node`. */
const PACKAGES = ['npm', 'corepack'];
/** These stand in `bin` as links into the packages. */
const PROGRAMS = ['npm', 'npx', 'corepack'];
/** What is shown of every machine. */
const SYSTEM = /^\/(usr|lib|lib32|lib64|bin|sbin)\//;

/** @param binary the real path of the running Node. */
export function nodeInstall(binary: string): NodeInstall {
  const loaded = loadedLibraries();
  const libraries = [...foldersAbove(loaded), ...loaded.flatMap(libraryMounts)];
  if (SYSTEM.test(binary)) return { mounts: libraries, folders: [], program: binary, bin: undefined };
  const bin = dirname(binary);
  const modules = join(dirname(bin), 'lib', 'node_modules');
  const folders = bin.endsWith('/bin') ? PACKAGES.map((name) => join(modules, name)).filter(isFolder) : [];
  const programs = PROGRAMS.map((name) => join(bin, name)).filter((path) => folders.some((folder) => leadsInto(path, folder)));
  return {
    mounts: [
      ...foldersAbove([binary, ...folders]),
      ...['--ro-bind', binary, join(bin, 'node')],
      ...folders.flatMap((folder) => ['--ro-bind', folder, folder]),
      ...programs.flatMap((path) => ['--symlink', realpathSync(path), path]),
      ...libraries,
    ],
    folders,
    program: join(bin, 'node'),
    bin,
  };
}

/** The shared libraries of this process that are not the system's, by their real paths (such as those of Nix or Homebrew). */
function loadedLibraries(): string[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const paths = lines.flatMap((line) => /r-xp .* (\/.+\.so(?:\.[0-9.]+)?)$/.exec(line)?.[1] ?? []);
  return [...new Set(paths)].filter((path) => !SYSTEM.test(path));
}

/** A library under all names that its folder has for it: the loader looks for `libx.so.1`, which is a link to `libx.so.1.2`. */
function libraryMounts(path: string): string[] {
  const folder = dirname(path);
  const names = readdirSync(folder).filter((name) => join(folder, name) !== path && leadsInto(join(folder, name), path));
  return ['--ro-bind', path, path, ...names.flatMap((name) => ['--symlink', path, join(folder, name)])];
}

/** The way to each path, open to every user: bubblewrap would make it as closed as it is on the machine. */
function foldersAbove(paths: readonly string[]): string[] {
  const above = paths.flatMap((path) => {
    const parts = path.split('/').slice(1, -1);
    return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  });
  return [...new Set(above)].flatMap((folder) => ['--perms', '0755', '--dir', folder]);
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** A link that ends at a place or below it. */
function leadsInto(link: string, place: string): boolean {
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
  try {
    return `${realpathSync(link)}/`.startsWith(`${place}/`);
  } catch {
    return false; // a broken link
  }
}
