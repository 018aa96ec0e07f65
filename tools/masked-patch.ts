/** A difference as it may be shown and stored: secrets are masked, also in lines that it only shows; what is released stays as it is. */
import type { PatchOf, Repository } from '../domain/workspace.ts';
import { MASK } from './redact.ts';
import { secretValues } from './secrets.ts';

const NOTE = `# governor: secrets are masked as ${MASK} here; the files themselves are as they are\n`;

/** Bytes as text, one character a byte: what is not masked stays byte for byte, whatever its encoding. */
const BYTES = 'latin1';

/** The patch of two trees, with a note before it where something was masked. */
export async function maskedPatch(
  repository: Pick<Repository, 'patch' | 'blob'>,
  { from, to, of }: { readonly from: string; readonly to: string; readonly of?: PatchOf },
  redact: (text: string) => string,
): Promise<Buffer> {
  const patch = (await repository.patch(from, to, of)).toString(BYTES);
  const sections = await Promise.all(patch.split(/^(?=diff --git )/m).map((section) => masked(repository, section, redact)));
  const text = sections.join('');
  return Buffer.from(text === patch ? patch : `${NOTE}${text}`, BYTES);
}

/** The difference of one file. Its secrets come from both whole files: a hunk may begin in the middle of a key. */
async function masked(repository: Pick<Repository, 'blob'>, section: string, redact: (text: string) => string): Promise<string> {
  const values = (await Promise.all(blobsOf(section).map(async (oid) => secretValues(await repository.blob(oid))))).flat();
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
