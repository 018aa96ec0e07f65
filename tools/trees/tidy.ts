/** Takes out of a work tree what no tree can hold, and opens what a command closed to its own uid. */
import { chmodSync, lstatSync } from 'node:fs';
import { removeAll, walk } from '../walk.ts';

/** Something that is not in the tree although a command made it. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/** Names that git reads as its own data on some system, and therefore in no tree. */
const GIT_DATA = /(?:^|\\)(?:\.git|git~1)[ .]*(?::|\\|$)/i;
/** Git accepts these as files alone. */
const NO_LINK = /^(?:\.gitmodules|gitmod~|gi7eba~)/i;

/** Planted git data would make a sub-repository of a folder, and a later git would run that one's configuration. Tells what it removed. */
export function tidy(folder: string): LeftOut[] {
  const root = process.getuid?.() === 0;
  const removed: LeftOut[] = [];
  for (const { path, entry, tooDeep } of walk(folder, { unlock: true })) {
    const name = entry.name.toString('latin1');
    const known = entry.isDirectory() || entry.isFile() || entry.isSymbolicLink();
    const why = tooDeep
      ? 'its path is too long'
      : !known
        ? 'neither file, folder nor link'
        : GIT_DATA.test(name)
          ? 'git data of another repository'
          : entry.isSymbolicLink() && NO_LINK.test(name)
            ? 'git does not read it through a link'
            : undefined;
    if (why !== undefined) {
      removed.push({ path: path.toString('utf8').slice(folder.length + 1), why });
      removeAll(path, folder);
    } else if (!root && entry.isFile()) {
      const { mode } = lstatSync(path);
      if ((mode & 0o400) === 0) chmodSync(path, mode | 0o600);
    }
  }
  return removed;
}
