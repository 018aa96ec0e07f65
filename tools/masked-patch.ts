/** A difference as it may be shown and stored: secrets are masked, also in lines that it only shows; what is released stays as it is. */
import type { LargeChange, PatchOf, Repository } from '../domain/workspace.ts';
import { isKeyStore } from './key-stores.ts';
import { MASK } from './redact.ts';
import { secretValues } from './secrets.ts';

const NOTE = `# governor: secrets are masked as ${MASK} here; the files themselves are as they are\n`;

/** Largest file whose difference is shown, in bytes. */
export const MAX_SHOWN_BYTES = 8 * 1024 * 1024;

/** Bytes as text, one character a byte: what is not masked stays byte for byte, whatever its encoding. */
const BYTES = 'latin1';

/** The patch of two trees, with a note before it where something was masked. */
export async function maskedPatch(
  repository: Pick<Repository, 'patch' | 'blob' | 'largeChanges'>,
  { from, to, of }: { readonly from: string; readonly to: string; readonly of?: PatchOf },
  redact: (text: string) => string,
): Promise<Buffer> {
  const large = await repository.largeChanges(from, to, MAX_SHOWN_BYTES);
  const without = large.flatMap(({ path, from: before }) => (before === undefined ? [path] : [path, before]));
  const patch = (await repository.patch(from, to, without.length === 0 ? of : { ...of, without })).toString(BYTES);
  const sections = await Promise.all(patch.split(/^(?=diff --git )/m).map((section) => masked(repository, section, redact)));
  const text = sections.join('');
  const left = large.filter(({ path }) => isIn(path, of?.path)).map((change) => leftOut(change, redact));
  return Buffer.concat([Buffer.from(text === patch ? patch : `${NOTE}${text}`, BYTES), Buffer.from(left.join(''))]);
}

const isIn = (path: string, below: string | undefined): boolean => below === undefined || path === below || path.startsWith(`${below}/`);

/** Such a file is read nowhere as a whole. */
function leftOut({ path, from, bytes }: LargeChange, redact: (text: string) => string): string {
  const [before, after] = [from ?? path, path].map((name) => JSON.stringify(redact(name)).slice(1, -1));
  return `diff --git a/${before} b/${after}\n[difference of a file of ${bytes} bytes: left out; files of at most ${MAX_SHOWN_BYTES} are shown]\n`;
}

/** The difference of one file. Its secrets come from both whole files: a hunk may begin in the middle of a key. */
async function masked(repository: Pick<Repository, 'blob'>, section: string, redact: (text: string) => string): Promise<string> {
  const blobs = await Promise.all(blobsOf(section).map((oid) => repository.blob(oid)));
  if (blobs.some(isKeyStore)) {
    const [head = ''] = section.split(/\n(?:@@ |GIT binary patch\n|Binary files )/);
    return `${head.trimEnd()}\n[difference of a file with a key: left out]\n`;
  }
  const values = (await Promise.all(blobs.map(secretValues))).flat();
  const binary = section.indexOf('\nGIT binary patch\n');
  if (binary >= 0) return values.length === 0 ? section : `${section.slice(0, binary)}\n[binary difference with a secret: left out]\n`;
  const text = values.reduce((all, value) => all.replaceAll(Buffer.from(value).toString(BYTES), MASK), section);
  return text
    .split('\n')
    .map((line) => maskedLine(line, redact))
    .join('\n');
}

/** The blobs on both sides; a sub-repository has none. */
function blobsOf(section: string): string[] {
  if (/^(?:new file mode|deleted file mode|index \S+) 160000$/m.test(section)) return [];
  const [, before = '', after = ''] = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/m.exec(section) ?? [];
  return [before, after].filter((oid) => /[^0]/.test(oid));
}

function maskedLine(line: string, redact: (text: string) => string): string {
  const kept = redact(line);
  const read = Buffer.from(kept, BYTES).toString('utf8');
  const known = redact(read);
  return known === read ? kept : Buffer.from(known).toString(BYTES);
}
