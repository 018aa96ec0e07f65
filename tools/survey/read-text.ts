/** Reads a file of a tree as text, or says why it is none: a link, too large, not UTF-8. */
import type { Repository, TreeEntry } from '../../domain/workspace.ts';

/** Larger files are not even read, in bytes: a page that people wrote is far smaller. */
const READ_BYTES = 256 * 1024;

export type ReadText = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'skipped'; readonly why: string };

const skipped = (why: string): ReadText => ({ kind: 'skipped', why });

/** Line ends become `\n`; a byte order mark goes. */
export async function readText(repository: Pick<Repository, 'blob' | 'blobBytes'>, entry: TreeEntry): Promise<ReadText> {
  if (entry.mode === '120000') return skipped('a symbolic link');
  if (entry.mode === '160000') return skipped('a submodule');
  const bytes = await repository.blobBytes(entry.oid);
  if (bytes > READ_BYTES) return skipped(`${bytes} bytes; at most ${READ_BYTES} are read`);
  const content = await repository.blob(entry.oid);
  if (content.includes(0)) return skipped('not text');
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(content).replaceAll('\r\n', '\n') };
  } catch {
    return skipped('not UTF-8 text');
  }
}
