/** Signed heads outside the home: a file that is only appended to. A home that lacks one of them was cut, or is older than it says. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';

const lineSchema = z.object({
  home: z.string(),
  seal: z.number(),
  seq: z.number(),
  hash: z.string(),
  mac: z.string().nullable(),
  at: z.string(),
});
export type PublishedHead = z.infer<typeof lineSchema>;

export interface Sink {
  readonly path: string;
  /** Durable when it returns. @throws UsageError naming the file. */
  append(head: PublishedHead): void;
  /** Oldest first; lines that are none are left out, since other homes and other programs may write there too. */
  read(): PublishedHead[];
}

/** Half a line that a crash left, and lines of others. */
function headsIn(text: string): PublishedHead[] {
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = lineSchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}

export function createSink(path: string): Sink {
  const failed = (what: string, error: unknown): UsageError =>
    new UsageError(`audit.heads ${path}: cannot be ${what} (${error instanceof Error ? error.message : String(error)})`);
  return {
    path,
    append: (head) => {
      try {
        // Also good where the file may only be appended to (`chattr +a`).
        const descriptor = openSync(path, 'a', 0o644);
        try {
          // A line of its own, whatever a crash left before it.
          writeSync(descriptor, `\n${JSON.stringify(head)}\n`);
          fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      } catch (error) {
        throw failed('written', error);
      }
    },
    read: () => {
      try {
        return headsIn(readFileSync(path, 'utf8'));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw failed('read', error);
      }
    },
  };
}
