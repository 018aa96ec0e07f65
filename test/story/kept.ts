/** A folder kept as it is now, put back to the very same place as often as it is needed: paths, ids and dates stay what they were. */
import { cpSync, renameSync, rmSync } from 'node:fs';

export interface Kept {
  putBack(): void;
  /** Forgets the copy; the folder stays. */
  dispose(): void;
}

/** Nobody has it open. */
export function keep(folder: string): Kept {
  const copy = `${folder}.copy`;
  const copied = (from: string, to: string): void => cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  copied(folder, copy);
  return {
    putBack: () => {
      rmSync(folder, { recursive: true, force: true });
      copied(copy, `${folder}.next`);
      renameSync(`${folder}.next`, folder);
    },
    dispose: () => rmSync(copy, { recursive: true, force: true }),
  };
}
