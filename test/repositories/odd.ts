/** An odd repository: how it is built, what the agent does in it, and what must come of it. */
import type { Ground } from './ground.ts';

/** What is different in the released tree, by path: the bytes of the blob, or null. A mode stays, or is that of a plain file. */
export interface Intended {
  readonly content?: string | Buffer;
  readonly mode?: '100644' | '100755' | '120000';
}

export type Changes = Readonly<Record<string, Intended | string | null>>;

export interface Odd {
  /** Of what kind it is; one file of the corpus each. */
  readonly name: string;
  readonly build: (at: Ground) => void;
  /** Shell text of the agent's command, after it has written `added.txt` by its file tool. Default: `kept.txt` is changed. */
  readonly command?: string;
  /** Beside those of the default command and `added.txt`. */
  readonly changes?: Changes;
  /** False: the command is not the default one, and `kept.txt` stays. */
  readonly changesKept?: boolean;
  /** Default `released`. `stopped`: with this code before anything moved. `refused`: before any money is spent, in these words. */
  readonly ends?: { readonly stopped: string } | { readonly refused: RegExp };
  /** What is given as repository, below the ground; default `repo`. */
  readonly repo?: string;
  /** A checkout whose state is looked at, below the ground; default the repository. None: null. */
  readonly checkout?: string | null;
  /** Is the released branch checked out there? Default true. */
  readonly follows?: boolean;
  readonly branch?: string;
  /** Run around the run itself, such as a PATH without git lfs. */
  readonly environment?: (at: Ground) => Readonly<Record<string, string>>;
  /** Only where this git can do it: its words must be in what `git help -a` or the version says. */
  readonly needsGit?: readonly [number, number];
}

export const DEFAULT_COMMAND = "printf 'changed\\n' > kept.txt";
