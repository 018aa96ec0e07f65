/** A patch as its files and hunks, whatever format it was written in. */
import { ToolFailure } from '../tool.ts';

export interface Hunk {
  /** Lines of the file above the hunk, outermost first, that say where it is. */
  readonly headers: readonly string[];
  /** The line of the old file, from 1, that a unified diff names. */
  readonly start?: number | undefined;
  /** It stands at the end of the file. */
  readonly atEnd: boolean;
  readonly old: readonly string[];
  readonly next: readonly string[];
  /** Whether the file ends in a newline afterwards; undefined: as it did. */
  readonly isEnded?: boolean | undefined;
}

export type FileChange =
  | { readonly kind: 'add'; readonly path: string; readonly content: string }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'update'; readonly path: string; readonly moveTo?: string | undefined; readonly hunks: readonly Hunk[] };

/** Every path that a patch writes, removes or moves. */
export const pathsOf = (changes: readonly FileChange[]): string[] =>
  changes.flatMap((change) => (change.kind === 'update' && change.moveTo !== undefined ? [change.path, change.moveTo] : [change.path]));

/** Gathers the lines of one hunk. */
export class HunkLines {
  readonly headers: string[] = [];
  start: number | undefined;
  atEnd = false;
  readonly #lines: { readonly sign: ' ' | '+' | '-'; readonly text: string; readonly isBare: boolean }[] = [];
  #isEnded: boolean | undefined;

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** @throws ToolFailure for a line that is no line of a hunk. */
  push(line: string, number: number): void {
    if (line.startsWith('\\')) {
      this.#isEnded = this.#lines.at(-1)?.sign === '-';
      return;
    }
    const sign = line === '' ? ' ' : line[0];
    if (sign !== ' ' && sign !== '+' && sign !== '-')
      throw new ToolFailure(
        `apply_patch: line ${number} of the patch is ${JSON.stringify(line.slice(0, 80))}; a line of a hunk begins with a blank (stays), - (goes) or + (comes)`,
      );
    this.#lines.push({ sign, text: line.slice(1), isBare: line === '' });
  }

  /** Empty lines at its end separate it from what follows. */
  done(): Hunk {
    while (this.#lines.at(-1)?.isBare === true) this.#lines.pop();
    return {
      headers: this.headers,
      start: this.start,
      atEnd: this.atEnd,
      old: this.#lines.filter((line) => line.sign !== '+').map((line) => line.text),
      next: this.#lines.filter((line) => line.sign !== '-').map((line) => line.text),
      isEnded: this.#isEnded,
    };
  }
}
