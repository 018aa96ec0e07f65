/** The head of the trail as it is written beside the database, so that a cut at its end is noticed. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** What the trail comes to at a record. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export interface HeadFile {
  readonly path: string;
  /** Undefined where there is none, or what is there proves nothing: a process that died while it wrote may leave half a line. */
  read(): Head | undefined;
  write(head: Head): void;
  close(): void;
}

const LINE_BYTES = 82;
/** More than any line that was ever written. */
const READ_BYTES = 128;
const READ_TRIES = 5;

/** Of one width, so that it is written over in one piece and no reader finds the rest of a longer one. */
export const headLine = ({ seq, hash }: Head): string => `${String(seq).padStart(16, '0')} ${hash}\n`;

/** Opening a file anew costs more than all the rest: the descriptor is kept while the file at its path is still the same. */
export function createHeadFile(path: string): HeadFile {
  const buffer = Buffer.alloc(READ_BYTES);
  let kept: { readonly descriptor: number; readonly inode: number; readonly device: number } | undefined;
  const close = (): void => {
    if (kept !== undefined) closeSync(kept.descriptor);
    kept = undefined;
  };
  const opened = (create: boolean): number | undefined => {
    const there = statSync(path, { throwIfNoEntry: false });
    if (kept !== undefined && kept.inode === there?.ino && kept.device === there.dev) return kept.descriptor;
    close();
    if (there === undefined && !create) return undefined;
    // Never emptied: another process may have made it a moment ago.
    const descriptor = openSync(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o600);
    const { ino: inode, dev: device } = fstatSync(descriptor);
    kept = { descriptor, inode, device };
    return descriptor;
  };
  const textOf = (descriptor: number): string => buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, READ_BYTES, 0));
  return {
    path,
    read: () => {
      const descriptor = tried(() => opened(false));
      if (descriptor === undefined) return undefined;
      // Another process may be writing over it: what is read twice is not half of two lines.
      let text = textOf(descriptor);
      for (let tries = 0; tries < READ_TRIES; tries += 1) {
        const again = textOf(descriptor);
        if (again === text) break;
        text = again;
      }
      const [, seq, hash] = /^(\d+) ([0-9a-f]{64})\s*$/.exec(text) ?? [];
      return hash === undefined ? undefined : { seq: Number(seq), hash };
    },
    write: (head) => {
      const descriptor = opened(true);
      if (descriptor === undefined) return;
      const longer = readSync(descriptor, buffer, 0, READ_BYTES, 0) > LINE_BYTES;
      writeSync(descriptor, headLine(head), 0, 'latin1');
      if (longer) ftruncateSync(descriptor, LINE_BYTES);
    },
    close,
  };
}

/** A file that cannot be opened proves nothing. */
function tried<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
